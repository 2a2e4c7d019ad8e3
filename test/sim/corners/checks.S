# The checks that corner cases on any hart make; the frame that follows has `fail` and the handler.
.macro EQ line, r, v
        li t6, \v
        li gp, \line
        bne \r, t6, fail
.endm
.macro TRAP line, cause, insn:vararg
        la s7, 7901f
        li s10, -1
        \insn
7901:
        li t6, \cause
        li gp, \line
        bne s10, t6, fail
.endm
.macro NOTRAP line, insn:vararg
        TRAP \line, -1, \insn
.endm
