# Corner cases of jumps: sealed entries, tokens, odd targets, pcc bounds, links (#JALR_CHERI, #JAL_CHERI, #AUIPC_CHERI).
# data token: no X, sealed, even address
        ymv a0, s11
        li t0, 0x30000            # clear X and ASR
        ypermc a1, a0, t0
        TAG a1, 1
        ysentry a2, a1
        TAG a2, 1
        TYPE a2, 1
        TRAP 32, jalr ra, 0(a2)
        TAG s8, 1                  # mepc = the token, unsealed and tagged
        TYPE s8, 0
        la t1, data
        sub t2, s8, t1
        EQ t2, 0
        sub t2, s9, t1
        EQ t2, 0
        TAG ra, 1
        TYPE ra, 1
# odd token
        yaddi a1, a1, 1
        ysentry a2, a1
        TRAP 32, jalr ra, 0(a2)
        TAG s8, 0
        TYPE s8, 1
        la t1, data
        sub t2, s8, t1
        EQ t2, 0
# sealed code, even, imm 4
        la a1, code1
        ysentry a2, a1
        TRAP 32, jalr ra, 4(a2)
        TAG s8, 0
        TYPE s8, 1
        sub t2, s8, a1
        EQ t2, 4
        TRAP 32, jalr ra, 1(a2)
        TAG s8, 0
        sub t2, s8, a1
        EQ t2, 0
        TRAP 32, jalr ra, -2(a2)
        TAG s8, 0
# odd sealed entry with imm 1: target even = entry+2
        yaddi a3, a1, 1
        ysentry a3, a3
        TRAP 32, jalr ra, 1(a3)
        TAG s8, 0
        sub t2, s8, a1
        EQ t2, 2
        TRAP 32, jalr ra, -1(a3)
        TAG s8, 0
        TYPE s8, 1
# unsealed odd address, imm 0 : goes to code1
        yaddi a3, a1, 1
        li a4, 0
        NOTRAP jalr ra, 0(a3)
        EQ a4, 77
        TAG ra, 1
        TYPE ra, 1
# sealed even entry
        li a4, 0
        NOTRAP jalr ra, 0(a2)
        EQ a4, 77
# compressed forms
        li a4, 0
        NOTRAP c.jalr a2
        EQ a4, 77
        TYPE ra, 1
# rd = rs1
        la a5, code7
        ysentry a5, a5
        li a4, 0
        NOTRAP jalr a5, 0(a5)
        TYPE a5, 1
# untagged target
        li a6, 0x80000000
        TRAP 32, jalr ra, 0(a6)
        EQ s9, 0x80000000
        TAG s8, 0
        EQ s8, 0x80000000
# NULL x0
        TRAP 32, jalr ra, 0(x0)
        EQ s9, 0
# JAL link sealed
        NOTRAP jal ra, code2
        TAG ra, 1
        TYPE ra, 1
# data that grants X can be run, and zeroes are no instruction
        TRAP 2, jr a0
        j over
.balign 4
code1: li a4, 77
        jr ra
code2: ret
code7: li a4, 78
 jr a5
over:
        li t0, 0x20000
        ypermc a0, a0, t0
        ypermr t1, a0
        srli t1, t1, 16
        andi t1, t1, 7
        EQ t1, 4   # clearing X clears ASR: only R
        TRAP 32, jr a0
        TAG s8, 1
# bounded pcc: jump beyond bounds within representable: mepc tagged, out of bounds
        la a0, code3
        li t0, 8
        ybndsw a0, a0, t0
        TAG a0, 1
        TRAP 32, jalr ra, 8(a0)
        TAG s8, 1
        sub t1, s8, a0
        EQ t1, 8
# jalr to representable edge: base+12288 unrepresentable => untagged
        li t0, 12284
        yadd a1, a0, t0
        TAG a1, 1
        TRAP 32, jalr ra, 0(a1)
        TAG s8, 1
        TRAP 32, jalr ra, 4(a1)
        TAG s8, 0
        sub t1, s8, a0
        li t0, 12288
        sub t1, t1, t0
        EQ t1, 0
        li t0, -4096
        yadd a1, a0, t0
        TAG a1, 1
        TRAP 32, jalr ra, -2(a1)
        TAG s8, 0
        TRAP 32, jalr ra, 0(a1)
        TAG s8, 1
# instruction straddling bounds: 6 byte bounds => second instr (4 bytes) partially outside
        la a0, code3
        li t0, 6
        ybndsw a0, a0, t0
        TRAP 32, jalr ra, 0(a0)
        sub t1, s9, a0
        EQ t1, 4
# 2 byte only with 4 byte instr
        la a0, code3
        ybndswi a0, a0, 2
        TRAP 32, jr a0
        sub t1, s9, a0
        EQ t1, 0
# fallthrough: last instr in bounds, next pc out
        la a0, code4
        ybndswi a0, a0, 2
        TRAP 32, jr a0
        sub t1, s9, a0
        EQ t1, 2
        TAG s8, 1
        j over2
.balign 8
code3: addi a3, x0, 1
        addi a3, x0, 2
        addi a3, x0, 3
code4: c.nop
        nop
over2:
# branch out of bounds taken
        la a0, code5
        ybndswi a0, a0, 4
        TRAP 32, jr a0
        sub t1, s9, a0
        EQ t1, 64
        TAG s8, 1
# auipc unrepresentable: tag cleared
        la a0, code6
        ybndswi a0, a0, 8
        ymv a2, ra
        la ra, back6
        jalr x0, 0(a0)
code5: j code5+64
code6: auipc a1, 4      # +16384: beyond base+12288
        jr ra
back6:
        TAG a1, 0
        sub t1, a1, a0
        li t0, 16384
        sub t1,t1,t0
        EQ t1, 0
# link at representable edge stays tagged
