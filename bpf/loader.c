/* The only file that knows libbpf. Functions on plain integers and buffers, made to be called through an FFI:
 * no structs cross it, errors are negative errno, strings are NUL-terminated. Not thread-safe: one thread owns
 * a sensor. */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define LOG_SIZE (256 * 1024)
#define PROGRAMS 64
#define NAME_SIZE 64

enum state { STATE_LOADED, STATE_ATTACHED, STATE_LOAD_FAILED, STATE_ATTACH_FAILED };

struct program {
	char name[NAME_SIZE];
	enum state state;
	int error;
	struct bpf_program *program;
	struct bpf_link *link;
};

struct ring {
	int epoll;
	size_t size, page;
	uint64_t *consumer, *producer;
	uint8_t *data;
};

struct sensor {
	void *image;
	size_t image_size;
	struct bpf_object *object;
	int program_count;
	struct program programs[PROGRAMS];
	struct ring ring;
};

/* libbpf's print callback has no context: the log is the process's. */
static char log_text[LOG_SIZE];
static size_t log_length;

static int print_to_log(enum libbpf_print_level level, const char *format, va_list arguments)
{
	int written;

	if (level > LIBBPF_WARN || log_length >= LOG_SIZE - 1)
		return 0;
	written = vsnprintf(log_text + log_length, LOG_SIZE - log_length, format, arguments);
	if (written > 0)
		log_length += written;
	if (log_length > LOG_SIZE - 1)
		log_length = LOG_SIZE - 1;
	return 0;
}

static struct program *find_program(struct sensor *sensor, const char *name)
{
	for (int i = 0; i < sensor->program_count; i++) {
		if (strcmp(sensor->programs[i].name, name) == 0)
			return &sensor->programs[i];
	}
	return NULL;
}

/* Opens the object again; programs that failed before stay off. */
static int open_object(struct sensor *sensor)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "fangs");
	struct bpf_program *program;
	int i = 0;

	sensor->object = bpf_object__open_mem(sensor->image, sensor->image_size, &options);
	if (!sensor->object)
		return -errno;
	bpf_object__for_each_program(program, sensor->object)
	{
		if (i == PROGRAMS)
			return -E2BIG;
		snprintf(sensor->programs[i].name, NAME_SIZE, "%s", bpf_program__name(program));
		sensor->programs[i].program = program;
		bpf_program__set_autoload(program, sensor->programs[i].state != STATE_LOAD_FAILED);
		i++;
	}
	sensor->program_count = i;
	return 0;
}

/* The program that libbpf's log says failed; NULL where it names none. */
static struct program *failed_program(struct sensor *sensor, const char *log, int *error)
{
	for (const char *at = log; (at = strstr(at, "prog '")); at++) {
		char name[NAME_SIZE];

		if (sscanf(at, "prog '%63[^']': failed to load: %d", name, error) == 2)
			return find_program(sensor, name);
	}
	return NULL;
}

/* Copies the BPF object. NULL: errno tells. */
EXPORT struct sensor *sensor_open(const void *image, uint32_t size)
{
	struct sensor *sensor = calloc(1, sizeof(*sensor));
	int error;

	if (!sensor)
		return NULL;
	libbpf_set_print(print_to_log);
	log_length = 0;
	sensor->ring.epoll = -1;
	sensor->image = malloc(size);
	sensor->image_size = size;
	if (sensor->image) {
		memcpy(sensor->image, image, size);
		error = open_object(sensor);
		if (error == 0)
			return sensor;
	}
	free(sensor->image);
	free(sensor);
	return NULL;
}

/* Loads all programs; one that the kernel refuses is switched off and the rest loaded without it. Returns how
 * many were refused. */
EXPORT int sensor_load(struct sensor *sensor)
{
	for (int refused = 0; refused <= sensor->program_count; refused++) {
		size_t mark = log_length;
		struct program *program;
		int error = bpf_object__load(sensor->object), cause = error;

		if (error == 0)
			return refused;
		log_text[log_length] = 0;
		program = failed_program(sensor, log_text + mark, &cause);
		if (!program)
			return error;
		program->state = STATE_LOAD_FAILED;
		program->error = cause;
		bpf_object__close(sensor->object);
		sensor->object = NULL;
		error = open_object(sensor);
		if (error)
			return error;
	}
	return -ELOOP;
}

/* Attaches every program that says where (tail-called handlers do not). Returns how many failed. */
EXPORT int sensor_attach(struct sensor *sensor)
{
	int failed = 0;

	for (int i = 0; i < sensor->program_count; i++) {
		struct program *program = &sensor->programs[i];

		if (program->state != STATE_LOADED || !strchr(bpf_program__section_name(program->program), '/'))
			continue;
		program->link = bpf_program__attach(program->program);
		program->state = program->link ? STATE_ATTACHED : STATE_ATTACH_FAILED;
		program->error = program->link ? 0 : -errno;
		failed += !program->link;
	}
	return failed;
}

/* One line a program: `name state errno`. Returns the length that was needed. */
EXPORT int sensor_report(struct sensor *sensor, char *out, uint32_t size)
{
	static const char *const states[] = {"loaded", "attached", "load_failed", "attach_failed"};
	uint32_t length = 0;

	for (int i = 0; i < sensor->program_count; i++) {
		struct program *program = &sensor->programs[i];
		uint32_t left = length < size ? size - length : 0;

		length += snprintf(left ? out + length : NULL, left, "%s %s %d\n", program->name,
				   states[program->state], -program->error);
	}
	return length;
}

/* libbpf's warnings so far, cut to size; returns the length. */
EXPORT int sensor_log(char *out, uint32_t size)
{
	uint32_t length = log_length < size ? log_length : size;

	memcpy(out, log_text, length);
	return length;
}

/* File descriptors, negative where there is none of that name. */
EXPORT int sensor_program(struct sensor *sensor, const char *name)
{
	struct program *program = find_program(sensor, name);

	return program && program->state != STATE_LOAD_FAILED ? bpf_program__fd(program->program) : -ENOENT;
}

EXPORT int sensor_map(struct sensor *sensor, const char *name)
{
	return bpf_object__find_map_fd_by_name(sensor->object, name);
}

EXPORT int sensor_update(int map, const void *key, const void *value)
{
	return bpf_map_update_elem(map, key, value, BPF_ANY) ? -errno : 0;
}

EXPORT int sensor_lookup(int map, const void *key, void *value)
{
	return bpf_map_lookup_elem(map, key, value) ? -errno : 0;
}

EXPORT int sensor_delete(int map, const void *key)
{
	return bpf_map_delete_elem(map, key) ? -errno : 0;
}

/* The next key after `key` (NULL: the first); -ENOENT at the end. */
EXPORT int sensor_next(int map, const void *key, void *next)
{
	return bpf_map_get_next_key(map, key, next) ? -errno : 0;
}

/* The clock of the probes (boot time, ns), so that a run can say when it began. */
EXPORT uint64_t sensor_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* Maps the ring buffer: one page the consumer writes, one the producer writes, then the data twice, so that a
 * record never wraps. */
EXPORT int sensor_ring_open(struct sensor *sensor, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(sensor->object, name);
	struct ring *ring = &sensor->ring;
	struct epoll_event event = {.events = EPOLLIN};
	void *page, *rest;
	int fd;

	if (!map)
		return -ENOENT;
	fd = bpf_map__fd(map);
	ring->size = bpf_map__max_entries(map);
	ring->page = sysconf(_SC_PAGESIZE);
	page = mmap(NULL, ring->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return -errno;
	rest = mmap(NULL, ring->page + 2 * ring->size, PROT_READ, MAP_SHARED, fd, ring->page);
	if (rest == MAP_FAILED) {
		munmap(page, ring->page);
		return -errno;
	}
	ring->consumer = page;
	ring->producer = rest;
	ring->data = (uint8_t *)rest + ring->page;
	ring->epoll = epoll_create1(EPOLL_CLOEXEC);
	return epoll_ctl(ring->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Sleeps until there is something or the time is over. */
EXPORT int sensor_ring_wait(struct sensor *sensor, int milliseconds)
{
	struct epoll_event event;

	return epoll_wait(sensor->ring.epoll, &event, 1, milliseconds);
}

/* Copies whole records, without the ring's own headers, while they fit. Returns the bytes written; 0: empty. */
EXPORT uint32_t sensor_ring_drain(struct sensor *sensor, uint8_t *out, uint32_t size)
{
	struct ring *ring = &sensor->ring;
	uint64_t at = *ring->consumer, end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	uint32_t written = 0;

	while (at < end) {
		uint8_t *record = ring->data + (at & (ring->size - 1));
		uint32_t header = __atomic_load_n((uint32_t *)record, __ATOMIC_ACQUIRE);
		uint32_t length = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

		if (header & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
			if (written + length > size)
				break;
			memcpy(out + written, record + BPF_RINGBUF_HDR_SZ, length);
			written += length;
		}
		at += (length + BPF_RINGBUF_HDR_SZ + 7) & ~7ull;
	}
	__atomic_store_n(ring->consumer, at, __ATOMIC_RELEASE);
	return written;
}

EXPORT void sensor_close(struct sensor *sensor)
{
	struct ring *ring = &sensor->ring;

	for (int i = 0; i < sensor->program_count; i++)
		bpf_link__destroy(sensor->programs[i].link);
	if (ring->data) {
		munmap(ring->consumer, ring->page);
		munmap(ring->producer, ring->page + 2 * ring->size);
	}
	if (ring->epoll >= 0)
		close(ring->epoll);
	bpf_object__close(sensor->object);
	free(sensor->image);
	free(sensor);
}
