# Trap entry, dispatch of system calls, and the way back to user mode.
#
# Only user mode is interrupted. The exceptions that the kernel itself can take are those of the copy loops (copy.S), so no
# trap finds a register that must be saved, but for the timer's: system calls leave caller-saved registers dead, and a
# thread that faults starts afresh. Vectored mode tells the timer from the rest before any register is touched.
#
# A null system call: 18 instructions, from the ecall to the next user instruction

        .section .text.trap, "ax"

        .balign 64
        .globl trap_vector
# The vector: exceptions come to its base, interrupt n to 4n bytes beyond it.
# in:       every register the thread's; sscratch = its TCB
# out:      t6 = TCB; t5 = scause - CAUSE_ecallFromU
# clobbers: t5 t6
# from:     boot_supervisor, (trap)
# traps:    never
trap_vector:
        csrr    t6, sscratch
        csrr    t5, scause
        addi    t5, t5, -CAUSE_ecallFromU
        beqz    t5, system_call
        j       exception
        j       timer_interrupt                 # 4 * INTERRUPT_supervisorTimer

        .globl system_call
# A system call: the number chooses; the most frequent comes first.
# in:       a7 = number, a0 to a2 = arguments, t6 = TCB
# out:      a0 = result, in user mode after the ecall
# clobbers: a0 t4 t5
# from:     trap_vector
# traps:    never
system_call:
        csrr    t5, sepc
        addi    t5, t5, 4                       # go on after the ecall
        csrw    sepc, t5
        sd      t5, TCB_pc(t6)                  # a fault in a copy loop overwrites sepc
        li      t5, SYS_receive
        beq     a7, t5, receive
        li      t5, SYS_send
        beq     a7, t5, send
        li      t5, SYS_poll
        beq     a7, t5, poll
        li      t5, SYS_exit
        beq     a7, t5, call_exit
bad_call:
        li      a0, -ERROR_badCall
        sret

# Ends the run: a right of the client alone. To anyone else it is no system call.
call_exit:
        ld      t5, TCB_process(t6)
        la      t4, kernel
        ld      t4, KERNEL_clientProcess(t4)
        bne     t4, t5, bad_call
        j       end_run

        .globl timer_interrupt
# The timer's tick: the thread goes on at once where no other can run, else to the end of the run queue.
# in:       every register the thread's; sscratch = its TCB
# out:      every register the thread's
# clobbers: t4 t5 t6
# from:     trap_vector
# traps:    never
timer_interrupt:
        csrrw   t6, sscratch, t6                # t6 = TCB, sscratch = the thread's t6
        sd      t4, TCB_t4(t6)
        sd      t5, TCB_t5(t6)
        la      t4, kernel
        csrr    t5, time
        ld      t4, KERNEL_tickCycles(t4)
        add     t5, t5, t4
        csrw    stimecmp, t5
        la      t4, kernel
        ld      t5, KERNEL_runHead(t4)
        bnez    t5, preempt
        ld      t4, TCB_t4(t6)
        ld      t5, TCB_t5(t6)
        csrrw   t6, sscratch, t6
        sret
preempt:
        sd      a0, TCB_a0(t6)
        sd      a1, TCB_a1(t6)
        sd      a2, TCB_a2(t6)
        sd      a3, TCB_a3(t6)
        sd      a4, TCB_a4(t6)
        sd      a5, TCB_a5(t6)
        sd      a6, TCB_a6(t6)
        sd      a7, TCB_a7(t6)
        sd      t0, TCB_t0(t6)
        sd      t1, TCB_t1(t6)
        sd      t2, TCB_t2(t6)
        sd      t3, TCB_t3(t6)
        csrr    t5, sscratch
        sd      t5, TCB_t6(t6)
        csrr    t5, sepc
        sd      t5, TCB_pc(t6)
        addi    t5, t6, TCB_wait                # not in use: the thread waits for nothing
        sc.d    zero, zero, (t5)                # the next thread must not inherit a reservation
        RESUME_AT resume_preempted, t6, t5
        MAKE_READY t6, t4, t5
        j       block

        .globl resume_preempted
# Goes on with a thread that was preempted, or begins one: its caller-saved registers are live.
# in:       t6 = TCB; its callee-saved registers and sepc are in place
# out:      every register the thread's, in user mode
# clobbers: t0 t1 t2 a0 a1 a2 a3 a4 a5 a6 a7 t3 t4 t5 t6
# from:     begin_thread, timer_interrupt, (switch_to)
# traps:    never
resume_preempted:
        ld      a0, TCB_a0(t6)
        ld      a1, TCB_a1(t6)
        ld      a2, TCB_a2(t6)
        ld      a3, TCB_a3(t6)
        ld      a4, TCB_a4(t6)
        ld      a5, TCB_a5(t6)
        ld      a6, TCB_a6(t6)
        ld      a7, TCB_a7(t6)
        ld      t0, TCB_t0(t6)
        ld      t1, TCB_t1(t6)
        ld      t2, TCB_t2(t6)
        ld      t3, TCB_t3(t6)
        ld      t4, TCB_t4(t6)
        ld      t5, TCB_t5(t6)
        ld      t6, TCB_t6(t6)
        sret

        .globl resume_result
# Goes on with a thread whose blocked call another thread has completed.
# in:       t6 = TCB, its a0 = the result
# out:      a0 = result, in user mode
# clobbers: a0
# from:     poll, (switch_to)
# traps:    never
resume_result:
        ld      a0, TCB_a0(t6)
        sret
