# Sealed calls: a caller that may not touch an object calls the code that may, by a sentry, and hands it the sealed object.
# With integers the same is a call through a pointer.

        .equ    OBJECT_calls, 0
        .equ    OBJECT_bytes, 64

        .section .text.compute, "ax"

        .globl micro
# in:       a0 = memory, a1 = its bytes, a2 = turns, ra = return, sp = stack
# out:      a0 = checksum
# clobbers: ra t0 t1 t2 s0 s1 a0 a2 a3 s2 s3
# from:     micro_start
# traps:    never
micro:
        PTR_MOVE s2, ra                         # s2 = return
        PTR_MOVE s0, a0                         # s0 = what the callee unseals with
        PTR_ADDI s1, a0, 1                      # a token's address is odd, so that no jump can use it
        la      s3, callee
.if CAPABILITY
        li      t0, OBJECT_bytes
        ybndsw  s1, a0, t0
        PTR_ADDI s1, s1, 1
        ysentry s1, s1                          # s1 = token
        ysentry s3, s3                          # s3 = entry
.endif
        li      a3, 0                           # a3 = checksum
1:      PTR_MOVE a0, s1
        jalr    s3
        add     a3, a3, a0
        addi    a2, a2, -1
        bnez    a2, 1b
        mv      a0, a3
        PTR_MOVE ra, s2
        ret

# a0 = token; counts the call in its object, gives the count, and leaves nothing behind in temporary registers.
callee:
.if CAPABILITY
        ysunseal t0, s0, a0
.else
        mv      t0, a0
.endif
        ld      t1, OBJECT_calls - 1(t0)
        addi    t1, t1, 1
        sd      t1, OBJECT_calls - 1(t0)
        mv      a0, t1
        li      t0, 0
        li      t1, 0
        li      t2, 0
        ret
