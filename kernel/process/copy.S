# Copies between a user buffer and a ring: the only kernel code that touches user memory, hence the only that may fault.

        .section .text.copy, "ax"

# One word of a copy whose source lies across words: its low part is in \now, the rest in \next; \later is loaded ahead, so
# that no instruction waits for the load before it.
.macro SHIFTED_WORD now, next, later, offset
        ld      \later, \offset + 16(a4)
        srl     \now, \now, t1
        sll     t6, \next, t2
        or      \now, \now, t6
        sd      \now, \offset(a3)
.endm

        .globl copy_bytes
# Copies up to the end of the destination. User pages are open to the kernel (SUM) only in here.
# Between buffers that lie alike in their words: 64 bytes in 19 instructions; otherwise 48 in 33.
# in:       a3 = to, a4 = from, a5 = end of to; t0 = link; sscratch = TCB
# out:      a3 = end of to, a4 = end of from; t6 = TCB
# clobbers: t1 t2 a3 a4 a5 a6 t3 t4 t6
# from:     exception, send, receive
# traps:    page and access faults on the user's side: to copy_fault
copy_bytes:
        li      a6, SSTATUS_SUM
        csrs    sstatus, a6
        xor     t1, a3, a4
        andi    t1, t1, 7
        bnez    t1, copy_shifted
        andi    t1, a3, 7
        bnez    t1, copy_to_word
copy_words:                                     # both at words
        addi    a5, a5, -63                     # where 64 bytes are no longer left
        bgeu    a3, a5, 2f
1:      ld      t1, 0(a4)
        ld      t2, 8(a4)
        ld      t4, 16(a4)
        ld      a6, 24(a4)
        sd      t1, 0(a3)
        sd      t2, 8(a3)
        sd      t4, 16(a3)
        sd      a6, 24(a3)
        ld      t1, 32(a4)
        ld      t2, 40(a4)
        ld      t4, 48(a4)
        ld      a6, 56(a4)
        sd      t1, 32(a3)
        sd      t2, 40(a3)
        sd      t4, 48(a3)
        sd      a6, 56(a3)
        addi    a4, a4, 64
        addi    a3, a3, 64
        bltu    a3, a5, 1b
2:      addi    a5, a5, 56                      # where 8 are no longer left
        bgeu    a3, a5, 4f
3:      ld      t1, 0(a4)
        addi    a4, a4, 8
        sd      t1, 0(a3)
        addi    a3, a3, 8
        bltu    a3, a5, 3b
4:      addi    a5, a5, 7                       # the end
        bgeu    a3, a5, copy_done
copy_rest:                                      # the last bytes, at least one
        lbu     t1, 0(a4)
        addi    a4, a4, 1
        sb      t1, 0(a3)
        addi    a3, a3, 1
        bltu    a3, a5, copy_rest
copy_done:
        li      a6, SSTATUS_SUM
        csrc    sstatus, a6
        jr      t0

copy_to_word:                                   # bytes until both are at a word
        bgeu    a3, a5, copy_done
        lbu     t1, 0(a4)
        addi    a4, a4, 1
        sb      t1, 0(a3)
        addi    a3, a3, 1
        andi    t1, a3, 7
        bnez    t1, copy_to_word
        j       copy_words

copy_shifted:                                   # bytes until the destination is at a word
        andi    t1, a3, 7
        beqz    t1, 1f
        bgeu    a3, a5, copy_done
        lbu     t1, 0(a4)
        addi    a4, a4, 1
        sb      t1, 0(a3)
        addi    a3, a3, 1
        j       copy_shifted
1:      addi    a5, a5, -7                      # where 8 bytes are no longer left
        bgeu    a3, a5, 5f
        andi    t1, a4, 7
        sub     a4, a4, t1                      # the word that holds the first byte; no word without a wanted byte is read
        slli    t1, t1, 3                       # shift of the word at hand
        neg     t2, t1                          # shift of the next one, modulo 64
        ld      t4, 0(a4)                       # the word at hand
        addi    a5, a5, -48                     # where 56 are no longer left
        bgeu    a3, a5, 3f
        ld      t3, 8(a4)
2:      SHIFTED_WORD t4, t3, a6, 0
        SHIFTED_WORD t3, a6, t4, 8
        SHIFTED_WORD a6, t4, t3, 16
        SHIFTED_WORD t4, t3, a6, 24
        SHIFTED_WORD t3, a6, t4, 32
        SHIFTED_WORD a6, t4, t3, 40
        addi    a4, a4, 48
        addi    a3, a3, 48
        bltu    a3, a5, 2b
3:      addi    a5, a5, 48                      # where 8 are no longer left
4:      ld      t3, 8(a4)
        addi    a4, a4, 8
        srl     t4, t4, t1
        sll     t6, t3, t2
        or      t4, t4, t6
        sd      t4, 0(a3)
        addi    a3, a3, 8
        mv      t4, t3
        bltu    a3, a5, 4b
        srli    t1, t1, 3
        add     a4, a4, t1
        csrr    t6, sscratch                    # SHIFTED_WORD's
5:      addi    a5, a5, 7                       # the end
        bltu    a3, a5, copy_rest
        j       copy_done

        .globl copy_end
# Exceptions between copy_bytes and here are the user's fault.
# in:       -
# out:      -
# clobbers: -
# from:     exception
# traps:    -
copy_end:
