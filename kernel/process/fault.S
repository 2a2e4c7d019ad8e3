# Exceptions: a process that faults is stopped, logged, cut off from its peers and started again; the run goes on.

        .section .text.fault, "ax"

        .globl exception
# An exception that is no system call.
# in:       t6 = TCB of the running thread
# out:      does not return
# clobbers: t4 t5
# from:     trap_vector
# traps:    never
exception:
        csrr    t4, sstatus
        andi    t4, t4, SSTATUS_SPP
        beqz    t4, user_fault
        csrr    t4, sepc                        # the kernel's own: copies alone may fault
        la      t5, copy_bytes
        bltu    t4, t5, kernel_fault
        la      t5, copy_end
        bgeu    t4, t5, kernel_fault
        # falls through

        .globl copy_fault
# The user's buffer is not there, or not his to use so: the system call ends, with what it has done before.
# in:       t6 = TCB, a7 = bytes copied by earlier turns of the call
# out:      a0 = a7, or -ERROR_badAddress if it is 0; in user mode
# clobbers: a0 t4
# from:     exception
# traps:    never
copy_fault:
        li      t4, SSTATUS_SUM | SSTATUS_SPP
        csrc    sstatus, t4
        ld      t4, TCB_pc(t6)
        csrw    sepc, t4
        mv      a0, a7
        bnez    a0, 1f
        li      a0, -ERROR_badAddress
1:      sret

kernel_fault:
        li      a0, STATUS_kernelTrap
        j       end_run

        .globl user_fault
# A thread faulted. Its registers are of no more use; the kernel has all of them.
# in:       t6 = TCB
# out:      does not return
# clobbers: t0 t1 t2 s0 s1 a0 s2 s3
# from:     exception
# traps:    never
user_fault:
        ld      s0, TCB_process(t6)
        la      s1, kernel
        ld      t0, KERNEL_faultCount(s1)
        addi    t1, t0, 1
        sd      t1, KERNEL_faultCount(s1)
        andi    t0, t0, FAULT_LOG_entries - 1
        li      t1, FAULT_bytes
        mul     t0, t0, t1
        la      t1, fault_log
        add     t0, t0, t1                      # t0 = the log's next FAULT
        ld      t1, PROCESS_index(s0)
        sd      t1, FAULT_process(t0)
        csrr    t1, scause
        sd      t1, FAULT_cause(t0)
        csrr    t1, stval
        sd      t1, FAULT_tval(t0)
        csrr    t1, sepc
        sd      t1, FAULT_pc(t0)
        ld      t0, KERNEL_clientProcess(s1)
        li      a0, STATUS_clientFault
        beq     t0, s0, end_run
        # falls through

# Resets every stream that the thread is using: the one it serves, and those on which it may be owed a reply.
        ld      s1, TCB_claim(t6)
        beqz    s1, 2f
        sd      zero, END_owner(s1)
        li      t0, 1
        sd      t0, END_announce(s1)
        jal     t0, reset_stream
2:      ld      s2, PROCESS_descriptors(s0)
        li      s3, DESCRIPTORS_max
3:      ld      s1, 0(s2)
        beqz    s1, 4f
        ld      t0, END_user(s1)
        bne     t0, t6, 4f
        sd      zero, END_user(s1)
        jal     t0, reset_stream
4:      addi    s2, s2, 8
        addi    s3, s3, -1
        bnez    s3, 3b
        jal     t0, begin_thread
        MAKE_READY t6, t1, t2
        j       run_next

        .globl reset_stream
# Resets a stream from one of its ends: both rings are emptied, and the peer is told when it next sends or receives, or at
# once if it is blocked in that. What our end had been told before concerns the thread that faulted: it is forgotten.
# in:       s1 = our END, t0 = link
# out:      nothing
# clobbers: t1 t2 t3 t5
# from:     user_fault
# traps:    never
reset_stream:
        ld      t5, END_peer(s1)
        sd      zero, END_used(s1)
        sd      zero, END_head(s1)
        sd      zero, END_reset(s1)
        sd      zero, END_used(t5)
        sd      zero, END_head(t5)
        li      t1, 1
        sd      t1, END_reset(t5)
        ld      t1, END_reader(t5)              # the peer, waiting for our bytes
        sd      zero, END_reader(t5)
        beqz    t1, 1f
        MAKE_READY t1, t2, t3
1:      ld      t1, END_writer(s1)              # the peer, waiting for space at our end
        sd      zero, END_writer(s1)
        beqz    t1, 2f
        MAKE_READY t1, t2, t3
2:      jr      t0

        .globl begin_thread
# Makes a thread as it is at its start: entry, an empty stack, its globals and its block; all else 0.
# in:       t6 = TCB, t0 = link
# out:      nothing
# clobbers: t1 t2
# from:     boot_supervisor, user_fault
# traps:    never
begin_thread:
        addi    t1, t6, TCB_ra
        addi    t2, t6, TCB_entry               # the first field after the saved registers
1:      sd      zero, 0(t1)
        addi    t1, t1, 8
        bltu    t1, t2, 1b
        sd      zero, TCB_claim(t6)
        ld      t1, TCB_entry(t6)
        sd      t1, TCB_pc(t6)
        ld      t1, TCB_stackTop(t6)
        sd      t1, TCB_sp(t6)
        ld      t1, TCB_globals(t6)
        sd      t1, TCB_gp(t6)
        ld      t1, TCB_local(t6)
        sd      t1, TCB_tp(t6)
        RESUME_AT resume_preempted, t6, t1
        jr      t0

        .globl end_run
# Ends the simulation.
# in:       a0 = status, 0 for success
# out:      does not return
# clobbers: t0 t1 a0
# from:     new_table, copy_fault, user_fault, switch_to, system_call
# traps:    never
end_run:
        li      t0, FINISHER_pass
        beqz    a0, 1f
        slli    a0, a0, FINISHER_codeBit
        li      t0, FINISHER_fail
        or      t0, t0, a0
1:      li      t1, KERNEL_OFFSET + DEVICE_finisher
        sw      t0, 0(t1)
2:      j       2b

        .section .bss
        .balign 8
        .globl fault_log
# FAULT[FAULT_LOG_entries], a ring that the host reads.
# in:       -
# out:      -
# clobbers: -
# from:     user_fault
# traps:    -
fault_log:
        .space  FAULT_bytes * FAULT_LOG_entries
