# Macros of the kernels, beside those of kernel/common/pointer.S.

.macro BOUNDED rd, rs, bytes             # a pointer that reaches over [rs, rs + bytes); bytes: a register
.if CAPABILITY
        ybndsrw \rd, \rs, \bytes
.else
        mv      \rd, \rs
.endif
.endm

.macro XORSHIFT state, temporary         # Marsaglia's xorshift ("Xorshift RNGs", 2003)
        slli    \temporary, \state, 13
        xor     \state, \state, \temporary
        srli    \temporary, \state, 7
        xor     \state, \state, \temporary
        slli    \temporary, \state, 17
        xor     \state, \state, \temporary
.endm
