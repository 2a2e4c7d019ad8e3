# Corner cases of YBLD, YSUNSEAL, YSENTRY, YSS and YPERMC: who may make what of what (#CBLD, #YSUNSEAL, #CLRPERM).
        ymv a0, s11
        ybndswi a1, a0, 64
# YBLD from untagged
        li t0, 0
        yhir t1, a1
        packy a2, a1, t1
        TAG a2, 0
        ybld a3, a1, a2
        TAG a3, 1
        yeq t1, a3, a1
        EQ t1, 1
# authority sealed
        ysentry a4, a1
        ybld a3, a4, a2
        TAG a3, 0
# authority untagged
        ybld a3, a2, a2
        TAG a3, 0
# authority x0
        ybld a3, x0, a1
        TAG a3, 0
# larger than authority
        ybld a3, a1, a0
        TAG a3, 0
# equal is fine, tagged input
        ybld a3, a1, a1
        TAG a3, 1
# sealed pattern
        yhir t1, a4
        packy a5, a1, t1
        ybld a3, a1, a5
        TAG a3, 1
        TYPE a3, 1
        yeq t1, a3, a4
        EQ t1, 1
# reserved bit set (bit 28, 42, 59)
        .irp b, 28, 42, 53, 59, 44, 43
        yhir t1, a1
        li t2, 1<<\b
        xor t1, t1, t2
        packy a5, a1, t1
        ybld a3, a0, a5
        TAG a3, 0
        ybaser t3, a5
        EQ t3, 0
        .endr
# NULL pattern: LG SL zero => not integral
        ybld a3, a0, x0
        TAG a3, 0
# clear LG alone
        yhir t1, a1
        li t2, 1<<51
        xor t1, t1, t2
        packy a5, a1, t1
        ybld a3, a0, a5
        TAG a3, 0
# ASR without X
        yhir t1, a1
        li t2, 1<<48
        xor t1, t1, t2
        packy a5, a1, t1
        ybld a3, a0, a5
        TAG a3, 0
# all permissions zero (but LG, SL): legal
        yhir t1, a1
        li t2, 0x3f<<45
        not t2, t2
        and t1, t1, t2
        packy a5, a1, t1
        ybld a3, a0, a5
        TAG a3, 1
        ypermr t1, a3
        li t2, 0x780000-0x780000
        EQ t1, 0xf8ffdc
# YSUNSEAL
        ysunseal a3, a1, a4
        TAG a3, 1
        TYPE a3, 0
        yeq t1, a3, a1
        EQ t1, 1
        ysunseal a3, a0, a4
        TAG a3, 1
        ysunseal a3, a1, a1     # not sealed
        TAG a3, 0
        TYPE a3, 0
        ysunseal a3, a4, a4     # authority sealed
        TAG a3, 0
        TYPE a3, 0
        ysunseal a3, x0, a4
        TAG a3, 0
        TYPE a3, 0
        packy a5, a4, x0
        yhir t1, a4
        packy a5, a4, t1
        TYPE a5, 1
        ysunseal a3, a1, a5     # untagged sealed
        TAG a3, 0
        TYPE a3, 0
        ybndswi a6, a1, 63
        ysunseal a3, a6, a4     # authority smaller
        TAG a3, 0
        li t0, 1<<18
        ypermc a6, a1, t0       # authority without R
        ysunseal a3, a6, a4
        TAG a3, 0
        li t0, 1<<6
        ypermc a6, a1, t0       # authority without an SDP bit
        ysunseal a3, a6, a4
        TAG a3, 0
        ypermc a6, a1, t0
        ysentry a6, a6
        ysunseal a3, a1, a6
        TAG a3, 1
# YSENTRY twice
        ysentry a3, a4
        TAG a3, 0
        TYPE a3, 1
# sealing unexecutable, empty
        ybndsw a3, a1, x0
        ysentry a3, a3
        TAG a3, 1
# YSS
        yss t1, a1, a1
        EQ t1, 1
        yss t1, a0, a1
        EQ t1, 1
        yss t1, a1, a0
        EQ t1, 0
# YPERMC sealed
        ypermc a3, a4, x0
        TAG a3, 1
        li t0, 1<<16
        ypermc a3, a4, t0
        TAG a3, 0
        TYPE a3, 1
        li t0, 1<<9
        ypermc a3, a4, t0
        TAG a3, 0
        li t0, 0xffffffffff00fc1c   # only unallocated bits (LG,SL,GL absent without Zylevels1)
        ypermc a3, a4, t0
        TAG a3, 1
# clearing what is clear already
        li t0, 1<<16
        ypermc a6, a1, t0
        ysentry a6, a6
        ypermc a3, a6, t0
        TAG a3, 1
# dependencies
        li t0, 1<<18          # clear R: C stays (W), LM goes
        ypermc a3, a1, t0
        ypermr t1, a3
        EQ t1, 0xfbfffd
        li t0, (1<<18)|1      # clear R W: C and LM go
        ypermc a3, a1, t0
        ypermr t1, a3
        EQ t1, 0xfbffdc
        li t0, 1<<5           # clear C: LM goes
        ypermc a3, a1, t0
        ypermr t1, a3
        EQ t1, 0xffffdd
        li t0, 1<<17          # clear X: ASR goes
        ypermc a3, a1, t0
        ypermr t1, a3
        EQ t1, 0xfcffff
        ypermr t1, a1
        EQ t1, 0xffffff
        ypermr t1, x0
        EQ t1, 0xf8fc1c
# packy keeps nothing
        packy a3, a1, a1
        TAG a3, 0
        yhir t1, a3
        sub t1, t1, a1
        EQ t1, 0
# yaddrw on sealed even to the same address
        yaddrw a3, a4, a4
        TAG a3, 0
        yaddi a3, a4, 0
        TAG a3, 0
        ymv a3, a4
        TAG a3, 1
        mv a3, a4
        TAG a3, 0
        yhir t1, a3
        EQ t1, 0
        ytyper t1, a4
        EQ t1, 1
# srliy / yhir
        srliy t1, a1, 64
        yhir t2, a1
        sub t1, t1, t2
        EQ t1, 0
