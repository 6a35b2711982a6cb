/* Building a record in scratch memory, and sending it. Offsets are masked because the verifier must see a bound. */
#ifndef FANGS_RECORD_H
#define FANGS_RECORD_H

#include "identity.bpf.h"

#define AT(offset) ((offset) & (RECORD_SPAN - 1))

/* Starts a record of the current process with a zeroed fixed part. */
static __always_inline void begin(struct scratch *s, struct process *process, struct run_state *run, u8 type, u32 fixed,
				  s32 result)
{
	__builtin_memset(s->bytes, 0, sizeof(struct syscall_record));
	s->header.size = fixed;
	s->header.type = type;
	s->header.phase = run->phase;
	s->header.time = bpf_ktime_get_boot_ns() - run->start;
	s->header.run = process->run;
	s->header.process = process->index;
	s->header.thread = bpf_get_current_pid_tgid();
	s->header.result = result;
}

/* False where one more string might not fit behind `at`: then it is left out, flagged and counted. */
static __always_inline bool room(struct scratch *s, u32 at)
{
	if (at < RECORD_SPAN - PATH_LIMIT)
		return true;
	s->header.flags |= FLAG_TRUNCATED;
	count(s->header.run, s->header.type, LOSS_TRUNCATED);
	return false;
}

/* Sends the `length` bytes of the record; what the ring cannot take is counted. */
static __always_inline void send(struct scratch *s, u32 length)
{
	u32 run = s->header.run, type = s->header.type;

	*(u64 *)(s->bytes + AT(length)) = 0;
	length = (length + 7) & ~7;
	s->header.size = length;
	barrier_var(length);
	if (length > RECORD_SPAN)
		return;
	count(run, type, LOSS_NONE);
	if (bpf_ringbuf_output(&ring, s->bytes, length, BPF_RB_NO_WAKEUP))
		count(run, type, LOSS_RING_FULL);
}

/* Appends a NUL-terminated user string without its NUL; returns its length. */
static __always_inline u32 append_user_string(struct scratch *s, u32 at, const void *user)
{
	long length;

	if (!room(s, at))
		return 0;
	length = bpf_probe_read_user_str(s->bytes + AT(at), PATH_LIMIT, user);
	if (length <= 0) {
		s->header.flags |= FLAG_UNREADABLE;
		count(s->header.run, s->header.type, LOSS_UNREADABLE);
		return 0;
	}
	return length - 1;
}

static __always_inline u32 append_user(struct scratch *s, u32 at, const void *user, u32 length)
{
	if (!room(s, at))
		return 0;
	if (length > PATH_LIMIT)
		length = PATH_LIMIT;
	barrier_var(length);
	length &= STRING_SPAN - 1;
	if (bpf_probe_read_user(s->bytes + AT(at), length, user) == 0)
		return length;
	s->header.flags |= FLAG_UNREADABLE;
	count(s->header.run, s->header.type, LOSS_UNREADABLE);
	return 0;
}

static __always_inline u32 append_kernel(struct scratch *s, u32 at, const void *from, u32 length)
{
	if (!room(s, at))
		return 0;
	if (length > PATH_LIMIT)
		length = PATH_LIMIT;
	barrier_var(length);
	length &= STRING_SPAN - 1;
	return bpf_probe_read_kernel(s->bytes + AT(at), length, from) == 0 ? length : 0;
}

/* Appends a NUL-terminated string of the kernel without its NUL; returns its length. */
static __always_inline u32 append_kernel_string(struct scratch *s, u32 at, const void *from)
{
	long length;

	if (!room(s, at))
		return 0;
	length = bpf_probe_read_kernel_str(s->bytes + AT(at), PATH_LIMIT, from);
	return length > 0 ? length - 1 : 0;
}

#endif
