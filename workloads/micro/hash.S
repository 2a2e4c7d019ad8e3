# A hash table with open addressing, larger than the caches: counts how often each of many keys has come.

        .equ    ENTRY_key, 0                    # 0: empty
        .equ    ENTRY_count, 8
        .equ    ENTRY_BIT, 4
        .equ    ENTRY_bytes, 1 << ENTRY_BIT

        .section .text.compute, "ax"

        .globl micro
# in:       a0 = memory, a1 = its bytes, a2 = turns, ra = return, sp = stack
# out:      a0 = checksum
# clobbers: t0 t1 t2 s0 s1 a0 a1 a2 a3 t3
# from:     micro_start
# traps:    never
micro:
        li      s0, 0x9e3779b97f4a7c15          # s0 = state of the generator
        li      s1, 0x2545f4914f6cdd1d          # an odd factor, which mixes the key's bits upward
        addi    a1, a1, -ENTRY_bytes            # a1 = mask of offsets
        srli    t3, a1, ENTRY_BIT + 1           # t3 = mask of keys: the table gets half full
        li      a3, 0                           # a3 = checksum
1:      XORSHIFT s0, t0
        and     t2, s0, t3
        addi    t2, t2, 1                       # t2 = key, never 0
        mul     t0, t2, s1
        srli    t0, t0, 20
2:      slli    t0, t0, ENTRY_BIT
        and     t0, t0, a1
        PTR_ADD t0, a0, t0
        ld      t1, ENTRY_key(t0)
        beq     t1, t2, 3f
        beqz    t1, 4f
        sub     t0, t0, a0                      # the offset, an integer again
        srli    t0, t0, ENTRY_BIT
        addi    t0, t0, 1
        j       2b
4:      sd      t2, ENTRY_key(t0)
3:      ld      t1, ENTRY_count(t0)
        addi    t1, t1, 1
        sd      t1, ENTRY_count(t0)
        add     a3, a3, t1
        addi    a2, a2, -1
        bnez    a2, 1b
        mv      a0, a3
        ret
