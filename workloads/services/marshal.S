# Encodes an object graph in the wire format of Protocol Buffers, by the tables of schema.S. It writes backwards, as upb
# does: a nested message is complete before its length is written in front of it, so one pass is enough and no size is
# counted first.
#
# All along: s0 = the first byte written so far, s1 = address of the buffer's first byte, s8 = sp on entry.
# In an object: s2 = the object, s3 = FIELD at hand, s4 = address of the first FIELD, s5, s6 = array and elements left.

        .section .text.marshal, "ax"

        .globl marshal
# in:       a0 = end of the buffer, a1 = address of its first byte, a2 = object, a3 = its type (schema.S), ra = return
# out:      a0 = first byte of the message, which reaches to the buffer's end; 0 where the buffer is too small
# clobbers: ra sp t0 t1 t2 s0 s1 a0 a1 a2 s2 s3 s4 s5 s6 s7 s8 t3 t4
# from:     send_message
# traps:    never
marshal:
        ENTER   0, ra, s0, s1, s2, s3, s4, s5, s6, s7, s8
        PTR_MOVE s0, a0
        mv      s1, a1
        PTR_MOVE s8, sp
        PTR_MOVE a0, a2
        PTR_MOVE a1, a3
        jal     marshal_object
        PTR_MOVE a0, s0
marshal_end:
        LEAVE   ra, s0, s1, s2, s3, s4, s5, s6, s7, s8

marshal_full:                                   # from any depth
        PTR_MOVE sp, s8
        li      a0, 0
        j       marshal_end

# Writes the fields of the object a0 of type a1, the last one first.
marshal_object:
        ENTER   0, ra, s2, s3, s4, s5, s6, s7
        PTR_MOVE s2, a0
        lwu     t0, TYPE_fieldCount(a1)
        PTR_ADDI t1, a1, TYPE_fields
        slli    t0, t0, FIELD_BIT
        PTR_ADD s3, t1, t0
        mv      s4, t1
        li      s6, 0
marshal_field:
        beq     s3, s4, marshal_object_end
        PTR_ADDI s3, s3, -FIELD_bytes
        lbu     t0, FIELD_kind(s3)
        lhu     t1, FIELD_at(s3)
        lhu     t2, FIELD_lengthAt(s3)
        PTR_ADD t1, s2, t1                      # t1 = where the value stands, t2 = where its length does
        beqz    t0, marshal_string
        addi    t0, t0, -KIND_int64
        beqz    t0, marshal_int64
        addi    t0, t0, KIND_int64 - KIND_message
        beqz    t0, marshal_nested
        addi    t0, t0, KIND_message - KIND_repeated
        beqz    t0, marshal_repeated

marshal_fixed64:
        ld      t2, 0(t1)
        beqz    t2, marshal_field
        PTR_ADDI s0, s0, -9
        bltu    s0, s1, marshal_full
        sb      t2, 1(s0)
.irp at, 2, 3, 4, 5, 6, 7, 8
        srli    t2, t2, 8
        sb      t2, \at(s0)
.endr
        lbu     t3, FIELD_tag(s3)
        sb      t3, 0(s0)
        j       marshal_field

marshal_string:
        PTR_ADD t2, s2, t2
        ld      a2, 0(t2)
        PTR_LOAD a1, 0(t1)
        sub     t3, s0, s1
        beqz    a2, marshal_field
        bltu    t3, a2, marshal_full
        neg     t2, a2
        PTR_ADD s0, s0, t2
        mv      s7, a2
        PTR_MOVE a0, s0
        jal     copy_string
        mv      t2, s7
        j       marshal_varint

marshal_int64:
        ld      t2, 0(t1)
        beqz    t2, marshal_field
# Writes the tag and the varint t2, be it a value or a length, and goes on to the next element or field.
marshal_varint:
        sltiu   t3, t2, 0x80
        lbu     t4, FIELD_tag(s3)
        beqz    t3, marshal_long_varint
        PTR_ADDI s0, s0, -2
        bltu    s0, s1, marshal_full
        sb      t2, 1(s0)
        sb      t4, 0(s0)
        bnez    s6, marshal_element
        j       marshal_field
marshal_long_varint:
        srli    t0, t2, 14
        li      t3, -3                          # t3 = minus the bytes of tag and varint
        beqz    t0, 2f
1:      srli    t0, t0, 7
        addi    t3, t3, -1
        bnez    t0, 1b
2:      PTR_ADD s0, s0, t3
        bltu    s0, s1, marshal_full
        sb      t4, 0(s0)
        PTR_ADDI t3, s0, 1
3:      ori     t4, t2, 0x80                    # t3 = where the next seven bits go
        srli    t2, t2, 7
        sb      t4, 0(t3)
        sltiu   t0, t2, 0x80
        PTR_ADDI t3, t3, 1
        beqz    t0, 3b
        sb      t2, 0(t3)
        bnez    s6, marshal_element
        j       marshal_field

marshal_repeated:
        PTR_ADD t2, s2, t2
        ld      s6, 0(t2)
        PTR_LOAD t1, 0(t1)
        beqz    s6, marshal_field
        slli    t2, s6, PTR_BIT
        PTR_ADD s5, t1, t2
marshal_element:                                # the last of the s6 elements before s5
        addi    s6, s6, -1
        PTR_ADDI s5, s5, -PTR_BYTES
        PTR_MOVE t1, s5
marshal_nested:
        PTR_LOAD a0, 0(t1)
        lw      t2, FIELD_type(s3)
        mv      s7, s0                          # s7 = address of its end
        beqz    a0, marshal_field
        PTR_ADD a1, s3, t2
        jal     marshal_object
        sub     t2, s7, s0
        j       marshal_varint

marshal_object_end:
        LEAVE   ra, s2, s3, s4, s5, s6, s7
