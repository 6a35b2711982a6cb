/* The probes. One dispatcher sees every system call return and hands those of watched processes to the
 * handler of their number: at the exit the result is known, the arguments are still in the registers,
 * and the user's pages are resident. */
#include "file.bpf.h"
#include "process.bpf.h"
#include "rare.bpf.h"
#include "socket.bpf.h"
#include "traffic.bpf.h"
#include "uring.bpf.h"

SEC("raw_tracepoint/sys_exit")
int on_syscall(struct bpf_raw_tracepoint_args *context)
{
	u32 number;

	if (!watched())
		return 0;
	number = syscall_number(REGISTERS(context));
	if (number >= SYSCALL_SLOTS)
		return 0;
	/* A 32-bit call has other numbers; slot 511 holds the handler that only reports it. */
	bpf_tail_call(context, &handlers, compat_call() ? SYSCALL_SLOTS - 1 : number);
	return 0;
}

SEC("raw_tracepoint")
int on_compat(struct bpf_raw_tracepoint_args *context)
{
	struct process *process = watched();
	struct run_state *run = process ? recording(process->run) : NULL;
	struct scratch *s = scratch();

	if (!run || !s)
		return 0;
	begin(s, process, run, RECORD_SYSCALL, sizeof(s->syscall), RESULT(context));
	s->header.flags = FLAG_COMPAT;
	s->syscall.syscall = syscall_number(REGISTERS(context));
	send(s, sizeof(s->syscall));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
