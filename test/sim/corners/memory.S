# Corner cases of memory: attenuation by loads, tags under stores, checks in their order, atomics, cache blocks (#LOAD_CAP, #STORE_CAP).
        ymv a0, s11
        ybndswi a1, a0, 256       # a capability to store
# LM absent: unsealed loaded loses W, LM ; sealed keeps
        sy a1, 0(a0)
        ysentry a2, a1
        sy a2, 16(a0)
        sd x0, 32(a0)
        li t0, 2
        ypermc a3, a0, t0         # no LM
        ly a4, 0(a3)
        TAG a4, 1
        ypermr t1, a4
        EQ t1, 0xfffffc
        ly a4, 16(a3)
        TAG a4, 1
        TYPE a4, 1
        ypermr t1, a4
        EQ t1, 0xffffff
        yeq t1, a4, a2
        EQ t1, 1
# untagged data loaded without LM unchanged
        yhir t1, a1
        packy a5, a1, t1
        sy a5, 32(a0)
        ly a4, 32(a3)
        TAG a4, 0
        yeq t1, a4, a5
        EQ t1, 1
# no C: tag 0, metadata unchanged (C absent so LM too; stripping only tagged)
        li t0, 32
        ypermc a3, a0, t0
        ly a4, 0(a3)
        TAG a4, 0
        yhir t1, a4
        yhir t2, a1
        sub t1, t1, t2
        EQ t1, 0
        sy a1, 48(a3)
        ly a4, 48(a0)
        TAG a4, 0
# no W: W-stripped loaded via LM-less but C remains by R
# store without R: allowed, with tag
        li t0, 1<<18
        ypermc a3, a0, t0
        sy a1, 64(a3)
        ly a4, 64(a0)
        TAG a4, 1
        TRAP 33, ly a4, 64(a3)
        TRAP 34, amoadd.d t0, t1, (a3)
        TRAP 33, lr.d t0, (a3)
        NOTRAP sc.d t0, t1, (a3)
        EQ t0, 1
# no W
        li t0, 1
        ypermc a3, a0, t0
        TRAP 34, sy a1, 64(a3)
        EQ s9, data_addr+64
        TRAP 34, sb x0, 65(a3)
        EQ s9, data_addr+65
        TRAP 34, amoadd.d t0, t1, (a3)
        TRAP 34, sc.d t0, t1, (a3)
        NOTRAP lr.d t0, (a3)
        TRAP 34, amoswap.y t0, a1, (a3)
# misaligned store clears two granules
        sy a1, 128(a0)
        sy a1, 144(a0)
        sy a1, 160(a0)
        sw x0, 142(a0)
        ly a4, 128(a0)
        TAG a4, 0
        ly a4, 144(a0)
        TAG a4, 0
        ly a4, 160(a0)
        TAG a4, 1
# byte at granule end
        sy a1, 128(a0)
        sy a1, 144(a0)
        sb x0, 143(a0)
        ly a4, 128(a0)
        TAG a4, 0
        ly a4, 144(a0)
        TAG a4, 1
# storing the same value clears
        sy a1, 128(a0)
        ld t0, 128(a0)
        sd t0, 128(a0)
        ly a4, 128(a0)
        TAG a4, 0
# failed SC does not clear
        sy a1, 128(a0)
        sc.d t0, x0, (a0)
        yaddi a3, a0, 128
        sc.d t0, x0, (a3)
        EQ t0, 1
        ly a4, 128(a0)
        TAG a4, 1
# AMO clears, amoswap.y keeps
        amoor.w t0, x0, (a3)
        ly a4, 128(a0)
        TAG a4, 0
        amoswap.y a4, a1, (a3)
        TAG a4, 0
        amoswap.y a4, x0, (a3)
        TAG a4, 1
        yeq t1, a4, a1
        EQ t1, 1
        ly a4, 0(a3)
        TAG a4, 0
# amoswap.y rd=rs2, rd=rs1
        sy a1, 0(a3)
        ymv a5, a2
        amoswap.y a5, a5, (a3)
        TYPE a5, 0
        ly a4, 0(a3)
        TYPE a4, 1
        TAG a4, 1
        ymv a5, a3
        amoswap.y a5, a1, (a5)
        TYPE a5, 1
# lr.y sc.y
        lr.y a4, (a3)
        TAG a4, 1
        sc.y t0, a2, (a3)
        EQ t0, 0
        ly a4, 0(a3)
        TYPE a4, 1
        lr.d t1, (a3)
        sc.y t0, a1, (a3)
        lr.y a4, (a3)
        li t0, 0
# alignment: capability accesses 16
        TRAP 5, ly a4, 8(a3)
        EQ s9, data_addr+136
        TRAP 7, sy a4, 8(a3)
        yaddi a5, a3, 8
        TRAP 5, lr.y a4, (a5)
        TRAP 7, sc.y t0, a4, (a5)
        TRAP 7, amoswap.y a4, a4, (a5)
        yaddi a5, a3, 2
        TRAP 6, amoadd.w t0, x0, (a5)
        TRAP 4, lr.w t0, (a5)
        TRAP 6, sc.w t0, x0, (a5)
        EQ s9, data_addr+130
# capability misaligned beats unmapped; authority beats both
        li t0, 0x1000008
        yaddrw a5, a0, t0
        TRAP 5, ly a4, 0(a5)
        TRAP 7, sy a4, 0(a5)
        li t0, 1
        ypermc a6, a5, t0
        TRAP 34, sy a4, 0(a6)
        yaddi a6, a5, 2
        TRAP 6, amoadd.w t0, x0, (a6)
        TRAP 7, amoadd.w t0, x0, (a5)
        TRAP 5, lr.w t0, (a5)
        packy a6, a6, x0
        TRAP 34, amoadd.w t0, x0, (a6)
        TRAP 33, lw t0, 0(a6)
        TRAP 33, ly t0, 0(a6)
        TRAP 34, sc.w t0, x0, (a6)
        TRAP 33, lr.w t0, (a6)
# sealed authority
        TRAP 33, lw t0, 0(a2)
        TRAP 34, sw t0, 0(a2)
        TRAP 34, amoadd.w t0, x0, (a2)
        TRAP 33, ly t0, 0(a2)
# bounds: partially out
        ybndswi a5, a0, 20
        NOTRAP lw t0, 16(a5)
        TRAP 33, lw t0, 17(a5)
        EQ s9, data_addr+17
        TRAP 33, ld t0, 16(a5)
        TRAP 33, lw t0, -1(a5)
        EQ s9, data_addr-1
        TRAP 33, ly t0, 16(a5)
        TRAP 33, ly t0, 8(a5)      # both out of bounds and misaligned
        TRAP 34, sh x0, 19(a5)
        NOTRAP sb x0, 19(a5)
        NOTRAP ly t0, 0(a5)
# address out of bounds, offset brings it in
        yaddi a6, a5, -4
        NOTRAP lw t0, 4(a6)
# through x0
        TRAP 33, lw t0, 0(x0)
        TRAP 34, sw t0, 0(x0)
# faulting load leaves rd
        li t0, 99
        TRAP 33, lw t0, 0(x0)
        EQ t0, 99
        TRAP 5, ly t0, 8(a0)
        EQ t0, 99
# store to rom/device? unmapped
        li t1, 0x10
        yaddrw a6, a0, t1
        TRAP 5, lb t0, 0(a6)
        TRAP 7, sb t0, 0(a6)
# CBO
        ymv a6, a0
        sy a1, 192(a0)
        sy a1, 240(a0)
        li t0, 200
        yadd a6, a0, t0
        cbo.zero (a6)
        ly a4, 192(a0)
        TAG a4, 0
        ly a4, 240(a0)
        TAG a4, 0
        ld t0, 248(a0)
        EQ t0, 0
        li t0, 192
        yadd a6, a0, t0
        ybndswi a6, a6, 63
        TRAP 34, cbo.zero (a6)
        TRAP 34, cbo.inval (a6)
        NOTRAP cbo.clean (a6)
        NOTRAP cbo.flush (a6)
        yaddi a7, a6, 5
        TRAP 34, cbo.zero (a7)
        EQ s9, data_addr+197
        yaddi a7, a6, 64      # next block: none
        TRAP 34, cbo.clean (a7)
        EQ s9, data_addr+256
        TRAP 34, cbo.flush (a7)
        yaddi a7, a6, 63      # out of bounds address but in the block
        NOTRAP cbo.clean (a7)
        li t0, 192
        yadd a6, a0, t0
        ybndswi a6, a6, 64
        NOTRAP cbo.zero (a6)
        NOTRAP cbo.inval (a6)
        li t0, 1<<18
        ypermc a7, a6, t0     # no R
        NOTRAP cbo.zero (a7)
        TRAP 34, cbo.clean (a7)
        TRAP 34, cbo.inval (a7)
        TRAP 34, cbo.flush (a7)
        li t0, 1
        ypermc a7, a6, t0     # no W
        TRAP 34, cbo.zero (a7)
        TRAP 34, cbo.clean (a7)
        TRAP 34, cbo.inval (a7)
        NOTRAP prefetch.r 0(x0)
        NOTRAP prefetch.w 0(a7)
        ysentry a7, a6
        TRAP 34, cbo.clean (a7)
        ybndsw a7, a6, x0
        TRAP 34, cbo.clean (a7)
# compressed
        NOTRAP c.ld s0, 0(a0)
        ymv s0, a5
        TRAP 33, c.ld s1, 16(s0)
        TRAP 34, c.sd s1, 16(s0)
        ymv sp, a5
        TRAP 33, c.ldsp s1, 16(sp)
        TRAP 34, c.swsp s1, 20(sp)
        ymv sp, a0
        c.sysp a1, 16(sp)
        c.lysp a4, 16(sp)
        TAG a4, 1
        ymv s0, a0
        c.sy a1, 32(s0)
        c.ly s1, 32(s0)
        TAG s1, 1
        c.addi16sp sp, 32
        TAG sp, 1
        c.addi4spn s1, sp, 8
        TAG s1, 1
        c.ymv s1, sp
        TAG s1, 1
