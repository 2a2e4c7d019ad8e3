# S-mode: a fault ends the compartment's call, not the run: its caller gets an error, as if the callee had returned it.

        .section .text.fault, "ax"

# Atlas: sp CONTEXT   s0 KERNEL   s1 TRUSTED + TOKEN_bias   s2 FRAME of the running compartment   s3 its number   t1 scause

        .globl fault
# in:       sp = CONTEXT with all of the thread's state, t1 = scause
# out:      s0 to s3; the fault in the log, as integers: not even the pc leaves the kernel as a capability
# clobbers: t0 t2 t4 s0 s1 s2 s3 s4
# from:     trap_entry, system_exit
# traps:    never
fault:
        ly      s4, kernel_data                 # s4 = kernel data, for tables
        li      t0, KERNEL_base
        yaddrw  s0, s4, t0
        ly      t0, KERNEL_trusted(s0)
        csrr    s1, utidc
        ysunseal s1, t0, s1
        ly      s2, TRUSTED_top - TOKEN_bias(s1)
        ld      s3, FRAME_compartment(s2)

        ld      t0, KERNEL_faultCount(s0)
        addi    t2, t0, 1
        sd      t2, KERNEL_faultCount(s0)
        andi    t0, t0, FAULT_LOG_entries - 1
        li      t2, FAULT_bytes
        mul     t0, t0, t2
        li      t2, FAULT_LOG_base
        add     t0, t0, t2
        yaddrw  t0, s4, t0                      # t0 = the log's next FAULT
        sd      s3, FAULT_compartment(t0)
        sd      t1, FAULT_cause(t0)
        csrr    t2, stval
        sd      t2, FAULT_tval(t0)
        csrr    t4, sepc                        # t4 = where it happened
        sd      t4, FAULT_pc(t0)

        slli    t0, s3, FAULT_COUNT_BIT
        li      t2, FAULT_COUNTS_base
        add     t0, t0, t2
        yaddrw  t0, s4, t0
        ld      t2, 0(t0)
        addi    t2, t2, 1
        sd      t2, 0(t0)

        .globl fault_in_switcher
# in:       s0 to s3, t1 = scause, t4 = pc
# out:      on to fault_caller if the switcher was at work with the caller's registers live
# clobbers: t0
# from:     fault
# traps:    never
fault_in_switcher:
        li      t0, CAUSE_cheriInstructionAccessFault
        beq     t1, t0, unwind                  # its pcc is no authority: it only aims at the switcher
        li      t0, switcher_committed          # below the switcher lies the kernel, where U-mode executes nothing
        bltu    t4, t0, fault_caller            # before the call's commit
        li      t0, switcher_leave
        bltu    t4, t0, unwind
        li      t0, switcher_left
        bltu    t4, t0, fault_caller            # after the return's

        .globl unwind
# in:       s0 to s2
# out:      the running compartment's call is over: slice zero, FRAME popped, its caller's registers in CONTEXT
# clobbers: t0 t2 t3 s3
# from:     fault_in_switcher
# traps:    never
unwind:
        ld      t0, TRUSTED_first - TOKEN_bias(s1)
        beq     s2, t0, client_fault
.irp r, ra, sp, gp, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
        ly      t0, FRAME_\r(s2)
        sy      t0, CONTEXT_\r(sp)
.endr
        yaddi   s3, s2, -FRAME_bytes            # s3 = the caller's FRAME
        ld      t2, FRAME_slice(s2)
        ld      t3, FRAME_slice(s3)
        ly      t0, TRUSTED_stack - TOKEN_bias(s1)
        yaddrw  t0, t0, t2
1:      cbo.zero (t0)
        yaddi   t0, t0, CACHE_BLOCK_bytes
        bltu    t0, t3, 1b
        sy      s3, TRUSTED_top - TOKEN_bias(s1)

        .globl fault_caller
# in:       CONTEXT with ra sp gp s0 to s11 the caller's
# out:      the caller goes on at its ra with a0 = -ERROR_fault and nothing of the callee
# clobbers: t0
# from:     fault_in_switcher, unwind
# traps:    never
fault_caller:
.irp r, tp, t0, t1, t2, a1, a2, a3, a4, a5, a6, a7, t3, t4, t5, t6
        sy      zero, CONTEXT_\r(sp)
.endr
        li      t0, -ERROR_fault
        sy      t0, CONTEXT_a0(sp)
        ly      t0, CONTEXT_ra(sp)
        sy      t0, CONTEXT_pcc(sp)
        j       resume

        .globl client_fault
# in:       s0 = KERNEL
# out:      does not return; the run ends with STATUS_clientFault
# clobbers: t0 a0
# from:     unwind
# traps:    never
client_fault:
        li      a0, STATUS_clientFault
        ly      t0, KERNEL_finisher(s0)
        j       finish
