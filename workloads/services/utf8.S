# Checks that a string is UTF-8 (RFC 3629), as parsers of proto3 must: by words where it is ASCII, which most are.

        .section .text.unmarshal, "ax"

        .globl utf8_check
# in:       a0 = string, a1 = its bytes, a2 = 0x8080808080808080, ra = return; the words of its first and of its last
#           byte may be read whole
# out:      a0 = 0 where it is well formed, else 1
# clobbers: t0 t1 t2 a0 a1 t3 t4
# from:     unmarshal
# traps:    never
utf8_check:
        beqz    a1, utf8_well
        andi    t0, a0, 7
        neg     t1, t0
        PTR_ADD t1, a0, t1                      # t1 = the word at hand
        add     a1, a0, a1                      # a1 = address of the string's end
        ld      t2, 0(t1)                       # t2 = what it holds, t3 = all words before it
        slli    t0, t0, 3
        slli    t4, a1, 3
        neg     t4, t4                          # t4 = bits of the last word behind the string
        srl     t2, t2, t0
        sll     t2, t2, t0
        PTR_ADDI t1, t1, 8
        mv      t3, t2
        bgeu    t1, a1, 2f
1:      or      t3, t3, t2
        ld      t2, 0(t1)
        PTR_ADDI t1, t1, 8
        bltu    t1, a1, 1b
        sll     t2, t2, t4
        or      t3, t3, t2
        and     t3, t3, a2
        bnez    t3, utf8_next
utf8_well:
        li      a0, 0
        ret
2:      sll     t3, t3, t4                      # a single word
        and     t3, t3, a2
        beqz    t3, utf8_well

# Not all ASCII: character by character.
utf8_next:
        bgeu    a0, a1, utf8_well
        lb      t0, 0(a0)
        bltz    t0, utf8_character
        PTR_ADDI a0, a0, 1
        j       utf8_next

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
