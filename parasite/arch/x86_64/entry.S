/*
 * The way into the parasite, the place where threads park, and the two ways home.
 *
 * In: %r15 = address of the thread's ParasiteSlot, %rsp = below the red zone of the thread's own
 * stack, direction flag clear.  No vector register is touched anywhere in the parasite.
 */
#include "parasite/arch/x86_64/slot_offsets.h"

#define NR_rt_sigprocmask 14
#define NR_rt_sigreturn 15
#define NR_futex 202
#define SIG_SETMASK 2
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_OWNER_DIED 0x40000000

/* The kernel's ucontext: uc_mcontext in the order of struct sigcontext_64, then uc_sigmask. */
#define UC_R8 40
#define UC_R9 48
#define UC_R10 56
#define UC_R12 72
#define UC_R13 80
#define UC_R14 88
#define UC_R15 96
#define UC_DI 104
#define UC_SI 112
#define UC_BP 120
#define UC_BX 128
#define UC_DX 136
#define UC_AX 144
#define UC_CX 152
#define UC_SP 160
#define UC_IP 168
#define UC_FLAGS 176
#define UC_SIGMASK 296

	.section .text.entry, "ax", @progbits
	.globl _start
_start:
	/* A handler that gets in before this runs on the thread's own stack, as any other would. */
	mov	$NR_rt_sigprocmask, %eax
	mov	$SIG_SETMASK, %edi
	lea	SLOT_ALL_SIGNALS(%r15), %rsi
	xor	%edx, %edx
	mov	$8, %r10d
	syscall

	mov	SLOT_STACK_TOP(%r15), %rsp
	mov	%r15, %rdi
	call	ParasiteVisit

	/*
	 * Park.  On the thread's own stack again: the supervisor puts the signal mask back before the
	 * registers, and should it die in between, a handler needs a real stack.  The wait has no
	 * timeout, so it sets no restart block.  The word is compared by the kernel, so a death between
	 * the test and the wait is not missed.
	 */
	mov	SLOT_HOME_STACK(%r15), %rsp
	mov	SLOT_HEADER(%r15), %rbx
	movl	$STATE_PARKED, SLOT_STATE(%r15)
1:	mov	HEADER_PARK_WORD(%rbx), %edx
	test	$FUTEX_OWNER_DIED, %edx
	jnz	2f
	mov	$NR_futex, %eax
	lea	HEADER_PARK_WORD(%rbx), %rdi
	mov	$FUTEX_WAIT, %esi
	xor	%r10d, %r10d
	syscall
	jmp	1b

2:	movl	$STATE_GOING_HOME, SLOT_STATE(%r15)
	mov	$NR_futex, %eax
	lea	HEADER_PARK_WORD(%rbx), %rdi
	mov	$FUTEX_WAKE, %esi
	mov	$0x7fffffff, %edx
	syscall

	/* Masks again: the supervisor may have put the mask back just before it died. */
	mov	$NR_rt_sigprocmask, %eax
	mov	$SIG_SETMASK, %edi
	lea	SLOT_ALL_SIGNALS(%r15), %rsi
	xor	%edx, %edx
	mov	$8, %r10d
	syscall
	mov	SLOT_STACK_TOP(%r15), %rsp
	mov	%r15, %rdi
	call	ParasiteSettleInterruptedCall

	mov	SLOT_FRAME(%r15), %rbx
	cmpl	$0, SLOT_KEEP_RESTART_BLOCK(%r15)
	jne	3f
	mov	%rbx, %rsp
	mov	$NR_rt_sigreturn, %eax
	syscall

	/*
	 * Home in user mode.  Everything is copied to the thread's own stack before the signals are let
	 * in: a handler may hold the thread here for long.  The thread returns to a `syscall` instruction,
	 * which destroys %rcx and %r11, so %r11 can carry the address.
	 */
3:	mov	UC_SP(%rbx), %rsp
	lea	-128(%rsp), %rsp
	pushq	UC_IP(%rbx)
	pushq	UC_R15(%rbx)
	pushq	UC_CX(%rbx)
	pushq	UC_AX(%rbx)
	pushq	UC_DX(%rbx)
	pushq	UC_BX(%rbx)
	pushq	UC_BP(%rbx)
	pushq	UC_SI(%rbx)
	pushq	UC_DI(%rbx)
	pushq	UC_R14(%rbx)
	pushq	UC_R13(%rbx)
	pushq	UC_R12(%rbx)
	pushq	UC_R10(%rbx)
	pushq	UC_R9(%rbx)
	pushq	UC_R8(%rbx)
	pushq	UC_FLAGS(%rbx)
	pushq	UC_SIGMASK(%rbx)
	mov	$NR_rt_sigprocmask, %eax
	mov	$SIG_SETMASK, %edi
	mov	%rsp, %rsi
	xor	%edx, %edx
	mov	$8, %r10d
	syscall
	lea	8(%rsp), %rsp
	popfq
	pop	%r8
	pop	%r9
	pop	%r10
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%rdi
	pop	%rsi
	pop	%rbp
	pop	%rbx
	pop	%rdx
	pop	%rax
	pop	%rcx
	pop	%r15
	pop	%r11
	lea	128(%rsp), %rsp
	jmp	*%r11

	.section .note.GNU-stack, "", @progbits
