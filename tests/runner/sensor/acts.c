/* Small programs that do one thing the sensor must see. Usage: acts <name> <argument>... */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int act_openat2(char **a)
{
	struct open_how how = {.flags = O_RDONLY};

	return syscall(SYS_openat2, AT_FDCWD, a[0], &how, sizeof(how)) < 0;
}

/* a page of the path that was never touched is not there when the call begins */
static int act_cold_page(char **a)
{
	int file = open(a[1], O_RDONLY);
	char *path = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);

	(void)a;
	return open(path, O_RDONLY) < 0;
}

static int act_double_fork(char **a)
{
	if (fork() == 0) {
		setsid();
		if (fork() == 0) {
			usleep(50000);
			exit(open(a[0], O_RDONLY) < 0);
		}
		exit(0);
	}
	wait(NULL);
	usleep(150000);
	return 0;
}

static int act_dirfd(char **a)
{
	int directory = open(a[0], O_PATH | O_DIRECTORY);

	return openat(directory, a[1], O_RDONLY) < 0;
}

static int act_unix(char **a)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(name.sun_path, a[0], sizeof(name.sun_path) - 1);
	connect(sock, (struct sockaddr *)&name, sizeof(name));
	memset(name.sun_path, 0, sizeof(name.sun_path));
	strcpy(name.sun_path + 1, "hidden");
	connect(sock, (struct sockaddr *)&name, sizeof(sa_family_t) + 7);
	return 0;
}

/* binds to an abstract name, listens, and connects to itself */
static int act_abstract(char **a)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	socklen_t length = sizeof(sa_family_t) + 1 + strlen(a[0]);
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(name.sun_path + 1, a[0], sizeof(name.sun_path) - 2);
	return bind(server, (struct sockaddr *)&name, length) || listen(server, 1) ||
	       connect(client, (struct sockaddr *)&name, length);
}

/* address port bytes: one datagram with sendto, one with write, two with sendmmsg */
static int act_datagrams(char **a)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(a[1]))};
	int sock = socket(AF_INET, SOCK_DGRAM, 0);
	struct iovec parts[2] = {{a[2], 2}, {a[2] + 2, strlen(a[2]) - 2}};
	struct mmsghdr messages[2] = {};

	inet_pton(AF_INET, a[0], &to.sin_addr);
	sendto(sock, a[2], strlen(a[2]), 0, (struct sockaddr *)&to, sizeof(to));
	connect(sock, (struct sockaddr *)&to, sizeof(to));
	if (write(sock, a[2], strlen(a[2])) < 0)
		return 1;
	for (int i = 0; i < 2; i++) {
		messages[i].msg_hdr.msg_iov = parts;
		messages[i].msg_hdr.msg_iovlen = 2;
	}
	return sendmmsg(sock, messages, 2, 0) != 2;
}

/* address port text: the text in writes of one byte */
static int act_drip(char **a)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(a[1]))};
	int sock = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, a[0], &to.sin_addr);
	if (connect(sock, (struct sockaddr *)&to, sizeof(to)))
		return 1;
	for (char *c = a[2]; *c; c++) {
		if (write(sock, c, 1) != 1)
			return 1;
	}
	return 0;
}

/* Submits one request through a ring of its own and returns its result. */
static int uring(struct io_uring_sqe *request)
{
	struct io_uring_params p = {};
	int ring = syscall(SYS_io_uring_setup, 1, &p);
	size_t size = p.sq_off.array + p.sq_entries * sizeof(unsigned);
	char *sq = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	char *cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE,
			MAP_SHARED, ring, IORING_OFF_CQ_RING);
	struct io_uring_sqe *sqes =
	    mmap(NULL, sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);

	if (ring < 0)
		return -1;
	sqes[0] = *request;
	*(unsigned *)(sq + p.sq_off.array) = 0;
	__atomic_store_n((unsigned *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	return ((struct io_uring_cqe *)(cq + p.cq_off.cqes))->res;
}

static int act_uring_open(char **a)
{
	struct io_uring_sqe open = {.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (unsigned long)a[0]};

	return uring(&open) < 0;
}

static int act_uring_connect(char **a)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(a[1]))};
	struct io_uring_sqe connect = {.opcode = IORING_OP_CONNECT, .addr = (unsigned long)&to, .off = sizeof(to)};

	connect.fd = socket(AF_INET, SOCK_STREAM, 0);
	inet_pton(AF_INET, a[0], &to.sin_addr);
	return uring(&connect) != 0;
}

static int act_memfd(char **a)
{
	char *argv[] = {"fileless", NULL};
	int memory = memfd_create("payload", 0), file = open(a[0], O_RDONLY);
	char buffer[65536];
	ssize_t length;

	while ((length = read(file, buffer, sizeof(buffer))) > 0) {
		if (write(memory, buffer, length) != length)
			return 1;
	}
	fexecve(memory, argv, environ);
	return 1;
}

static const struct {
	const char *name;
	int (*act)(char **arguments);
} acts[] = {
    {"openat2", act_openat2},
    {"cold-page", act_cold_page},
    {"double-fork", act_double_fork},
    {"dirfd", act_dirfd},
    {"unix", act_unix},
    {"abstract", act_abstract},
    {"datagrams", act_datagrams},
    {"drip", act_drip},
    {"memfd", act_memfd},
    {"uring-open", act_uring_open},
    {"uring-connect", act_uring_connect},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (strcmp(argv[1], acts[i].name) == 0)
			return acts[i].act(argv + 2);
	}
	fprintf(stderr, "no such act\n");
	return 2;
}
