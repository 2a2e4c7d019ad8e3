# Marshalling: words become variable-length integers, as in the wire format of Protocol Buffers, and words again.

        .section .text.compute, "ax"

        .globl micro
# in:       a0 = memory, a1 = its bytes, a2 = turns, ra = return, sp = stack
# out:      a0 = checksum
# clobbers: t0 t1 t2 a0 a1 a2 a3 a4 a5 a6 t3 t4 t5 t6
# from:     micro_start
# traps:    never
micro:
        srli    a3, a1, 1
        PTR_ADD a4, a0, a3                      # a4 = the encoded half
        li      a6, 0                           # a6 = checksum
        srli    a3, a3, 1                       # an integer of 64 bits may take ten bytes: half the words there are
        li      t6, 0x9e3779b97f4a7c15
        PTR_MOVE t0, a0
        PTR_ADD a5, a0, a3                      # a5 = end of the words
1:      XORSHIFT t6, t1
        andi    t2, t6, 63
        srl     t1, t6, t2                      # lengths of all kinds
        sd      t1, 0(t0)
        PTR_ADDI t0, t0, 8
        bne     t0, a5, 1b

turn:   PTR_MOVE t0, a0
        PTR_MOVE t1, a4
2:      ld      t2, 0(t0)
        li      t5, 128
        j       4f
3:      ori     t3, t2, 0x80
        sb      t3, 0(t1)
        srli    t2, t2, 7
        PTR_ADDI t1, t1, 1
4:      bgeu    t2, t5, 3b
        sb      t2, 0(t1)
        PTR_ADDI t1, t1, 1
        PTR_ADDI t0, t0, 8
        bne     t0, a5, 2b

        PTR_MOVE t0, a4
5:      li      t2, 0
        li      t3, 0
6:      lb      t4, 0(t0)
        PTR_ADDI t0, t0, 1
        andi    t5, t4, 0x7f
        sll     t5, t5, t3
        or      t2, t2, t5
        addi    t3, t3, 7
        bltz    t4, 6b
        add     a6, a6, t2
        bne     t0, t1, 5b
        addi    a2, a2, -1
        bnez    a2, turn
        mv      a0, a6
        ret
