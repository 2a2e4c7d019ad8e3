# A mixture as programs have it: a list that is walked, a state machine over bytes, a small product of matrices, a checksum.

        .equ    NODES, 64
        .equ    STRIDE, 13
        .equ    NODE_next, 0
        .equ    NODE_value, 16
        .equ    NODE_BIT, 5
        .equ    TEXT_bytes, 256
        .equ    ORDER, 8
        .equ    MATRIX_bytes, 4 * ORDER * ORDER

        .section .text.compute, "ax"

        .globl micro
# in:       a0 = memory, a1 = its bytes, a2 = turns, ra = return, sp = stack
# out:      a0 = checksum
# clobbers: t0 t1 t2 s0 s1 a0 a2 a3 a4 a5 a6 a7 s2 s3 s4 t3 t4 t5 t6
# from:     micro_start
# traps:    never
micro:
        mv      a6, a2                          # a6 = turns left
        li      a7, 0                           # a7 = checksum
        PTR_MOVE s0, a0                         # s0 = memory: nodes, then bytes, then matrices

        # Links NODES nodes; node i is followed by node (i + STRIDE) mod NODES.
        li      t0, 0
1:      slli    t1, t0, NODE_BIT
        PTR_ADD t1, s0, t1
        addi    t2, t0, STRIDE
        andi    t2, t2, NODES - 1
        slli    t3, t2, NODE_BIT
        PTR_ADD t3, s0, t3
        PTR_STORE t3, NODE_next(t1)
        sd      t0, NODE_value(t1)
        mv      t0, t2
        bnez    t0, 1b

        # Text: digits, signs, dots and letters by a rule.
        li      t1, NODES << NODE_BIT
        PTR_ADD s1, s0, t1                      # s1 = text
        li      t0, 0
        li      t4, 12345
2:      XORSHIFT t4, t5
        andi    t2, t4, 63
        addi    t2, t2, 0x2b                    # from '+' on
        PTR_ADD t3, s1, t0
        sb      t2, 0(t3)
        addi    t0, t0, 1
        li      t2, TEXT_bytes
        bne     t0, t2, 2b
        PTR_ADD s2, s1, t0                      # s2 = matrix A, B and C behind it
        li      t0, 0
3:      PTR_ADD t3, s2, t0
        sw      t0, 0(t3)
        addi    t0, t0, 4
        li      t2, 2 * MATRIX_bytes
        bne     t0, t2, 3b

turn:   # The list.
        PTR_MOVE t0, s0
        li      t1, NODES
4:      ld      t2, NODE_value(t0)
        add     a7, a7, t2
        addi    t2, t2, 1
        sd      t2, NODE_value(t0)
        PTR_LOAD t0, NODE_next(t0)
        addi    t1, t1, -1
        bnez    t1, 4b

        # The state machine: 0 outside, 1 in a number, 2 behind its dot.
        PTR_MOVE t0, s1
        li      t1, TEXT_bytes
        li      a3, 0                           # a3 = state
5:      lbu     t2, 0(t0)
        addi    t3, t2, -0x30
        sltiu   t3, t3, 10
        bnez    t3, 6f
        addi    t3, t2, -0x2e
        bnez    t3, 7f
        addi    t3, a3, -1
        bnez    t3, 7f
        li      a3, 2
        j       8f
6:      bnez    a3, 9f
        li      a3, 1
        addi    a7, a7, 1                       # a number begins
9:      add     a7, a7, t2
        j       8f
7:      li      a3, 0
8:      PTR_ADDI t0, t0, 1
        addi    t1, t1, -1
        bnez    t1, 5b

        # C = A * B, 32-bit elements.
        li      t0, 0                           # t0 = offset of A's row
10:     li      t1, 0                           # t1 = offset of B's column
11:     PTR_ADD a4, s2, t0
        PTR_ADDI a5, s2, MATRIX_bytes
        PTR_ADD a5, a5, t1
        li      t2, 0
        li      t3, ORDER
12:     lw      t4, 0(a4)
        lw      t5, 0(a5)
        mulw    t4, t4, t5
        addw    t2, t2, t4
        PTR_ADDI a4, a4, 4
        PTR_ADDI a5, a5, 4 * ORDER
        addi    t3, t3, -1
        bnez    t3, 12b
        add     a4, t0, t1
        PTR_ADD a4, s2, a4
        sw      t2, 2 * MATRIX_bytes(a4)
        xor     a7, a7, t2
        addi    t1, t1, 4
        li      t6, 4 * ORDER
        bne     t1, t6, 11b
        add     t0, t0, t6
        li      t6, MATRIX_bytes
        bne     t0, t6, 10b

        # CRC-16 of the checksum, bit by bit (reflected polynomial 0xa001).
        li      t0, 64
        li      s3, 0xa001
        mv      s4, a7
13:     andi    t1, s4, 1
        srli    s4, s4, 1
        beqz    t1, 14f
        xor     s4, s4, s3
14:     addi    t0, t0, -1
        bnez    t0, 13b
        add     a7, a7, s4
        addi    a6, a6, -1
        bnez    a6, turn
        mv      a0, a7
        ret
