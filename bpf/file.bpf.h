/* Opens and changes of files, when the system call returns. */
#ifndef FANGS_FILE_H
#define FANGS_FILE_H

#include "path.bpf.h"
#include "registers.bpf.h"

/* What every handler needs; false where the event is nobody's. */
struct call {
	struct scratch *s;
	struct process *process;
	struct run_state *run;
	struct pt_regs *regs;
	struct syscall_shape *shape;
	u32 number;
	long result;
};

static __always_inline bool enter(struct bpf_raw_tracepoint_args *context, struct call *call)
{
	call->process = watched();
	if (!call->process)
		return false;
	call->run = recording(call->process->run);
	call->s = scratch();
	call->regs = REGISTERS(context);
	call->number = syscall_number(call->regs);
	call->shape = bpf_map_lookup_elem(&shapes, &call->number);
	call->result = RESULT(context);
	return call->run && call->s && call->shape;
}

static __always_inline u64 shaped(struct call *call, s8 index)
{
	return index < 0 ? 0 : syscall_argument(call->regs, index);
}

static __always_inline int directory_of(struct call *call, s8 index)
{
	return index < 0 ? AT_FDCWD : (int)syscall_argument(call->regs, index);
}

/* What an open file is, and its true path behind the fixed part; returns the path's length. */
static __always_inline u32 describe_file(struct scratch *s, u32 at, struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	s->open.inode = BPF_CORE_READ(inode, i_ino);
	s->open.device = BPF_CORE_READ(inode, i_sb, s_dev);
	s->open.mode = BPF_CORE_READ(inode, i_mode);
	s->open.fmode = BPF_CORE_READ(file, f_mode);
	if (deleted(dentry))
		s->header.flags |= FLAG_DELETED;
	return append_path(s, at, dentry, BPF_CORE_READ(file, f_path.mnt));
}

static __always_inline int record_open(struct call *call, u32 open_flags)
{
	struct scratch *s = call->s;
	const void *requested = (void *)shaped(call, call->shape->path);
	u32 at = sizeof(struct open_record);
	struct file *file;

	begin(s, call->process, call->run, RECORD_OPEN, at, call->result);
	s->open.open_flags = open_flags;
	file = call->result >= 0 ? file_of(call->result) : NULL;
	if (file)
		s->open.path_length = describe_file(s, at, file);
	else
		s->open.path_length = append_joined(s, at, directory_of(call, call->shape->directory), requested);
	at += s->open.path_length;
	if (call->shape->path >= 0)
		s->open.requested_length = append_user_string(s, at, requested);
	send(s, at + s->open.requested_length);
	return 0;
}

/* creat has no flags: it means these */
#define CREAT_FLAGS 01101

SEC("raw_tracepoint")
int on_open(struct bpf_raw_tracepoint_args *context)
{
	struct call call;

	if (!enter(context, &call))
		return 0;
	return record_open(&call, call.shape->argument < 0 ? CREAT_FLAGS : shaped(&call, call.shape->argument));
}

/* openat2: the flags are in user memory, struct open_how */
SEC("raw_tracepoint")
int on_open_how(struct bpf_raw_tracepoint_args *context)
{
	struct call call;
	u64 flags = 0;

	if (!enter(context, &call))
		return 0;
	bpf_probe_read_user(&flags, sizeof(flags), (void *)shaped(&call, call.shape->argument));
	return record_open(&call, flags);
}

/* As a directory: the path is the content of a symbolic link, relative to wherever that lies. */
#define CONTENT -2

/* The path behind an argument: a name, or where the call has none, an open file. */
static __always_inline u32 append_argument(struct call *call, u32 at, s8 directory, s8 path)
{
	struct file *file;

	if (directory == CONTENT)
		return append_user_string(call->s, at, (void *)syscall_argument(call->regs, path));
	if (path >= 0)
		return append_joined(call->s, at, directory_of(call, directory),
				     (void *)syscall_argument(call->regs, path));
	file = directory >= 0 ? file_of(syscall_argument(call->regs, directory)) : NULL;
	return file ? append_path(call->s, at, BPF_CORE_READ(file, f_path.dentry), BPF_CORE_READ(file, f_path.mnt)) : 0;
}

SEC("raw_tracepoint")
int on_change(struct bpf_raw_tracepoint_args *context)
{
	u32 at = sizeof(struct change_record);
	struct call call;
	struct scratch *s;

	if (!enter(context, &call))
		return 0;
	s = call.s;
	begin(s, call.process, call.run, RECORD_CHANGE, at, call.result);
	s->change.syscall = call.number;
	s->change.argument = shaped(&call, call.shape->argument);
	s->change.path_length = append_argument(&call, at, call.shape->directory, call.shape->path);
	at += s->change.path_length;
	if (call.shape->target >= 0)
		s->change.target_length = append_argument(&call, at, call.shape->target_directory, call.shape->target);
	send(s, at + s->change.target_length);
	return 0;
}

#endif
