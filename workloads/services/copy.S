# Copies a string in user mode, by words. No word is misaligned, as the cores modelled here trap on that, and none
# reaches beyond the string, so that exactly bounded capabilities suffice.

        .section .text.copy, "ax"

.macro SHIFTED_WORD now, next, offset           # one word from \now's upper bytes and \next's lower ones
        ld      \next, \offset(a1)
        sll     a4, \next, t1
        or      \now, \now, a4
        sd      \now, \offset(a0)
        srl     \now, \next, t2
.endm

        .globl copy_string
# in:       a0 = to, a1 = from, a2 = bytes, ra = return
# out:      -
# clobbers: t0 t1 t2 a0 a1 a2 a3 a4 t3
# from:     marshal
# traps:    never
copy_string:
        add     a3, a0, a2                      # a3 = address of the end of `to`
        sltiu   t0, a2, 16
        bnez    t0, copy_bytes_left
        andi    t0, a1, 7
        bnez    t0, copy_unaligned
        neg     t1, a0
        andi    t1, t1, 7                       # t1 = bytes before a word of `to` begins
        beqz    t1, copy_words
        add     a2, a2, a1
        addi    a2, a2, -7                      # a2 = from here on, `from` has no whole word left
        add     a4, a0, t1                      # a4 = address of that word
        ld      t0, 0(a1)                       # t0 = bytes in hand
        PTR_ADDI a1, a1, 8
1:      sb      t0, 0(a0)
        srli    t0, t0, 8
        PTR_ADDI a0, a0, 1
        bltu    a0, a4, 1b
        slli    t2, t1, 3                       # t1 = bits in hand, t2 = 64 - t1
        neg     t1, t2
        andi    t1, t1, 63
        j       copy_shifted

copy_unaligned:                                 # bytes, until `to` is at a word
        andi    t0, a0, 7
        beqz    t0, 1f
        lbu     t1, 0(a1)
        PTR_ADDI a1, a1, 1
        sb      t1, 0(a0)
        PTR_ADDI a0, a0, 1
        j       copy_unaligned
1:      sub     a2, a3, a0
        add     a2, a2, a1
        addi    a2, a2, -7
        andi    t0, a1, 7
        beqz    t0, copy_words
        li      t0, 0
        li      t1, 0
2:      lbu     t2, 0(a1)                       # bytes, until `from` is at one
        PTR_ADDI a1, a1, 1
        sll     t2, t2, t1
        or      t0, t0, t2
        addi    t1, t1, 8
        andi    t2, a1, 7
        bnez    t2, 2b
        neg     t2, t1
        j       copy_shifted

copy_words:                                     # both at words
        addi    a2, a3, -31                     # 32 bytes a turn
        bgeu    a0, a2, 4f
3:      ld      t0, 0(a1)
        ld      t1, 8(a1)
        ld      t2, 16(a1)
        ld      t3, 24(a1)
        sd      t0, 0(a0)
        sd      t1, 8(a0)
        sd      t2, 16(a0)
        sd      t3, 24(a0)
        PTR_ADDI a1, a1, 32
        PTR_ADDI a0, a0, 32
        bltu    a0, a2, 3b
4:      addi    a2, a3, -7
        bgeu    a0, a2, 7f
1:      ld      t0, 0(a1)                       # 8 bytes a turn
        PTR_ADDI a1, a1, 8
        sd      t0, 0(a0)
        PTR_ADDI a0, a0, 8
        bltu    a0, a2, 1b
        j       7f
copy_bytes_left:
        addi    a2, a3, -3
        bgeu    a0, a2, 7f
6:      lbu     t0, 0(a1)                       # 4 bytes a turn
        lbu     t1, 1(a1)
        lbu     t2, 2(a1)
        lbu     t3, 3(a1)
        sb      t0, 0(a0)
        sb      t1, 1(a0)
        sb      t2, 2(a0)
        sb      t3, 3(a0)
        PTR_ADDI a1, a1, 4
        PTR_ADDI a0, a0, 4
        bltu    a0, a2, 6b
7:      bgeu    a0, a3, 9f
8:      lbu     t0, 0(a1)
        PTR_ADDI a1, a1, 1
        sb      t0, 0(a0)
        PTR_ADDI a0, a0, 1
        bltu    a0, a3, 8b
9:      ret

# Both at words, with bytes in hand: each word of `to` is made of those and of the next word of `from`.
copy_shifted:
        addi    a2, a2, -24
        bgeu    a1, a2, 3f
2:      SHIFTED_WORD t0, t3, 0
        SHIFTED_WORD t0, t3, 8
        SHIFTED_WORD t0, t3, 16
        SHIFTED_WORD t0, t3, 24
        PTR_ADDI a1, a1, 32
        PTR_ADDI a0, a0, 32
        bltu    a1, a2, 2b
3:      addi    a2, a2, 24
        bgeu    a1, a2, 5f
4:      SHIFTED_WORD t0, t3, 0
        PTR_ADDI a1, a1, 8
        PTR_ADDI a0, a0, 8
        bltu    a1, a2, 4b
5:      srli    t1, t1, 3                       # of what is left, some is in hand
        neg     t1, t1
        PTR_ADD a1, a1, t1
        j       copy_bytes_left
