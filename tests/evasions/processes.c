/* Ways to become, to make or to touch a process unseen. */
#include "act.h"
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

/* secret */
static int vfork_act(char **a)
{
	pid_t child = vfork();

	if (child == 0)
		_exit(open(a[0], O_RDONLY) < 0);
	return waitpid(child, NULL, 0) != child;
}

/* secret: the child is a child of the own parent */
static int clone_parent(char **a)
{
	if (syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) == 0)
		_exit(open(a[0], O_RDONLY) < 0);
	usleep(200000);
	return 0;
}

/* secret: the child shares memory and files, but is no thread */
static char stack[65536];
static int open_it(void *name)
{
	return open(name, O_RDONLY) < 0;
}
static int clone_memory(char **a)
{
	pid_t child = clone(open_it, stack + sizeof(stack), CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD, a[0]);

	return waitpid(child, NULL, 0) != child;
}

static void *exec_it(void *arguments)
{
	execv("/bin/cat", arguments);
	return NULL;
}

/* secret: a thread that is not the first becomes another program */
static int thread_exec(char **a)
{
	char *argv[] = {"cat", a[0], NULL};
	pthread_t thread;

	pthread_create(&thread, NULL, exec_it, argv);
	pause();
	return 1;
}

/* own program, then any arguments: another argv and name after the exec */
static int renamed(char **a)
{
	memset(a[0], 'x', strlen(a[0]));
	prctl(PR_SET_NAME, "innocent");
	return 0;
}

static void *open_many(void *name)
{
	for (int i = 0; i < 20; i++)
		close(open(name, O_RDONLY));
	return NULL;
}

/* secret: opens from a hundred threads */
static int threads(char **a)
{
	pthread_t made[100];

	for (int i = 0; i < 100; i++)
		pthread_create(&made[i], NULL, open_many, a[0]);
	for (int i = 0; i < 100; i++)
		pthread_join(made[i], NULL);
	return 0;
}

static void *leave(void *unused)
{
	return unused;
}

/* processes whose threads all end at the same time */
static int end_together(char **a)
{
	pthread_t made[8];

	for (int i = 0; i < atoi(a[0]); i++) {
		if (fork() == 0) {
			for (int j = 0; j < 8; j++)
				pthread_create(&made[j], NULL, leave, NULL);
			pthread_exit(NULL);
		}
		wait(NULL);
	}
	return 0;
}

/* count */
static int short_lives(char **a)
{
	for (int i = 0; i < atoi(a[0]); i++) {
		if (fork() == 0)
			_exit(0);
		wait(NULL);
	}
	return 0;
}

/* count path: as fast as they go */
static int flood(char **a)
{
	for (int i = 0; i < atoi(a[0]); i++)
		open(a[1], O_RDONLY);
	return 0;
}

/* another process's secrets, and its memory */
static int touch_other(char **a)
{
	char environment[64], secret[] = "secret";
	struct iovec part = {secret, sizeof(secret)};
	pid_t child = fork();

	(void)a;
	if (child == 0) {
		pause();
		exit(0);
	}
	snprintf(environment, sizeof(environment), "/proc/%d/environ", child);
	close(open(environment, O_RDONLY));
	process_vm_writev(child, &part, 1, &part, 1, 0);
	ptrace(PTRACE_SEIZE, child, NULL, NULL);
	kill(child, SIGKILL);
	syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, NULL);
	return waitpid(child, NULL, 0) != child;
}

/* 4,000 arguments, the last one tells */
static int long_argv(char **a)
{
	char *argv[4002] = {"true"};

	for (int i = 1; i < 4000; i++)
		argv[i] = "--harmless";
	argv[4000] = a[0];
	return execv("/bin/true", argv);
}

/* copy: a program whose file is gone before it runs */
static int deleted(char **a)
{
	char *argv[] = {"gone", NULL};
	int fd = open(a[0], O_RDONLY | O_CLOEXEC);

	unlink(a[0]);
	return fexecve(fd, argv, environ);
}

ACTS({"vfork", vfork_act}, {"clone-parent", clone_parent}, {"clone-memory", clone_memory}, {"thread-exec", thread_exec},
     {"renamed", renamed}, {"threads", threads}, {"end-together", end_together}, {"short-lives", short_lives},
     {"flood", flood}, {"touch-other", touch_other}, {"long-argv", long_argv}, {"deleted", deleted})
