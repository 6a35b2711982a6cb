/* Each evasion is a function of the arguments behind its name; its exit status is 0 where it worked. */
#ifndef ACT_H
#define ACT_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

struct act {
	const char *name;
	int (*run)(char **arguments);
};

#define ACTS(...)                                                                                                      \
	int main(int argc, char **argv)                                                                                \
	{                                                                                                              \
		static const struct act acts[] = {__VA_ARGS__};                                                        \
		for (size_t i = 0; argc > 1 && i < sizeof(acts) / sizeof(acts[0]); i++) {                              \
			if (strcmp(argv[1], acts[i].name) == 0)                                                        \
				return acts[i].run(argv + 2);                                                          \
		}                                                                                                      \
		fprintf(stderr, "no such act\n");                                                                      \
		return 2;                                                                                              \
	}

#endif
