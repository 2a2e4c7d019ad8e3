# Memory for decoded messages, as upb's arena gives it: taken from the front, never freed singly, empty again per
# request.

        .section .text.allocate, "ax"

        .globl arena_allocate
# in:       a0 = bytes, a1 = ARENA, ra = return
# out:      a0 = a zeroed object, or 0 where the arena is full
# clobbers: t0 t5
# from:     unmarshal
# traps:    never
arena_allocate:
        jal     t5, arena_take
        beqz    a0, 2f
        PTR_MOVE t0, a0
1:      sd      zero, 0(t0)                     # t2 = the object's end, t0 = the first byte not yet zero
        sd      zero, 8(t0)
        PTR_ADDI t0, t0, 16
        bltu    t0, t2, 1b
2:      ret

        .globl arena_take
# in:       a0 = bytes, a1 = ARENA, t5 = return
# out:      a0 = memory as it was, in multiples of 16 bytes, or 0; t2 = its end
# clobbers: t0 t1 t2 a0 t3
# from:     arena_allocate, arena_grow
# traps:    never
arena_take:
        PTR_LOAD t1, ARENA_base(a1)
        ld      t0, ARENA_used(a1)
        ld      t2, ARENA_capacity(a1)
        addi    a0, a0, 15
        andi    a0, a0, -16
.if CAPABILITY                                  # long bounds are exact at multiples of a power of two (YAMASK)
        yamask  t3, a0
        not     t4, t3
        add     a0, a0, t4
        and     a0, a0, t3
        add     t0, t0, t1
        add     t0, t0, t4
        and     t0, t0, t3
        sub     t0, t0, t1
.endif
        add     t3, t0, a0                      # t3 = bytes in use afterwards
        bltu    t2, t3, 1f
        sd      t3, ARENA_used(a1)
        PTR_ADD t1, t1, t0
        add     t2, t1, a0
.if CAPABILITY
        ybndsw  a0, t1, a0
.else
        mv      a0, t1
.endif
        jr      t5
1:      li      a0, 0
        jr      t5

        .globl arena_grow
# in:       a0 = a full array of pointers, a1 = ARENA, a2 = its entries: 0, or a power of two from 4 on; ra = return
# out:      a0 = an array of twice as many (of 4 at first) that begins with the same, or 0 where the arena is full
# clobbers: t0 t1 a0 a2 a3 t5
# from:     unmarshal
# traps:    never
arena_grow:
        PTR_MOVE a3, a0                         # a3 = the old array
        slli    a0, a2, PTR_BIT + 1
        bnez    a2, 1f
        li      a0, 4 * PTR_BYTES
1:      jal     t5, arena_take
        beqz    a0, 3f
        beqz    a2, 3f
        PTR_MOVE t0, a0
2:      PTR_LOAD t1, 0(a3)
        PTR_ADDI a3, a3, PTR_BYTES
        PTR_STORE t1, 0(t0)
        PTR_ADDI t0, t0, PTR_BYTES
        addi    a2, a2, -1
        bnez    a2, 2b
3:      ret
