# The frame of corner cases on an integer hart: checks, changes of mode, and a handler that notes a trap and goes on at s7 in M-mode.
#   EQ reg, value; TRAP cause, instruction; NOTRAP instruction; TOMODE mpp; TOM
# After TRAP: s10 mcause, s9 mtval, s8 mepc, s6 mstatus. A check that fails ends the program with the number of its line.
.macro INM
        li t6, 0x1800
        csrs mstatus, t6
.endm
.text
_start:
        la t0, handler
        csrw mtvec, t0
        la s11, data
        j main
.balign 4
handler:
        csrr s10, mcause
        csrr s9, mtval
        csrr s8, mepc
        csrr s6, mstatus
        csrw mepc, s7
        li t6, 0x80
        csrc mstatus, t6
        li t6, 0x1800
        csrs mstatus, t6
        mret
fail:
        li t1, 0x100000
        slli gp, gp, 16
        li t2, 0x3333
        or gp, gp, t2
        sw gp, 0(t1)
1: j 1b
pass:
        li t1, 0x100000
        li t2, 0x5555
        sw t2, 0(t1)
1: j 1b
.macro TOMODE mpp
        li t6, 0x1800
        csrc mstatus, t6
        li t6, \mpp<<11
        csrs mstatus, t6
        la t6, 7902f
        csrw mepc, t6
        mret
7902:
.endm
.macro TOM
        la s7, 7903f
        ecall
7903:
.endm
.data
.balign 0x10000
data: .zero 65536
.text
main:
