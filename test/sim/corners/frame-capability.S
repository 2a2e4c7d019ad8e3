# The frame of corner cases on a capability hart: checks, and a handler that notes a trap and goes on at s7.
#   EQ reg, value; TAG reg, 0|1; TYPE reg, 0|1; MOVED bytes, 0|1; TRAP cause, instruction; NOTRAP instruction
# After TRAP: s10 mcause, s9 mtval, s8 mepc. A check that fails ends the program with the number of its line.
.set data_addr, 0x80010000
.macro TAG line, r, v
        ytagr t5, \r
        li gp, \line
        li t6, \v
        bne t5, t6, fail
.endm
# a2, moved by so many bytes, keeps its tag (1) or not (0); it is in a3.
.macro MOVED line, by, v
        li t0, \by
        yadd a3, a2, t0
        TAG \line, a3, \v
.endm
.macro TYPE line, r, v
        ytyper t5, \r
        li gp, \line
        li t6, \v
        bne t5, t6, fail
.endm
.text
_start:
        la t0, handler
        csrw mtvec, t0
        la s11, data       # Infinite-derived pointer to data
        j main
.balign 4
handler:
        csrr s10, mcause
        csrr s9, mtval
        csrr s8, mepc
        csrw mepc, s7
        csrw mscratch, t6
        li t6, 0x1800
        csrs mstatus, t6
        csrr t6, mscratch
        mret
fail:
        csrr t1, mtvec
        lui t2, 0x100
        yaddrw t1, t1, t2
        slli gp, gp, 16
        li t2, 0x3333
        or gp, gp, t2
        sw gp, 0(t1)
1: j 1b
pass:
        csrr t1, mtvec
        lui t2, 0x100
        yaddrw t1, t1, t2
        li t2, 0x5555
        sw t2, 0(t1)
1: j 1b
.data
.balign 0x10000
data: .zero 65536

.text
main:
