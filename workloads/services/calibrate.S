# Measures the compute loop on the bare machine: twice the same turns, to warm up and to count.
#
# Constants of the build: CALIBRATE_bytes (of the working set, which follows the image), CALIBRATE_turns.
# Marks on the meter: 1 between the passes, 2 after the second.

        .section .text.harness, "ax"

        .globl calibrate_start
# in:       M-mode at reset: nothing; with capabilities, pcc is Infinite
# out:      does not return
# clobbers: ra t0 t1 s0 s1 a0 a1 a2 a3 s2
# from:     (reset)
# traps:    the store to the finisher ends the run
calibrate_start:
.if CAPABILITY
        auipc   s1, 0                           # s1 = Infinite
        li      t0, DEVICE_meter
        yaddrw  s0, s1, t0
        la      t0, calibrate_memory
        li      t1, CALIBRATE_bytes
        ybndsrw s1, t0, t1
.else
        li      s0, DEVICE_meter
        la      s1, calibrate_memory
.endif
        li      s2, 0                           # s2 = passes done
1:      PTR_MOVE a0, s1
        li      a1, CALIBRATE_bytes
        li      a2, CALIBRATE_turns
        li      a3, 1
        jal     compute
        addi    s2, s2, 1
        sd      s2, 0(s0)
        li      t0, 2
        bne     s2, t0, 1b
.if CAPABILITY
        auipc   t0, 0
        li      t1, DEVICE_finisher
        yaddrw  t0, t0, t1
.else
        li      t0, DEVICE_finisher
.endif
        li      t1, FINISHER_pass
        sw      t1, 0(t0)
2:      j       2b

        .section .bss
        .balign 64
calibrate_memory:
        .zero   CALIBRATE_bytes
