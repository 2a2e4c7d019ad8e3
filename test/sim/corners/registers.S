# Corner cases of registers: direct writes and address updates, vectors, saved pcs, and what needs ASR (#rvy_csr_classes, #asr_perm).
        ymv a0, s11
        la s4, back
        ysentry a2, a0
# mscratch direct
        csrw mscratch, a2
        csrr a3, mscratch
        TAG a3, 1
        TYPE a3, 1
        csrrs a3, mscratch, x0
        TAG a3, 1
        csrrsi a3, mscratch, 0
        TAG a3, 1
        csrrs a3, mscratch, a0    # rs1 != x0: XLEN write, sealed -> tag 0; the address is or'ed with itself
        TAG a3, 1
        csrr a3, mscratch
        TAG a3, 0
        TYPE a3, 1
        csrw mscratch, a2
        csrrci x0, mscratch, 1     # bit 0 is clear already: still a write
        csrr a3, mscratch
        TAG a3, 0
        csrw mscratch, a0
        csrrsi a3, mscratch, 4
        csrr a3, mscratch
        TAG a3, 1
        EQ a3, data_addr+4
        csrwi mscratch, 7
        csrr a3, mscratch
        TAG a3, 1
        EQ a3, 7
        ybndswi a4, a0, 16
        csrw mscratch, a4
        csrrwi a3, mscratch, 7      # unrepresentable
        TAG a3, 1
        csrr a3, mscratch
        TAG a3, 0
        EQ a3, 7
# corrupt value: tag 0 anyway
        packy a5, a0, a0
        csrw mscratch, a5
        csrr a3, mscratch
        TAG a3, 0
        sub t1, a3, a0
        EQ t1, 0
# rs1 register x0 with CSRRW writes NULL
        csrrw a3, mscratch, x0
        csrr a3, mscratch
        TAG a3, 0
        EQ a3, 0
# mepc
        csrw mepc, a2
        csrr a3, mepc
        TAG a3, 1
        TYPE a3, 1
        yaddi a4, a0, 1
        csrw mepc, a4
        csrr a3, mepc
        TAG a3, 0
        EQ a3, data_addr
        yaddi a4, a0, 2
        csrw mepc, a4
        csrr a3, mepc
        TAG a3, 1
        EQ a3, data_addr+2
        csrw mepc, a2
        csrsi mepc, 2
        csrr a3, mepc
        TAG a3, 0
        csrw mepc, a0
        csrsi mepc, 2
        csrr a3, mepc
        TAG a3, 1
        csrsi mepc, 1        # address bit 0 reads 0; the XLEN write of an odd address: tag 0
        csrr a3, mepc
        TAG a3, 0
        EQ a3, data_addr+2
# mtvec
        csrr s5, mtvec
        csrw mtvec, a2
        csrr a3, mtvec
        csrw mtvec, s5
        TAG a3, 0
        TYPE a3, 1
# mtvec vectored, bounds edges: HICAUSE = 11
        ybndswi a4, a0, 16
        li t0, 12288-44
        yadd a5, a4, t0
        TAG a5, 1
        csrw mtvec, a5
        csrr a3, mtvec
        csrw mtvec, s5
        TAG a3, 1
        yaddi a6, a5, 1        # vectored: base+44 = +12288 is unrepresentable
        csrw mtvec, a6
        csrr a3, mtvec
        csrw mtvec, s5
        TAG a3, 0
        EQ a3, data_addr+12288-44+1
        yaddi a6, a5, -3       # base -4, vectored
        csrw mtvec, a6
        csrr a3, mtvec
        csrw mtvec, s5
        TAG a3, 1
        EQ a3, data_addr+12288-48+1
# low edge: address base + MODE. base = lowest representable
        li t0, -4096
        yadd a5, a4, t0
        csrw mtvec, a5
        csrr a3, mtvec
        csrw mtvec, s5
        TAG a3, 1
# mtvec by XLEN write
        csrw mtvec, a4
        csrwi mtvec, 4
        csrr a3, mtvec
        csrw mtvec, s5
        TAG a3, 0
        EQ a3, 4
        csrrsi x0, mtvec, 1
        csrr a3, mtvec
        csrw mtvec, s5
        TAG a3, 1
        andi a3, a3, 3
        EQ a3, 1
# sealed in mtvec then written by xlen stays untagged
# mret to a sealed mepc unseals
        la a5, tgt1
        ysentry a5, a5
        csrw mepc, a5
        li t0, 0x1800
        csrs mstatus, t0
        li a7, 0
        mret
tgt2: li a7, 2
tgt1: addi a7, a7, 1
        EQ a7, 1
        auipc a6, 0
        TYPE a6, 0
        TAG a6, 1
# mret to untagged mepc: 32
        la a5, tgt1
        li t0, 0x1800
        csrs mstatus, t0
        packy t1, a5, x0
        csrw mepc, t1
        TRAP 32, mret
        TAG s8, 0
# no ASR
        la a5, noasr
        li t0, 1<<16
        ypermc a5, a5, t0
        csrw mtidc, a2
        csrw utidc, a0
        csrw stidc, a4
        jr a5
noasr:
        TRAP 2, csrr t0, mscratch
        TRAP 2, csrr t0, mstatus
        TRAP 2, csrw mscratch, x0
        TRAP 2, csrr t0, mhartid
        TRAP 2, csrr t0, satp
        TRAP 2, csrr t0, stvec
        TRAP 2, csrr t0, mcycle
        TRAP 2, csrwi mcounteren, 0
        NOTRAP csrr t0, cycle
        NOTRAP csrr t0, instret
        NOTRAP csrr t0, time
        NOTRAP csrr a3, mtidc
        TAG a3, 1
        TYPE a3, 1
        NOTRAP csrr a3, utidc
        NOTRAP csrr a3, stidc
        NOTRAP csrrsi a3, mtidc, 0
        NOTRAP csrrs a3, utidc, x0
        TRAP 2, csrw mtidc, x0
        TRAP 2, csrrsi a3, mtidc, 1
        TRAP 2, csrw utidc, x0
        TRAP 2, csrrw a3, utidc, x0
        TRAP 2, csrw stidc, x0
        TRAP 2, csrrwi a3, utidc, 0
        TRAP 2, csrrs a3, utidc, t0
        TRAP 2, mret
        TRAP 2, sret
        TRAP 2, csrr t0, 0x8ff
        NOTRAP fence.i
        NOTRAP sfence.vma
        TRAP 11, ecall
        TRAP 3, ebreak
        TRAP 2, cbo.inval (a0)
        TRAP 2, cbo.inval (x0)
        NOTRAP cbo.flush (a0)
# trap wrote whole pcc in mepc: without ASR
        TRAP 11, ecall
        ypermr t1, s8
        srli t1, t1, 16
        andi t1, t1, 1
        EQ t1, 0
# auipc derived has no ASR
        auipc t1, 0
        ypermr t1, t1
        srli t1, t1, 16
        andi t1, t1, 1
        EQ t1, 0
# get back: mret from handler goes to s7 = la from pcc without ASR; use mtvec trick: s6 kept
        jr s4
back:
