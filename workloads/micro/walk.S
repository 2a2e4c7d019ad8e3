# Walks over an array larger than the first-level cache, adding each word to its neighbour.

        .section .text.compute, "ax"

        .globl micro
# in:       a0 = memory, a1 = its bytes, a2 = turns, ra = return, sp = stack
# out:      a0 = checksum
# clobbers: t0 t1 t2 a0 a2 a3 t3
# from:     micro_start
# traps:    never
micro:
        li      a3, 0                           # a3 = checksum
1:      PTR_MOVE t0, a0
        PTR_ADD t3, a0, a1                      # t3 = end
2:      ld      t1, 0(t0)
        ld      t2, 8(t0)
        add     t1, t1, t2
        addi    t1, t1, 1
        sd      t1, 0(t0)
        add     a3, a3, t1
        PTR_ADDI t0, t0, 16
        bne     t0, t3, 2b
        addi    a2, a2, -1
        bnez    a2, 1b
        mv      a0, a3
        ret
