/* Rare and privileged calls, with their arguments. */
#ifndef FANGS_RARE_H
#define FANGS_RARE_H

#include "file.bpf.h"

#define AF_PACKET 17
#define AF_NETLINK 16
#define SOCK_RAW 3
#define SOCK_TYPE_MASK 0xf

static __always_inline int record_syscall(struct call *call)
{
	struct scratch *s = call->s;
	u32 at = sizeof(struct syscall_record);

	begin(s, call->process, call->run, RECORD_SYSCALL, at, call->result);
	s->syscall.syscall = call->number;
	for (int i = 0; i < 6; i++)
		s->syscall.arguments[i] = syscall_argument(call->regs, i);
	if (call->shape->path >= 0)
		s->syscall.text_length = append_user_string(s, at, (void *)shaped(call, call->shape->path));
	send(s, at + s->syscall.text_length);
	return 0;
}

SEC("raw_tracepoint")
int on_rare(struct bpf_raw_tracepoint_args *context)
{
	struct call call;

	return enter(context, &call) ? record_syscall(&call) : 0;
}

/* socket(2): only those that see or make other people's packets */
SEC("raw_tracepoint")
int on_socket(struct bpf_raw_tracepoint_args *context)
{
	u64 family, type;
	struct call call;

	if (!enter(context, &call))
		return 0;
	family = syscall_argument(call.regs, 0);
	type = syscall_argument(call.regs, 1) & SOCK_TYPE_MASK;
	if (family != AF_PACKET && (type != SOCK_RAW || family == AF_NETLINK))
		return 0;
	return record_syscall(&call);
}

/* kill, tgkill: only those sent to somebody else, and not the question whether he lives (signal 0) */
SEC("raw_tracepoint")
int on_kill(struct bpf_raw_tracepoint_args *context)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u32 namespace = 0;
	struct call call;

	if (!enter(context, &call) || shaped(&call, call.shape->argument) == 0)
		return 0;
	if ((u32)syscall_argument(call.regs, 0) == own_pid(BPF_CORE_READ(task, group_leader), &namespace))
		return 0;
	return record_syscall(&call);
}

#endif
