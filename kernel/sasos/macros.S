# What several files of this kernel need: derivation of capabilities, and groups of registers.

# What is taken from a root to leave a capability of some kind.
.equ CLEAR_TO_CODE,    PERM_W | PERM_ASR                # with W goes SL
.equ CLEAR_TO_DATA,    PERM_X | PERM_ASR | PERM_SL      # local capabilities may not rest here
.equ CLEAR_TO_STACK,   PERM_X | PERM_ASR
.equ CLEAR_TO_TABLE,   PERM_X | PERM_ASR | PERM_C | PERM_W
.equ CLEAR_TO_DEVICE,  PERM_X | PERM_ASR | PERM_C
.equ CLEAR_TO_READ,    PERM_W | PERM_LM                 # deep: what is loaded through it cannot be written either

.macro DERIVE rd, root, base, bytes, clear              # clobbers t1; untagged where the bounds are not exact
        li      t1, \base
        yaddrw  \rd, \root, t1
        li      t1, \bytes
        ybndsw  \rd, \rd, t1
        li      t1, \clear
        ypermc  \rd, \rd, t1
.endm

.macro NARROW rd, root, base, bytes                     # base, bytes: registers; untagged where the root does not hold them
        yaddrw  \rd, \root, \base
        ybndsw  \rd, \rd, \bytes
.endm

.macro FRAME_REGISTERS operation, frame                 # ly or sy of what a FRAME keeps
.irp r, ra, sp, gp, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
        \operation \r, FRAME_\r(\frame)
.endr
.endm

.macro CLEAR_TEMPORARIES                                # what neither a call nor a return passes on, but for s0 to s11
.irp r, tp, t0, t1, t2, t3, t4, t5, t6, a2, a3, a4, a5, a6, a7
        li      \r, 0
.endr
.endm
