# Reads a payload as an application would: field by field in order, nested messages where they stand, until it has read
# enough. Each word read goes into a checksum, which the host foretells (workloads/messages.ts): a byte that a
# deployment loses or changes on the way fails the run.
#
# All along: s0 = the checksum, s1 = bytes still to be read. In an object: s2 = the object, s3 = FIELD at hand, s4 =
# address of the end of its FIELDs, s5, s6 = array and elements left.

        .section .text.application, "ax"

        .globl touch
# in:       a0 = payload or 0, a1 = bytes to read of it, a2 = the checksum so far, ra = return
# out:      a0 = the checksum
# clobbers: ra sp t0 t1 t2 s0 s1 a0 a1 a2 s2 s3 s4 s5 s6 t3 t4
# from:     service_entry
# traps:    where the payload is not what its schema says
touch:
        beqz    a0, 1f
        beqz    a1, 1f
        ENTER   0, ra, s0, s1
        mv      s0, a2
        mv      s1, a1
        la      a1, schema_payload
        jal     touch_object
        mv      a0, s0
        LEAVE   ra, s0, s1
1:      mv      a0, a2
        ret

# Reads the object a0 of type a1.
touch_object:
        ENTER   0, ra, s2, s3, s4, s5, s6
        PTR_MOVE s2, a0
        lwu     t0, TYPE_fieldCount(a1)
        PTR_ADDI s3, a1, TYPE_fields
        slli    t0, t0, FIELD_BIT
        add     s4, s3, t0
        PTR_ADDI s3, s3, -FIELD_bytes
touch_field:
        PTR_ADDI s3, s3, FIELD_bytes
        beq     s3, s4, touch_object_end
        beqz    s1, touch_object_end
        lbu     t0, FIELD_kind(s3)
        lhu     t1, FIELD_at(s3)
        lhu     t2, FIELD_lengthAt(s3)
        PTR_ADD t1, s2, t1                      # t1 = where the value stands, t2 = where its length does
        beqz    t0, touch_string
        addi    t0, t0, -KIND_message
        beqz    t0, touch_message
        addi    t0, t0, KIND_message - KIND_repeated
        beqz    t0, touch_repeated

        ld      t2, 0(t1)                       # int64 or fixed64
        MIX     s0, t2, t0
        addi    s1, s1, -8
        bgez    s1, touch_field
        li      s1, 0
        j       touch_field

touch_message:
        PTR_LOAD a0, 0(t1)
        li      s6, 0
        bnez    a0, touch_nested
        j       touch_field

touch_repeated:
        PTR_ADD t2, s2, t2
        ld      s6, 0(t2)
        beqz    s6, touch_field
        PTR_LOAD s5, 0(t1)
touch_element:
        PTR_LOAD a0, 0(s5)
        PTR_ADDI s5, s5, PTR_BYTES
        addi    s6, s6, -1
touch_nested:
        lw      t2, FIELD_type(s3)
        PTR_ADD a1, s3, t2
        jal     touch_object
        beqz    s6, touch_field
        bnez    s1, touch_element
touch_object_end:
        LEAVE   ra, s2, s3, s4, s5, s6

# A string's bytes, as little-endian words; the last word may have fewer than eight. Only whole words within the string
# are loaded as words, aligned: a string that a message was decoded to lies anywhere.
touch_string:
        PTR_ADD t2, s2, t2
        ld      a1, 0(t2)
        PTR_LOAD a0, 0(t1)
        bgeu    s1, a1, 1f
        mv      a1, s1
1:      beqz    a1, touch_field
        sub     s1, s1, a1
        add     a1, a0, a1                      # a1 = address of the end of what is read
        addi    a2, a1, -7                      # a2 = from here on, no whole word is left
        li      t2, 0                           # t2 = bytes in hand, t3 = their bits
        li      t3, 0
2:      andi    t0, a0, 7
        beqz    t0, 3f
        bgeu    a0, a1, 8f
        lbu     t0, 0(a0)
        PTR_ADDI a0, a0, 1
        sll     t0, t0, t3
        or      t2, t2, t0
        addi    t3, t3, 8
        j       2b
3:      bgeu    a0, a2, 6f
        bnez    t3, 5f
4:      ld      t1, 0(a0)
        PTR_ADDI a0, a0, 8
        MIX     s0, t1, t0
        bltu    a0, a2, 4b
        j       6f
5:      neg     t4, t3                          # t4 = 64 - t3, as shifts take it
1:      ld      t1, 0(a0)
        PTR_ADDI a0, a0, 8
        sll     t0, t1, t3
        or      t2, t2, t0
        MIX     s0, t2, t0
        srl     t2, t1, t4
        bltu    a0, a2, 1b
6:      li      t4, 64
7:      bgeu    a0, a1, 8f                      # the last bytes
        lbu     t0, 0(a0)
        PTR_ADDI a0, a0, 1
        sll     t0, t0, t3
        or      t2, t2, t0
        addi    t3, t3, 8
        bne     t3, t4, 7b
        MIX     s0, t2, t0
        li      t2, 0
        li      t3, 0
        j       7b
8:      beqz    t3, touch_field
        MIX     s0, t2, t0
        j       touch_field
