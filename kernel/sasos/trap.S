# S-mode: the way into the kernel and out of it. No stack: every path runs straight through with the CONTEXT in sp.

        .section .text.trap, "ax"

        .balign PTR_BYTES
        .globl kernel_data
# in:       data: the kernel's data, stored by boot
# out:      -
# clobbers: -
# from:     -
# traps:    -
kernel_data:
        .zero   PTR_BYTES

.macro CONTEXT_REGISTERS operation                      # ly or sy of every register but sp, in the CONTEXT in sp
.irp r, ra, gp, tp, t0, t1, t2, s0, s1, a0, a1, a2, a3, a4, a5, a6, a7, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6
        \operation \r, CONTEXT_\r(sp)
.endr
.endm

        .globl trap_entry
# in:       sscratch = CONTEXT of the running thread, or 0 in the kernel; all registers the thread's
# out:      sp = CONTEXT, everything in it; t1 = scause
# clobbers: sp t0 t1 t2
# from:     start, (a trap in U-mode)
# traps:    never
trap_entry:
        csrrw   sp, sscratch, sp
        beqz    sp, kernel_trap
        CONTEXT_REGISTERS sy
        csrrw   t0, sscratch, zero
        csrr    t2, sepc                        # may be a token that was jumped to, opened: it stays in the CONTEXT
        sy      t0, CONTEXT_sp(sp)
        sy      t2, CONTEXT_pcc(sp)
        csrr    t1, scause
        bltz    t1, tick                        # the timer's is the only interrupt enabled
        li      t2, CAUSE_ecallFromU
        bne     t1, t2, fault
        li      t2, SYS_exit
        bne     a7, t2, fault

        .globl system_exit
# in:       sp = CONTEXT, a0 = status, t1 = scause
# out:      the run ends; a fault, unless the thread's first compartment asks
# clobbers: t0 t2 t3
# from:     trap_entry
# traps:    never
system_exit:
        ly      t0, kernel_data
        li      t2, KERNEL_base
        yaddrw  t0, t0, t2
        ly      t2, KERNEL_trusted(t0)
        ly      t0, KERNEL_finisher(t0)
        csrr    t3, utidc
        ysunseal t3, t2, t3
        ly      t2, TRUSTED_top - TOKEN_bias(t3)
        ld      t3, TRUSTED_first - TOKEN_bias(t3)
        bne     t2, t3, fault

        .globl finish
# in:       a0 = status, of 16 bits; t0 = finisher
# out:      does not return; the run ends
# clobbers: t1 t2
# from:     system_exit, loader_refuse, client_fault, kernel_trap
# traps:    never
finish:
        li      t1, FINISHER_pass
        beqz    a0, 1f
        slli    t1, a0, FINISHER_codeBit
        li      t2, FINISHER_fail
        or      t1, t1, t2
1:      sw      t1, 0(t0)
2:      j       2b

        .globl resume
# in:       sp = CONTEXT
# out:      the thread goes on in U-mode
# clobbers: ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6
# from:     start, tick, fault_caller
# traps:    in U-mode, if the thread's pcc is no capability to run by
resume:
        ly      t0, CONTEXT_pcc(sp)
        csrw    sepc, t0
        csrw    sscratch, sp
        sc.d    zero, zero, (sp)                # fails: no reservation outlives a trap, whoever goes on
        CONTEXT_REGISTERS ly
        ly      sp, CONTEXT_sp(sp)
        sret

        .globl kernel_trap
# in:       a trap in the kernel, which is a bug of it
# out:      does not return; the run ends with STATUS_kernelTrap
# clobbers: t0 t1 a0
# from:     trap_entry
# traps:    never
kernel_trap:
        ly      t0, kernel_data
        li      t1, KERNEL_base
        yaddrw  t0, t0, t1
        ly      t0, KERNEL_finisher(t0)
        li      a0, STATUS_kernelTrap
        j       finish

        .section .text.schedule, "ax"

        .globl tick
# in:       sp = CONTEXT of the thread whose time is up
# out:      sp = CONTEXT of the next; the timer armed anew
# clobbers: sp t0 t1
# from:     trap_entry
# traps:    never
tick:
        csrr    t0, time
        li      t1, TICK_cycles
        add     t0, t0, t1
        csrw    stimecmp, t0
        ly      sp, CONTEXT_next(sp)
        ly      t0, CONTEXT_token(sp)
        csrw    utidc, t0                       # the next thread's trusted stack
        j       resume
