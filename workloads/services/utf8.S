# Checks that a string is UTF-8 (RFC 3629): eight bytes at a time as long as they are ASCII, as parsers of proto3 must.

        .section .text.unmarshal, "ax"

        .globl utf8_check
# in:       a0 = string, a1 = its bytes, ra = return
# out:      a0 = 0 where it is well formed, else 1
# clobbers: t0 t1 t2 a0 a1 t3 t4
# from:     unmarshal
# traps:    never
utf8_check:
        sltiu   t0, a1, 16
        add     a1, a0, a1                      # a1 = address of its end
        beqz    t0, utf8_next
        addi    t2, a1, -3
        bgeu    a0, t2, 4f
1:      lb      t0, 0(a0)                       # a short string: four bytes a turn
        lb      t1, 1(a0)
        lb      t3, 2(a0)
        lb      t4, 3(a0)
        or      t0, t0, t1
        or      t3, t3, t4
        or      t0, t0, t3
        bltz    t0, 4f
        PTR_ADDI a0, a0, 4
        bltu    a0, t2, 1b
        j       4f
utf8_next:
        andi    t0, a0, 7                       # bytes, until a word begins
        beqz    t0, 2f
        bgeu    a0, a1, 5f
        lb      t0, 0(a0)
        bltz    t0, utf8_character
        PTR_ADDI a0, a0, 1
        j       utf8_next
2:      addi    t2, a1, -7
        bgeu    a0, t2, 4f
        li      t3, -0x7f7f7f80                 # t3 = 0x8080808080808080
        not     t4, t3
        slli    t4, t4, 32
        xor     t3, t3, t4
3:      ld      t0, 0(a0)
        and     t0, t0, t3
        bnez    t0, 4f
        PTR_ADDI a0, a0, 8
        bltu    a0, t2, 3b
4:      bgeu    a0, a1, 5f                      # the last bytes, or a word with some that are not ASCII
        lb      t0, 0(a0)
        bltz    t0, utf8_character
        PTR_ADDI a0, a0, 1
        j       4b
5:      li      a0, 0
        ret

# A character of two to four bytes at a0: t0 = its code point so far, t2 = bytes to come, t4 = the least that needs so
# many.
utf8_character:
        lbu     t0, 0(a0)
        li      t1, 0xc2                        # below: a continuation, or a lead that no shortest form has
        bltu    t0, t1, utf8_wrong
        li      t2, 1
        li      t4, 0x80
        li      t1, 0xe0
        bltu    t0, t1, 1f
        li      t2, 2
        li      t4, 0x800
        li      t1, 0xf0
        bltu    t0, t1, 1f
        li      t2, 3
        li      t4, 0x10000
        li      t1, 0xf5                        # from here on: beyond U+10FFFF
        bgeu    t0, t1, utf8_wrong
1:      li      t1, 0x3f
        srl     t1, t1, t2
        and     t0, t0, t1
2:      PTR_ADDI a0, a0, 1
        bgeu    a0, a1, utf8_wrong
        lbu     t1, 0(a0)
        xori    t1, t1, 0x80
        sltiu   t3, t1, 0x40
        beqz    t3, utf8_wrong                  # not a continuation
        slli    t0, t0, 6
        or      t0, t0, t1
        addi    t2, t2, -1
        bnez    t2, 2b
        PTR_ADDI a0, a0, 1
        bltu    t0, t4, utf8_wrong
        srli    t1, t0, 11
        addi    t1, t1, -(0xd800 >> 11)         # a surrogate
        beqz    t1, utf8_wrong
        srli    t1, t0, 16
        sltiu   t1, t1, 0x11
        beqz    t1, utf8_wrong
        j       utf8_next
utf8_wrong:
        li      a0, 1
        ret
