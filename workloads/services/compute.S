# The application's own work: a loop over the service's working set that loads, mixes, branches on what it finds, and
# now and then stores. It walks on in order and jumps elsewhere in one of eight turns, so that caches see runs and
# strangers.

        .section .text.compute, "ax"

        .globl compute
# in:       a0 = working set, a1 = its bytes (a power of two, 16 at least), a2 = turns, a3 = seed, ra = return
# out:      a0 = the state it ends in
# clobbers: t0 t1 t2 a0 a1 a2 a3 t3 t4
# from:     calibrate_start, service_entry
# traps:    never
compute:
        beqz    a2, 3f
        addi    a1, a1, -16                     # a1 = mask of offsets, in steps of two words
        and     t0, a3, a1                      # t0 = offset, a3 = state
1:      PTR_ADD t1, a0, t0
        ld      t2, 0(t1)
        ld      t3, 8(t1)
        xor     a3, a3, t2
        slli    t4, a3, 13                      # Marsaglia's xorshift ("Xorshift RNGs", 2003), with the words mixed in
        xor     a3, a3, t4
        srli    t4, a3, 7
        xor     a3, a3, t4
        add     a3, a3, t3
        slli    t4, a3, 17
        xor     a3, a3, t4
        addi    t0, t0, 16
        add     a3, a3, t0                      # so that zeros do not stay zeros
        andi    t4, a3, 7
        bnez    t4, 2f
        sd      a3, 0(t1)
        srli    t0, a3, 16
2:      and     t0, t0, a1
        addi    a2, a2, -1
        bnez    a2, 1b
3:      mv      a0, a3
        ret
