# Calls: Fibonacci numbers by recursion, with a frame on the stack for each call.

        .equ    MICRO_depth, 15                 # 1,973 calls
        .equ    FRAME_n, 16                     # behind the return address, however wide that is
        .equ    FRAME_bytes, 32

        .section .text.compute, "ax"

        .globl micro
# in:       a0 = memory, a1 = its bytes, a2 = turns, ra = return, sp = stack
# out:      a0 = checksum
# clobbers: ra sp t0 s0 s1 a0 a2 s2
# from:     micro_start
# traps:    never
micro:
        PTR_MOVE s2, ra                         # s2 = return
        mv      s1, a2
        li      s0, 0                           # s0 = checksum
1:      li      a0, MICRO_depth
        jal     fibonacci
        add     s0, s0, a0
        addi    s1, s1, -1
        bnez    s1, 1b
        mv      a0, s0
        PTR_MOVE ra, s2
        ret

# a0 = n; gives the n-th Fibonacci number.
fibonacci:
        li      t0, 2
        bltu    a0, t0, 1f
        PTR_ADDI sp, sp, -FRAME_bytes
        PTR_STORE ra, 0(sp)
        sd      a0, FRAME_n(sp)
        addi    a0, a0, -1
        jal     fibonacci
        ld      t0, FRAME_n(sp)
        sd      a0, FRAME_n(sp)                 # now the first addend
        addi    a0, t0, -2
        jal     fibonacci
        ld      t0, FRAME_n(sp)
        add     a0, a0, t0
        PTR_LOAD ra, 0(sp)
        PTR_ADDI sp, sp, FRAME_bytes
1:      ret
