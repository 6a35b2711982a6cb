/* Whose event is it: processes belong to a run by descent, or by the pid namespace they live in. */
#ifndef FANGS_IDENTITY_H
#define FANGS_IDENTITY_H

#include "maps.bpf.h"

/* The pid of a task as its own pid namespace numbers it, and that namespace's inode number. */
static __always_inline u32 own_pid(struct task_struct *task, u32 *namespace)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);
	struct upid upid = {};

	bpf_probe_read_kernel(&upid, sizeof(upid),
			      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
				  level * bpf_core_type_size(struct upid));
	*namespace = BPF_CORE_READ(upid.ns, ns.inum);
	return upid.nr;
}

static __always_inline struct process *watched(void)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;

	return bpf_map_lookup_elem(&processes, &tgid);
}

/* The run while it is being recorded; NULL before the first command is released. */
static __always_inline struct run_state *recording(u32 slot)
{
	struct run_state *run = bpf_map_lookup_elem(&runs, &slot);

	return run && run->phase != PHASE_NONE ? run : NULL;
}

/* Makes a new process of the run; the index is never given twice. */
static __always_inline bool adopt(u32 tgid, u32 slot, struct process *out)
{
	u32 *index = bpf_map_lookup_elem(&indexes, &slot);

	if (!index)
		return false;
	out->run = slot;
	out->index = FIRST_PROCESS + __sync_fetch_and_add(index, 1);
	if (bpf_map_update_elem(&processes, &tgid, out, BPF_ANY) == 0)
		return true;
	count(slot, RECORD_FORK, LOSS_MAP_FULL);
	return false;
}

/* The run whose pid namespace the task lives in, for those who came by another door than fork. */
static __always_inline u32 *namespace_run(struct task_struct *task)
{
	u32 namespace = 0;

	own_pid(task, &namespace);
	return bpf_map_lookup_elem(&namespaces, &namespace);
}

#endif
