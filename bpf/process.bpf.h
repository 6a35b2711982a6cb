/* fork, exec and exit of watched processes. */
#ifndef FANGS_PROCESS_H
#define FANGS_PROCESS_H

#include "path.bpf.h"

#define SIGNAL_GROUP_EXIT 4

SEC("raw_tracepoint/sched_process_fork")
int on_fork(struct bpf_raw_tracepoint_args *context)
{
	struct task_struct *parent = (void *)context->args[0], *child = (void *)context->args[1];
	u32 parent_tgid = BPF_CORE_READ(parent, tgid), child_tgid = BPF_CORE_READ(child, tgid), namespace = 0;
	struct process *process, made = {};
	struct run_state *run;
	struct scratch *s;

	if (parent_tgid == child_tgid) /* a thread */
		return 0;
	process = bpf_map_lookup_elem(&processes, &parent_tgid);
	if (!process) {
		u32 *slot = namespace_run(child);

		run = slot ? recording(*slot) : NULL;
		if (run)
			adopt(child_tgid, *slot, &made);
		return 0;
	}
	run = recording(process->run);
	s = scratch();
	if (!run || !s || !adopt(child_tgid, process->run, &made))
		return 0;
	begin(s, process, run, RECORD_FORK, sizeof(s->fork), child_tgid);
	s->fork.child = made.index;
	s->fork.child_pid = own_pid(child, &namespace);
	send(s, sizeof(s->fork));
	return 0;
}

static __always_inline u32 append_argv(struct scratch *s, u32 at, struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	u64 start = BPF_CORE_READ(mm, arg_start), length = BPF_CORE_READ(mm, arg_end) - start;

	if (length > ARGV_LIMIT) {
		length = ARGV_LIMIT;
		s->header.flags |= FLAG_TRUNCATED;
	}
	return append_user(s, at, (void *)start, length);
}

SEC("raw_tracepoint/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *context)
{
	struct task_struct *task = (void *)context->args[0];
	struct linux_binprm *program = (void *)context->args[2];
	struct file *file = BPF_CORE_READ(program, file);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	u32 tgid = BPF_CORE_READ(task, tgid), namespace = 0, at = sizeof(struct exec_record);
	struct process *process = bpf_map_lookup_elem(&processes, &tgid), made;
	struct scratch *s = scratch();
	struct run_state *run;

	if (!s)
		return 0;
	if (!process) {
		u32 *slot = namespace_run(task);

		run = slot ? recording(*slot) : NULL;
		if (!run || !adopt(tgid, *slot, &made))
			return 0;
	} else {
		made = *process;
		run = recording(made.run);
		if (!run)
			return 0;
	}
	begin(s, &made, run, RECORD_EXEC, sizeof(s->exec), 0);
	s->exec.inode = BPF_CORE_READ(inode, i_ino);
	s->exec.device = BPF_CORE_READ(inode, i_sb, s_dev);
	s->exec.mode = BPF_CORE_READ(inode, i_mode);
	s->exec.uid = bpf_get_current_uid_gid();
	s->exec.pid = own_pid(task, &namespace);
	if (deleted(dentry))
		s->header.flags |= FLAG_DELETED;

	s->exec.binary_length = append_path(s, at, dentry, BPF_CORE_READ(file, f_path.mnt));
	at += s->exec.binary_length;
	s->exec.filename_length = append_kernel_string(s, at, BPF_CORE_READ(program, filename));
	at += s->exec.filename_length;
	s->exec.cwd_length = append_working_directory(s, at);
	at += s->exec.cwd_length;
	s->exec.argv_length = append_argv(s, at, task);
	send(s, at + s->exec.argv_length);
	return 0;
}

SEC("raw_tracepoint/sched_process_exit")
int on_exit(struct bpf_raw_tracepoint_args *context)
{
	struct task_struct *task = (void *)context->args[0];
	u32 tgid = BPF_CORE_READ(task, tgid), code;
	struct process *process;
	struct run_state *run;
	struct scratch *s;

	if (BPF_CORE_READ(task, signal, live.counter) != 0) /* other threads live on */
		return 0;
	process = bpf_map_lookup_elem(&processes, &tgid);
	if (!process)
		return 0;
	run = recording(process->run);
	s = scratch();
	if (run && s) {
		code = BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT
			   ? BPF_CORE_READ(task, signal, group_exit_code)
			   : BPF_CORE_READ(task, exit_code);
		begin(s, process, run, RECORD_EXIT, sizeof(s->exit), 0);
		s->exit.code = code >> 8 & 0xff;
		s->exit.signal = code & 0x7f;
		send(s, sizeof(s->exit));
	}
	bpf_map_delete_elem(&processes, &tgid);
	return 0;
}

#endif
