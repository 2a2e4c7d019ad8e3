# M-mode: takes the Infinite capability at reset, derives the kernel's roots from it, delegates every trap, and drops it.

        .section .text.boot, "ax"

        .balign PTR_BYTES
        .globl machine_trap
# in:       nothing
# out:      does not return; the run ends with STATUS_machineTrap
# clobbers: t0 t1
# from:     boot, (a trap in M-mode, or one that could not be delegated)
# traps:    never
machine_trap:
        ly      t0, machine_finisher
        li      t1, STATUS_machineTrap << FINISHER_codeBit | FINISHER_fail
        sw      t1, 0(t0)
1:      j       1b
        .balign PTR_BYTES
machine_finisher:
        .zero   PTR_BYTES
machine_trap_end:

# Atlas of the roots that boot hands to the loader; no other register survives.
#   s0 kernel data                    s4 switcher text, as data to write      s8 manifest tables, read only
#   s1 compartments' memory, as code  s5 switcher text, as code
#   s2 compartments' memory, as data  s6 trusted stack and stack
#   s3 devices to grant               s7 the finisher

        .globl boot
# in:       pcc = Infinite, M-mode, translation off
# out:      does not return; load in S-mode, with the roots
# clobbers: ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6
# from:     (reset)
# traps:    once, where the hart has no PMP
boot:
        la      t0, 1f
        csrw    mtvec, t0                       # no PMP: illegal instruction, and on at 1
        li      t0, -1
        csrw    pmpaddr0, t0
        li      t0, PMP_NAPOT_RWX
        csrw    pmpcfg0, t0                     # PMP: all memory open to S and U
        .balign 4
1:
        li      t0, -1
        csrw    medeleg, t0
        csrw    mideleg, t0
        li      t0, 1 << MENVCFG_STCE_BIT | ENVCFG_CBZE
        csrw    menvcfg, t0
        li      t0, COUNTEREN_TM
        csrw    mcounteren, t0
        li      t0, MSTATUS_MPP_S
        csrw    mstatus, t0

        auipc   t2, 0                           # t2 = Infinite
        DERIVE  s0, t2, KERNEL_DATA_base, KERNEL_DATA_bytes, CLEAR_TO_STACK
        DERIVE  s1, t2, USER_base, USER_bytes, CLEAR_TO_CODE
        DERIVE  s2, t2, USER_base, USER_bytes, CLEAR_TO_DATA
        DERIVE  s3, t2, DEVICES_base, DEVICES_bytes, CLEAR_TO_DEVICE
        DERIVE  s4, t2, SWITCHER_base, SWITCHER_bytes, CLEAR_TO_DATA
        DERIVE  s5, t2, SWITCHER_base, SWITCHER_bytes, CLEAR_TO_CODE
        DERIVE  s6, t2, STACKS_base, STACKS_bytes, CLEAR_TO_STACK
        DERIVE  s7, t2, DEVICE_finisher, FINISHER_bytes, CLEAR_TO_DEVICE
        DERIVE  s8, t2, TABLES_base, TABLES_bytes, CLEAR_TO_TABLE

        la      t0, kernel_data                 # where the kernel's code finds its data
        sy      s0, 0(t0)
        la      t0, machine_finisher
        sy      s7, 0(t0)

        la      t0, machine_trap                # from here on M-mode can do one thing: end the run
        li      t1, machine_trap_end - machine_trap
        ybndsw  t0, t0, t1
        li      t1, PERM_W | PERM_ASR
        ypermc  t0, t0, t1
        csrw    mtvec, t0
        DERIVE  t2, t2, KERNEL_TEXT_base, KERNEL_TEXT_bytes, PERM_W
        la      t0, load
        yaddrw  t2, t2, t0
        csrw    mepc, t2
.irp csr, mscratch, mtidc, stvec, sepc, sscratch, stidc, utidc
        csrw    \csr, zero
.endr
        CLEAR_TEMPORARIES
.irp r, ra, sp, gp, a0, a1, s9, s10, s11
        li      \r, 0
.endr
        mret                                    # the pcc was the last to hold Infinite
