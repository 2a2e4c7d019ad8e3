# Decodes the wire format of Protocol Buffers into objects, by the tables of schema.S. Strings are not copied: they stay
# in the received bytes, as with upb's kUpb_DecodeOption_AliasString. The bytes may come from an enemy: every length is
# checked against what encloses it, strings must be UTF-8, unknown fields are skipped, groups (deprecated) refused.
#
# All along: s0 = next byte, s1 = address of the end of the message at hand, s7 = 0x8080808080808080, s8 = sp on entry,
# s9 = ARENA. In an object: s2 = the object, s3 = its first FIELD, s4 = how many there are, s5 = FIELD at hand, a5 = where
# its value goes, s6 = address of the enclosing end. Nesting is as deep as the schema, in which no type contains itself.

        .section .text.unmarshal, "ax"

        .globl unmarshal
# in:       a0 = bytes, in whole words of memory, a1 = how many, a2 = object to fill, a3 = its type (schema.S),
#           a4 = ARENA, ra = return
# out:      a0 = 0, -ERROR_malformed, or -ERROR_tooBig where the arena is full; then the object is not to be used
# clobbers: ra sp t0 t1 t2 s0 s1 a0 a1 a2 a5 a6 s2 s3 s4 s5 s6 s7 s8 s9 t3 t4 t5
# from:     receive_message
# traps:    never
unmarshal:
        ENTER   0, ra, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9
        PTR_MOVE s0, a0
        add     s1, a0, a1
        li      s7, -0x7f7f7f80
        not     t0, s7
        slli    t0, t0, 32
        xor     s7, s7, t0
        PTR_MOVE s8, sp
        PTR_MOVE s9, a4
        lwu     t0, TYPE_objectBytes(a3)
        PTR_MOVE t1, a2
        add     t0, a2, t0
1:      sd      zero, 0(t1)
        PTR_ADDI t1, t1, 8
        bltu    t1, t0, 1b
        PTR_MOVE a0, a2
        PTR_MOVE a1, a3
        jal     unmarshal_object
        li      a0, 0
unmarshal_end:
        LEAVE   ra, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9

unmarshal_malformed:                            # from any depth
        li      a0, -ERROR_malformed
        j       unmarshal_unwind
unmarshal_full:
        li      a0, -ERROR_tooBig
unmarshal_unwind:
        PTR_MOVE sp, s8
        j       unmarshal_end

.macro VARINT                                   # t0 = the next varint; clobbers t1 t2 t3 t5 t6
        bgeu    s0, s1, unmarshal_malformed
        lb      t0, 0(s0)
        PTR_ADDI s0, s0, 1
        bgez    t0, 1f
        jal     t5, unmarshal_varint
1:
.endm

.macro LENGTH                                   # t0 = the next varint, which so many bytes do follow
        VARINT
        sub     t1, s1, s0
        bltu    t1, t0, unmarshal_malformed
.endm

.macro NEXT                                     # goes on with the next field
        bltu    s0, s1, unmarshal_field
        j       unmarshal_object_end
.endm

# Reads fields into the zeroed object a0 of type a1, up to s1.
unmarshal_object:
        ENTER   0, ra, s2, s3, s4, s6
        lwu     s4, TYPE_fieldCount(a1)
        PTR_MOVE s2, a0
        PTR_ADDI s3, a1, TYPE_fields
        bgeu    s0, s1, unmarshal_object_end
unmarshal_field:
        lb      t0, 0(s0)
        PTR_ADDI s0, s0, 1
        bgez    t0, 1f
        jal     t5, unmarshal_varint
1:      srli    t1, t0, 3                       # t1 = field number, t0 = tag
        addi    t1, t1, -1
        bgeu    t1, s4, unmarshal_unknown
        slli    t1, t1, FIELD_BIT
        PTR_ADD s5, s3, t1
        lbu     t1, FIELD_tag(s5)
        lhu     t2, FIELD_at(s5)
        lbu     t4, FIELD_kind(s5)
        bne     t0, t1, unmarshal_unknown       # known, but of another wire type
        PTR_ADD a5, s2, t2
        beqz    t4, unmarshal_string
        addi    t4, t4, -KIND_int64
        beqz    t4, unmarshal_int64
        addi    t4, t4, KIND_int64 - KIND_fixed64
        bnez    t4, unmarshal_nested

unmarshal_fixed64:
        sub     t1, s1, s0
        sltiu   t1, t1, 8
        bnez    t1, unmarshal_malformed
        lbu     t0, 7(s0)
.irp at, 6, 5, 4, 3, 2, 1, 0
        lbu     t1, \at(s0)
        slli    t0, t0, 8
        or      t0, t0, t1
.endr
        PTR_ADDI s0, s0, 8
        sd      t0, 0(a5)
        NEXT

unmarshal_int64:
        VARINT
        sd      t0, 0(a5)
        NEXT

unmarshal_string:
        LENGTH
        mv      a6, t0                          # a6 = bytes of the string
        PTR_MOVE a0, s0
        mv      a1, t0
        mv      a2, s7
        jal     utf8_check
        lhu     t2, FIELD_lengthAt(s5)
        bnez    a0, unmarshal_malformed
.if CAPABILITY
        ybndsrw t3, s0, a6                      # as narrow as a capability can say
        sy      t3, 0(a5)
.else
        sd      s0, 0(a5)
.endif
        PTR_ADD t2, s2, t2
        PTR_ADD s0, s0, a6
        sd      a6, 0(t2)
        NEXT

unmarshal_nested:                               # a message, or an element of a list
        LENGTH
        addi    t4, t4, KIND_fixed64 - KIND_message
        add     s6, s0, t0                      # s6 = address of its end
        bnez    t4, unmarshal_element
        PTR_LOAD a0, 0(a5)
        bnez    a0, unmarshal_enter             # a second part of one message adds to the first
        j       unmarshal_allocate
unmarshal_element:
        lhu     t2, FIELD_lengthAt(s5)
        PTR_ADD t2, s2, t2
        ld      a2, 0(t2)                       # a2 = elements so far
        PTR_LOAD a0, 0(a5)                      # a0 = the array
        addi    t3, a2, 1
        sd      t3, 0(t2)
        slli    a6, a2, PTR_BIT                 # a6 = where in the array
        addi    t3, a2, -1                      # it is full at 0, and at powers of two from 4 on
        and     t3, t3, a2
        bnez    t3, 2f
        beqz    a2, 1f
        sltiu   t3, a2, 4
        bnez    t3, 2f
1:      PTR_MOVE a1, s9
        jal     arena_grow
        beqz    a0, unmarshal_full
        PTR_STORE a0, 0(a5)
2:      PTR_ADD a5, a0, a6
unmarshal_allocate:
        lw      t1, FIELD_type(s5)
        PTR_MOVE a1, s9
        PTR_ADD t1, s5, t1
        lwu     a0, TYPE_objectBytes(t1)
        jal     arena_allocate
        beqz    a0, unmarshal_full
        PTR_STORE a0, 0(a5)
unmarshal_enter:
        lw      t1, FIELD_type(s5)
        mv      t0, s1
        mv      s1, s6
        PTR_ADD a1, s5, t1
        mv      s6, t0                          # s6 = address of the enclosing end
        jal     unmarshal_object
        mv      s1, s6
        NEXT

unmarshal_object_end:
        LEAVE   ra, s2, s3, s4, s6

# Skips the value of a field that the schema does not have, or has with another wire type. t0 = its tag.
unmarshal_unknown:
        srli    t1, t0, 3
        beqz    t1, unmarshal_malformed         # there is no field 0
        srli    t1, t0, 32
        bnez    t1, unmarshal_malformed         # nor any beyond 2^29 - 1
        andi    t4, t0, 7
        beqz    t4, 1f                          # varint
        addi    t4, t4, -1
        li      t0, 8
        beqz    t4, 2f                          # 64 bits
        addi    t4, t4, -1
        beqz    t4, 3f                          # a length and so many bytes
        addi    t4, t4, -3
        li      t0, 4
        beqz    t4, 2f                          # 32 bits
        j       unmarshal_malformed
1:      VARINT
        NEXT
3:      VARINT
2:      sub     t1, s1, s0
        bltu    t1, t0, unmarshal_malformed
        PTR_ADD s0, s0, t0
        NEXT

        .globl unmarshal_varint
# in:       t0 = a varint's first byte, which is not its last, s0 = the second, s1 = address of the end, t5 = return
# out:      t0 = the varint, s0 = what follows
# clobbers: t0 t1 t2 s0 t3 t6
# from:     unmarshal
# traps:    never
unmarshal_varint:
        andi    t0, t0, 0x7f
        addi    t6, s0, 9                       # t6 = address where it must have ended: ten bytes, or the message
        bgeu    s1, t6, 1f
        mv      t6, s1
1:      li      t1, 7
2:      bgeu    s0, t6, unmarshal_malformed
        lb      t2, 0(s0)
        PTR_ADDI s0, s0, 1
        andi    t3, t2, 0x7f
        sll     t3, t3, t1
        or      t0, t0, t3
        addi    t1, t1, 7
        bltz    t2, 2b
        addi    t1, t1, -70
        bnez    t1, 3f
        sltiu   t2, t2, 2                       # the tenth byte holds bit 63 alone
        beqz    t2, unmarshal_malformed
3:      jr      t5
