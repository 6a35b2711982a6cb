/* Maps, and the account of what was sent and what was lost. */
#ifndef FANGS_MAPS_H
#define FANGS_MAPS_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "trace.h"

#define RUN_SLOTS 64
#define SYSCALL_SLOTS 512
/* Process indexes 1..15 are given by the runner to the roots of the phases. */
#define FIRST_PROCESS 16

/* Offsets into a record stay below RECORD_SPAN, one string is at most STRING_SPAN. */
#define RECORD_SPAN 16384
#define STRING_SPAN 8192
#define PATH_SLACK 256

/* A run that is being recorded. Only the runner writes it. */
struct run_state {
	u64 start; /* boot clock, ns */
	u32 phase; /* enum phase; PHASE_NONE: nothing is recorded yet */
	u32 reserved;
};

/* Whose events a process's are. */
struct process {
	u32 run;   /* slot in runs */
	u32 index; /* dense index within the run */
};

/* Which argument of a system call is what; -1: it has none. See runner/sensor/syscalls.ts. */
struct syscall_shape {
	s8 directory;
	s8 path;
	s8 target_directory;
	s8 target;
	s8 argument;
	s8 reserved[3];
};

struct path_walk {
	struct dentry *dentry;
	struct vfsmount *mount;
	struct dentry *root_dentry;
	struct vfsmount *root_mount;
	u32 start; /* where the path begins in scratch.path */
	u16 flags;
	u16 done;
};

/* Too large for the 512 bytes of a BPF stack. One a CPU: sys_exit probes run with preemption off. */
struct scratch {
	struct path_walk walk;
	char path[PATH_LIMIT + PATH_SLACK];
	union {
		struct record_header header;
		struct fork_record fork;
		struct exec_record exec;
		struct exit_record exit;
		struct open_record open;
		struct change_record change;
		struct socket_record socket;
		struct data_record data;
		struct syscall_record syscall;
		struct marker_record marker; /* only the runner writes one; here for the layout test */
		char bytes[RECORD_SPAN + STRING_SPAN];
	};
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RUN_SLOTS);
	__type(key, u32);
	__type(value, struct run_state);
} runs SEC(".maps");

/* How many processes each run has had. Only the probes write it while the run lasts. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RUN_SLOTS);
	__type(key, u32);
	__type(value, u32);
} indexes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u32); /* tgid */
	__type(value, struct process);
} processes SEC(".maps");

/* Pid namespaces of sandboxes: whoever turns up in one belongs to its run. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);   /* inode number of the namespace */
	__type(value, u32); /* slot in runs */
} namespaces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SYSCALL_SLOTS);
	__type(key, u32);
	__type(value, struct syscall_shape);
} shapes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, SYSCALL_SLOTS);
	__type(key, u32);
	__type(value, u32);
} handlers SEC(".maps");

/* Bytes kept so far of each stream socket, by its inode; of a datagram socket whether its answers can be believed. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, u64);
	__type(value, u32);
} streams SEC(".maps");

/* [run][record type][loss cause] */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RUN_SLOTS *RECORD_TYPE_COUNT *LOSS_CAUSE_COUNT);
	__type(key, u32);
	__type(value, u64);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline struct scratch *scratch(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&scratches, &zero);
}

static __always_inline void count(u32 run, u32 type, u32 cause)
{
	u32 key = (run * RECORD_TYPE_COUNT + type) * LOSS_CAUSE_COUNT + cause;
	u64 *counter = bpf_map_lookup_elem(&counters, &key);

	if (counter)
		__sync_fetch_and_add(counter, 1);
}

#endif
