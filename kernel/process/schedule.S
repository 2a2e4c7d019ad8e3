# Choosing threads and switching to them: one run queue, first come first served.
#
# A thread that blocks in receive after its send has woken one thread finds that thread at the head of the queue and
# switches straight to it: there is no scheduler thread and no pass through the idle loop in between.

        .section .text.schedule, "ax"

        .globl block
# The running thread stops here; it is in the run queue or in some list of waiters, and its TCB_resume is set.
# in:       t6 = TCB; its callee-saved registers in the hart, its pc in TCB_pc
# out:      does not return
# clobbers: none
# from:     send, receive, poll, timer_interrupt
# traps:    never
block:
        SAVE_CALLEE t6
        # falls through

        .globl run_next
# Switches to the first thread of the run queue.
# in:       nothing
# out:      does not return
# clobbers: t4 t5 t6
# from:     boot_supervisor, user_fault, block
# traps:    never
run_next:
        la      t4, kernel
        ld      t6, KERNEL_runHead(t4)
        beqz    t6, deadlock
        ld      t5, TCB_next(t6)
        sd      t5, KERNEL_runHead(t4)
        bnez    t5, switch_to
        addi    t5, t4, KERNEL_runHead
        sd      t5, KERNEL_runTail(t4)
        # falls through

        .globl switch_to
# Switches to a thread: its address space if another is in force, its pc, its callee-saved registers. Address spaces are told
# apart by their ASID, and kernel pages are global: no translation is ever flushed here.
# in:       t6 = TCB, in no list
# out:      t6 = TCB; a0 to a7, t0 to t5 hold nothing of another process; goes on at TCB_resume
# clobbers: ra sp gp tp s0 s1 a0 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5
# from:     run_next
# traps:    never
switch_to:
        csrw    sscratch, t6
        ld      t4, TCB_pc(t6)
        csrw    sepc, t4
        ld      t5, TCB_resume(t6)
        LOAD_CALLEE t6
        ld      t4, TCB_satp(t6)
        csrr    t3, satp
        beq     t3, t4, 1f
        csrw    satp, t4
        j       clear_registers
1:      jr      t5

# Nobody can run, and nothing is left that could wake anyone: the only interrupt is the timer's, and no thread waits for time.
deadlock:
        li      a0, STATUS_deadlock
        j       end_run

# The registers that a system call leaves dead still hold what the kernel did for the last thread, bytes it copied among
# them: another process must not see those.
        .section .text.clear, "ax"

        .globl clear_registers
# in:       t5 = where to go on, t6 = TCB
# out:      a0 to a7, t0 to t4 = 0
# clobbers: t0 t1 t2 a0 a1 a2 a3 a4 a5 a6 a7 t3 t4
# from:     switch_to
# traps:    never
clear_registers:
        li      a0, 0
        li      a1, 0
        li      a2, 0
        li      a3, 0
        li      a4, 0
        li      a5, 0
        li      a6, 0
        li      a7, 0
        li      t0, 0
        li      t1, 0
        li      t2, 0
        li      t3, 0
        li      t4, 0
        jr      t5
