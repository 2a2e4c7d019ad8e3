# The frame around a kernel of the simulator's own benchmark: gives it memory, a stack and its turns, and ends the run.
#
# Constants of the build: MICRO_bytes (of the kernel's memory, which follows the image), MICRO_turns.
# Every kernel is one function, `micro`, for integers and for capabilities alike; what it returns is its checksum.

        .section .text.harness, "ax"

        .globl micro_start
# in:       M-mode at reset: nothing; with capabilities, pcc is Infinite
# out:      does not return
# clobbers: ra sp t0 t1 a0 a1 a2
# from:     (reset)
# traps:    the store to the finisher ends the run
micro_start:
        la      t0, micro_stack
        li      t1, MICRO_stackBytes
        BOUNDED sp, t0, t1
        PTR_ADD sp, sp, t1
        la      t0, micro_memory
        li      t1, MICRO_bytes
        BOUNDED a0, t0, t1
        li      a1, MICRO_bytes
        li      a2, MICRO_turns
        jal     micro
        la      t0, micro_result
        sd      a0, 0(t0)
        li      t0, DEVICE_finisher
.if CAPABILITY
        auipc   t1, 0
        yaddrw  t0, t1, t0
.endif
        li      t1, FINISHER_pass
        sw      t1, 0(t0)
1:      j       1b

        .section .bss
        .balign 64
micro_stack:
        .zero   MICRO_stackBytes
micro_result:
        .zero   8
        .balign 4096
micro_memory:
        .zero   MICRO_bytes
