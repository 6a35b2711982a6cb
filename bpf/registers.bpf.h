/* System call number, arguments and result, as they stand in the registers when the call returns. */
#ifndef FANGS_REGISTERS_H
#define FANGS_REGISTERS_H

#include "maps.bpf.h"

/* the return from a signal's handler, and what seccomp or a tracer made none */
#define NO_SYSCALL 0xffffffff
#define THREAD_IS_COMPAT 2 /* TS_COMPAT of arch/x86/include/asm/thread_info.h */

#if defined(__TARGET_ARCH_x86)
#define SIXTH_ARGUMENT(regs) BPF_CORE_READ(regs, r9)
#elif defined(__TARGET_ARCH_arm64)
#define SIXTH_ARGUMENT(regs) BPF_CORE_READ(regs, regs[5])
#endif

static __always_inline u64 syscall_argument(struct pt_regs *regs, int index)
{
	switch (index) {
	case 0:
		return PT_REGS_PARM1_CORE_SYSCALL(regs);
	case 1:
		return PT_REGS_PARM2_CORE_SYSCALL(regs);
	case 2:
		return PT_REGS_PARM3_CORE_SYSCALL(regs);
	case 3:
		return PT_REGS_PARM4_CORE_SYSCALL(regs);
	case 4:
		return PT_REGS_PARM5_CORE_SYSCALL(regs);
	default:
		return SIXTH_ARGUMENT(regs);
	}
}

static __always_inline u32 syscall_number(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(regs, orig_ax);
#elif defined(__TARGET_ARCH_arm64)
	return BPF_CORE_READ(regs, syscallno);
#else
#error "no register table for this architecture"
#endif
}

static __always_inline bool compat_call(void)
{
#if defined(__TARGET_ARCH_x86)
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, thread_info.status) & THREAD_IS_COMPAT;
#else
	return false;
#endif
}

#define REGISTERS(context) ((struct pt_regs *)(context)->args[0])
#define RESULT(context) ((long)(context)->args[1])

#endif
