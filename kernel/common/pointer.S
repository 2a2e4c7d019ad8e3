# Pointers written once for every deployment: integers of 8 bytes, or capabilities of 16.

.macro PTR_LOAD rd, place                # rd = *place
.if CAPABILITY
        ly      \rd, \place
.else
        ld      \rd, \place
.endif
.endm

.macro PTR_STORE rs, place               # *place = rs
.if CAPABILITY
        sy      \rs, \place
.else
        sd      \rs, \place
.endif
.endm

.macro PTR_MOVE rd, rs
.if CAPABILITY
        ymv     \rd, \rs
.else
        mv      \rd, \rs
.endif
.endm

.macro PTR_ADD rd, rs, bytes             # bytes: a register
.if CAPABILITY
        yadd    \rd, \rs, \bytes
.else
        add     \rd, \rs, \bytes
.endif
.endm

.macro PTR_ADDI rd, rs, bytes            # bytes: an immediate
.if CAPABILITY
        yaddi   \rd, \rs, \bytes
.else
        addi    \rd, \rs, \bytes
.endif
.endm
