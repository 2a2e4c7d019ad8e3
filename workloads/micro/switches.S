# Context switches: two threads that give way to each other, each by an ECALL that saves and restores all registers.

        .equ    CONTEXT_pc, 0                   # then x1 to x31, 16 bytes each
        .equ    CONTEXT_other, 512
        .equ    CONTEXT_bytes, 1024

        .section .text.compute, "ax"

        .globl micro
# in:       a0 = memory, a1 = its bytes, a2 = turns, ra = return, sp = stack
# out:      a0 = checksum
# clobbers: t0 t1 a0 a1 a2 t5 t6
# from:     micro_start
# traps:    an ECALL a switch
micro:
        la      t0, switch
        csrw    mtvec, t0
        li      t1, CONTEXT_bytes
        PTR_ADD t1, a0, t1                      # t1 = the other thread's context
        PTR_STORE t1, CONTEXT_other(a0)
        PTR_STORE a0, CONTEXT_other(t1)
        csrw    mscratch, a0
        la      t0, second
        PTR_STORE t0, CONTEXT_pc(t1)
        li      a0, 0                           # a0 = checksum of the first thread
1:      add     a0, a0, a2
        ecall
        addi    a2, a2, -1
        bnez    a2, 1b
        ret

second: li      a1, 0
2:      addi    a1, a1, 3
        ecall
        j       2b

        .section .text.schedule, "ax"
        .balign 64
switch:
        csrrw   t6, mscratch, t6                # t6 = context; mscratch = its x31
        .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
        PTR_STORE x\n, 16 * \n(t6)
        .endr
        csrr    t5, mscratch
        PTR_STORE t5, 16 * 31(t6)
        csrr    t5, mepc
        PTR_ADDI t5, t5, 4
        PTR_STORE t5, CONTEXT_pc(t6)
        PTR_LOAD t6, CONTEXT_other(t6)
        PTR_LOAD t5, CONTEXT_pc(t6)
        csrw    mepc, t5
        csrw    mscratch, t6
        .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        PTR_LOAD x\n, 16 * \n(t6)
        .endr
        mret
