# Traps: an ECALL a turn, whose handler steps over it and returns.

        .section .text.compute, "ax"

        .globl micro
# in:       a0 = memory, a1 = its bytes, a2 = turns, ra = return, sp = stack
# out:      a0 = checksum
# clobbers: t0 a0 a2
# from:     micro_start
# traps:    an ECALL a turn
micro:
        la      t0, handler
        csrw    mtvec, t0
        li      a0, 0
1:      ecall
        addi    a2, a2, -1
        bnez    a2, 1b
        ret

        .section .text.trap, "ax"
        .balign 64
handler:
        csrw    mscratch, t0
        csrr    t0, mepc
        PTR_ADDI t0, t0, 4
        csrw    mepc, t0
        addi    a0, a0, 1
        csrr    t0, mscratch
        mret
