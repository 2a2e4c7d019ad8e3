# Corner cases of an integer hart: reservations, counters, modes, interrupts by priority, MPRV, PMP (machine.adoc, supervisor.adoc).
.set MEI, 1<<11
        mv a0, s11
# LR/SC sizes
        lr.w t0, (a0)
        sc.d t1, x0, (a0)
        EQ t1, 1
        lr.d t0, (a0)
        sc.d t1, x0, (a0)
        EQ t1, 0
        sc.d t1, x0, (a0)
        EQ t1, 1
        lr.d t0, (a0)
        addi a1, a0, 8
        sc.d t1, x0, (a1)
        EQ t1, 1
        lr.d t0, (a0)
        sc.d t1, x0, (a1)
        sc.d t1, x0, (a0)   # a failed SC ends the reservation
        EQ t1, 1
# own store between: allowed to succeed or fail; trap in between?
        addi a1, a0, 1
        TRAP 4, lr.w t0, (a1)
        EQ s9, 0x80010001
        TRAP 6, sc.w t0, t0, (a1)
        TRAP 6, amoadd.d t0, t0, (a1)
# illegal: mtval
        TRAP 2, .word 0x0000707b
        TRAP 2, .half 0
        TRAP 2, .word 0
        TRAP 2, csrw cycle, x0
        TRAP 2, csrrs t0, cycle, t0
        NOTRAP csrrs t0, cycle, x0
        NOTRAP csrrsi t0, cycle, 0
        TRAP 2, csrrwi t0, cycle, 0
        TRAP 2, csrrci t0, instret, 1
# minstret writes
        csrw minstret, x0
        csrr t0, minstret
        EQ t0, 0
        csrwi minstret, 10
        nop
        csrr t0, minstret
        EQ t0, 11
# mcountinhibit
        csrwi mcountinhibit, 4
        csrr t0, minstret
        nop
        csrr t1, minstret
        sub t0, t1, t0
        EQ t0, 0
        csrwi mcountinhibit, 0
# mstatus WARL: MPP=2
        li t0, 0x1800
        csrs mstatus, t0
        li t0, 0x0800
        csrc mstatus, t0   # MPP would become 2
        csrr t0, mstatus
        srli t0, t0, 11
        andi t0, t0, 3
        li t1, 2
        li gp, 60
        beq t0, t1, fail
# mret: MPIE=1, MPP=U afterwards; MPRV cleared when leaving M
        li t0, 0x20000
        csrs mstatus, t0
        TOMODE 0
        TRAP 8, ecall
        srli t0, s6, 17
        andi t0, t0, 1
        EQ t0, 0          # MPRV cleared by mret to U
        srli t0, s6, 11
        andi t0, t0, 3
        EQ t0, 0
# now in M. U: illegal things
        TOMODE 0
        TRAP 2, csrr t0, mstatus
        TOMODE 0
        TRAP 2, mret
        TOMODE 0
        TRAP 2, sret
        TOMODE 0
        TRAP 2, wfi
        TOMODE 0
        TRAP 2, sfence.vma
        TOMODE 0
        TRAP 2, csrr t0, cycle
        TOMODE 0
        TRAP 2, csrr t0, sstatus
        TOMODE 0
        TRAP 2, cbo.zero (a0)
        TOMODE 0
        TRAP 2, cbo.clean (a0)
        li t0, 7
        csrw mcounteren, t0
        TOMODE 1
        csrr t0, cycle
        csrr t0, time
        TOM
        EQ s10, 9
        TOMODE 0
        TRAP 2, csrr t0, cycle
        li t0, 1
        csrw scounteren, t0
        TOMODE 0
        csrr t0, cycle
        TRAP 2, csrr t0, instret
# S mode: TVM, TW, TSR
        TOMODE 1
        csrr t0, satp
        sfence.vma
        TOM
        li t0, 1<<20
        csrs mstatus, t0
        TOMODE 1
        TRAP 2, csrr t0, satp
        TOMODE 1
        TRAP 2, sfence.vma
        TOMODE 1
        TRAP 2, sfence.vma a0, a0
        li t0, 1<<20
        csrc mstatus, t0
        li t0, 1<<21
        csrs mstatus, t0
        TOMODE 1
        TRAP 2, wfi
        li t0, 1<<21
        csrc mstatus, t0
        li t0, 1<<22
        csrs mstatus, t0
        TOMODE 1
        TRAP 2, sret
        li t0, 1<<22
        csrc mstatus, t0
# stimecmp needs menvcfg.STCE and mcounteren.TM in S
        csrw menvcfg, x0
        TOMODE 1
        TRAP 2, csrr t0, stimecmp
        li t0, 1<<63
        csrw menvcfg, t0
        TOMODE 1
        csrr t0, stimecmp
        TOM
        EQ s10, 9
        csrwi mcounteren, 5
        TOMODE 1
        TRAP 2, csrr t0, stimecmp
        csrwi mcounteren, 7
# ---- interrupts: priority MEI MSI MTI SEI SSI STI; all S pending in mip
        csrw menvcfg, x0
        li t0, -1
        csrw mie, t0
        csrr t0, mie
        EQ t0, 0xaaa
        li t0, 0x222
        csrw mip, t0
        csrr t0, mip
        andi t0, t0, 0x222
        EQ t0, 0x222
        la s7, 1f
        csrsi mstatus, 8
        nop
1: csrci mstatus, 8
        li t1, 1<<63
        addi t1, t1, 9
        sub t1, t1, s10
        EQ t1, 0
        li t0, 0x200
        csrc mip, t0
        la s7, 1f
        csrsi mstatus, 8
        nop
1: csrci mstatus, 8
        andi t1, s10, 15
        EQ t1, 1
        csrci mip, 2
        la s7, 1f
        csrsi mstatus, 8
        nop
1: csrci mstatus, 8
        andi t1, s10, 15
        EQ t1, 5
# MSIP via CLINT beats all S
        li t2, 0x2000000
        li t0, 1
        sw t0, 0(t2)
        li t0, 0x222
        csrs mip, t0
        la s7, 1f
        csrsi mstatus, 8
        nop
1: csrci mstatus, 8
        andi t1, s10, 15
        EQ t1, 3
# timer
        sw x0, 0(t2)
        li t3, 0x2004000
        sd x0, 0(t3)
        la s7, 1f
        csrsi mstatus, 8
        nop
1: csrci mstatus, 8
        andi t1, s10, 15
        EQ t1, 7
# mepc of an interrupt: the instruction not executed
# wfi with pending and disabled globally: goes on
        wfi
        li t0, 7
        EQ t0, 7
# delegated interrupts are not taken in M
        li t0, -1
        sd t0, 0(t3)
        li t0, 0x222
        csrw mideleg, t0
        csrr t0, mideleg
        EQ t0, 0x222
        la s7, 1f
        li s10, -1
        csrsi mstatus, 8
        nop
        csrci mstatus, 8
1:
        EQ s10, -1
# in S with SIE=0: not taken; in U: taken in S always
        la t0, shandler
        csrw stvec, t0
        li s5, -1
        TOMODE 1
        nop
        TOM
        EQ s10, 9
        EQ s5, -1
        li a7, 0
        TOMODE 0
        nop
back2:
        j 2f
.balign 4
shandler:
        csrr s5, scause
        csrr s4, sepc
        csrr s3, sstatus
        TOM
        j 3f
2: TOM
        li gp, 999
        j fail
3: andi t1, s5, 15
        EQ t1, 9
        srli t0, s3, 8
        andi t0, t0, 1
        EQ t0, 0
        csrw mip, x0
        csrw mideleg, x0
# vectored interrupts
        la t0, vec
        ori t0, t0, 1
        csrw mtvec, t0
        csrr t1, mtvec
        sub t0, t0, t1
        EQ t0, 0
        li t0, 0x20
        csrs mip, t0
        li a7, 0
        csrsi mstatus, 8
        nop
        j 4f
.balign 256
vec: .rept 16
        c.li a7, 1
        c.j vecx
        .endr
vecx:
        auipc a6, 0
        csrr a5, mepc
        csrc mip, t0
        la t1, 4f
        csrw mepc, t1
        mret
4: la t0, handler
        csrw mtvec, t0
        EQ a7, 1
        csrci mstatus, 8
# MPRV: M-mode loads with U's PMP: close PMP for U, allow
        li t0, 0x20000
        csrs mstatus, t0
        li t0, 0x1800
        csrc mstatus, t0
        ld t1, 0(a0)
        li t0, 0x20000
        csrc mstatus, t0
# PMP: entry0 off-> U may nothing
        csrw pmpcfg0, x0
        li t0, 0x20000
        csrs mstatus, t0
        li t0, 0x1800
        csrc mstatus, t0
        TRAP 5, ld t1, 0(a0)
        li t0, 0x1800
        csrc mstatus, t0
        TRAP 7, sd t1, 0(a0)
        li t0, 0x1800
        csrc mstatus, t0
        TRAP 7, amoadd.d t1, t1, (a0)
        li t0, 0x20000
        csrc mstatus, t0
        la s7, 9f
        TOMODE 0
9:
        EQ s10, 1
