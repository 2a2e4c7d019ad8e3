# Arithmetic alone: shifts, products, comparisons and a branch that is hard to foresee; memory is never touched.

        .section .text.compute, "ax"

        .globl micro
# in:       a0 = memory, a1 = its bytes, a2 = turns, ra = return, sp = stack
# out:      a0 = checksum
# clobbers: t0 t1 t2 a0 a2
# from:     micro_start
# traps:    never
micro:
        li      t0, 0x9e3779b97f4a7c15          # 2^64 over the golden ratio
        li      a0, 0
1:      XORSHIFT t0, t1
        mul     t1, t0, a2
        srli    t2, t1, 32
        add     a0, a0, t2
        xor     a0, a0, t1
        andi    t2, t0, 3
        bnez    t2, 2f                          # three times of four
        slli    t2, a0, 5
        sub     a0, t2, a0
2:      sltu    t2, a0, t0
        add     a0, a0, t2
        addi    a2, a2, -1
        bnez    a2, 1b
        ret
