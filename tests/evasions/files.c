/* Ways to open or change a file under another name, or to hide the name. */
#include "act.h"
#include <sys/time.h>

/* secret link */
static int hard_link(char **a)
{
	return link(a[0], a[1]) || open(a[1], O_RDONLY) < 0;
}

/* secret */
static int by_handle(char **a)
{
	struct file_handle *handle = malloc(sizeof(*handle) + MAX_HANDLE_SZ);
	int mount, place = open("/", O_RDONLY);

	handle->handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, a[0], handle, &mount, 0))
		return 3;
	place = open(a[1], O_RDONLY);
	return open_by_handle_at(place, handle, O_RDONLY) < 0;
}

static char shared_name[4096];
static char *const *names;
static volatile int over;

static void *swap_names(void *unused)
{
	(void)unused;
	for (unsigned i = 0; !over; i++)
		strcpy(shared_name, names[i & 1]);
	return NULL;
}

/* secret innocent: names of the same length, swapped by another thread during the calls */
static int swapped(char **a)
{
	pthread_t thread;

	names = a;
	strcpy(shared_name, a[0]);
	pthread_create(&thread, NULL, swap_names, NULL);
	for (int i = 0; i < 3000; i++)
		close(open(shared_name, O_RDONLY | O_NOATIME));
	over = 1;
	return pthread_join(thread, NULL);
}

static void *close_early(void *unused)
{
	(void)unused;
	while (!over)
		close(9);
	return NULL;
}

/* secret: another thread closes the file before the sensor can look at it */
static int closed_early(char **a)
{
	pthread_t thread;

	for (int fd = 3; fd < 9; fd++)
		dup2(0, fd);
	pthread_create(&thread, NULL, close_early, NULL);
	for (int i = 0; i < 20000; i++)
		open(a[0], O_RDONLY | O_NOATIME);
	over = 1;
	return pthread_join(thread, NULL);
}

/* 6,000 bytes in one name */
static int long_name(char **a)
{
	char *name = malloc(6001);

	for (int i = 0; i < 6000; i += 2)
		memcpy(name + i, "./", 2);
	strcpy(name + 6000 - strlen(a[0]), a[0]);
	return open(name, O_RDONLY) >= 0;
}

/* directory: 6,000 bytes of directories below it, and a file called end */
static int deep(char **a)
{
	char part[201] = {};

	memset(part, 'd', 200);
	if (chdir(a[0]))
		return 3;
	for (int i = 0; i < 30; i++) {
		if (mkdir(part, 0700) || chdir(part))
			return 3;
	}
	return open("end", O_CREAT | O_WRONLY, 0600) < 0;
}

/* file: its times, its mode and its owner without its name */
static int nameless(char **a)
{
	int fd = open(a[0], O_RDWR);

	return futimens(fd, NULL) || syscall(SYS_fchownat, fd, "", -1, -1, AT_EMPTY_PATH) || fchmod(fd, 0600);
}

/* fifo: a process that is killed while it waits for the other side */
static int killed_inside(char **a)
{
	pid_t child = fork();

	if (child == 0)
		exit(open(a[0], O_RDONLY) < 0);
	usleep(100000);
	kill(child, SIGKILL);
	return waitpid(child, NULL, 0) != child;
}

/* secret: open by its number in the 32-bit table */
static int compat(char **a)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long result = 5;

	strcpy(low, a[0]);
	__asm__ volatile("int $0x80"
			 : "+a"(result)
			 : "b"(low), "c"(O_RDONLY), "d"(0)
			 : "memory", "r8", "r9", "r10", "r11");
	return result < 0;
}

/* secret: open by its number in the x32 table, which few kernels have */
static int x32(char **a)
{
	syscall(0x40000000 | SYS_open, a[0], O_RDONLY);
	return 0;
}

ACTS({"hard-link", hard_link}, {"by-handle", by_handle}, {"swapped", swapped}, {"closed-early", closed_early},
     {"long-name", long_name}, {"deep", deep}, {"nameless", nameless}, {"killed-inside", killed_inside},
     {"compat", compat}, {"x32", x32})
