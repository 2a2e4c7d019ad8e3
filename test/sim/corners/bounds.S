# Corner cases of bounds: exactness where the exponent changes, representable edges, the top of the address space (#section_cap_bounds).
        ymv a0, s11          # data, 4096 aligned, infinite bounds
# EF=1 small lengths exact at any base
        yaddi a1, a0, 3
        li t0, 4095
        ybndsw a2, a1, t0
        TAG a2, 1
        ylenr t1, a2
        EQ t1, 4095
        ybaser t1, a2
        sub t1, t1, a1
        EQ t1, 0
# 4096 needs alignment 8
        li t0, 4096
        ybndsw a2, a1, t0
        TAG a2, 0
        ybndswi a2, a1, 4096
        TAG a2, 0
        yaddi a1, a0, 4
        ybndsw a2, a1, t0
        TAG a2, 0
        yaddi a1, a0, 8
        ybndsw a2, a1, t0
        TAG a2, 1
        ylenr t1, a2
        EQ t1, 4096
        ybndswi a2, a1, 4096
        TAG a2, 1
        li t0, 4100
        ybndsw a2, a1, t0
        TAG a2, 0
        li t0, 8184
        ybndsw a2, a1, t0
        TAG a2, 1
        li t0, 8188
        ybndsw a2, a1, t0
        TAG a2, 0
        li t0, 8192
        ybndsw a2, a1, t0       # gran 16, base 8 mod 16
        TAG a2, 0
        yaddi a1, a0, 16
        ybndsw a2, a1, t0
        TAG a2, 1
# RW rounding carry: base 8 mod 16, len 8185 -> rounds up
        yaddi a1, a0, 24
        li t0, 8185
        ybndsrw a2, a1, t0
        TAG a2, 1
        ybaser t1, a2
        sub t1, t1, a1
        EQ t1, -8
        ylenr t1, a2
        EQ t1, 8208       # base..(24+8185=8209 -> 8224): 8224-16
# RW with E=0 internal: base+3, len 4096: top 4099 -> gran 8: base 0, top 4104
        yaddi a1, a0, 3
        li t0, 4096
        ybndsrw a2, a1, t0
        ylenr t1, a2
        EQ t1, 4104
        TAG a2, 1
# zero length
        ybndsw a2, a1, x0
        TAG a2, 1
        ylenr t1, a2
        EQ t1, 0
        TRAP 33, lb t0, 0(a2)
# exceed source
        yaddi a1, a0, 0
        ybndswi a2, a1, 16
        ybndswi a3, a2, 17
        TAG a3, 0
        ylenr t1, a3
        EQ t1, 17
        yaddi a3, a2, 1
        ybndswi a3, a3, 16
        TAG a3, 0
        yaddi a3, a2, 16
        ybndsw a3, a3, x0
        TAG a3, 1
        yaddi a3, a2, 17
        ybndsw a3, a3, x0
        TAG a3, 0
        yaddi a3, a2, -1
        ybndsw a3, a3, x0
        TAG a3, 0
# RW: requested in source, rounding within source
        li t0, 8192
        ybndsw a2, a1, t0
        yaddi a3, a2, 1
        li t0, 8191
        ybndsrw a3, a3, t0
        TAG a3, 1
        ylenr t1, a3
        EQ t1, 8192
# sealed source
        ysentry a3, a2
        li t0, 16
        ybndsw a4, a3, t0
        TAG a4, 0
        TYPE a4, 1
# representable range edges, E=0 (len 16)
        ybndswi a2, a1, 16
        MOVED 12287, 1
        MOVED 12288, 0
        MOVED -4096, 1
        MOVED -4097, 0
        yaddi a3, a2, -2048
        yaddi a3, a3, -2048
        TAG a3, 1
        yaddi a3, a3, -1
        TAG a3, 0
# unaligned base E=0: R = B - 2^12 so the range moves with the base
        yaddi a1, a0, 5
        ybndswi a2, a1, 16
        MOVED 12287, 1
        MOVED 12288, 0
        MOVED -4096, 1
# E=8, 1 MiB at 0x80100000
        li t0, 0x80100000
        yaddrw a1, a0, t0
        li t0, 0x100000
        ybndsw a2, a1, t0
        TAG a2, 1
        MOVED -0x100000, 1
        MOVED -0x100001, 0
        MOVED 0x2fffff, 1
        MOVED 0x300000, 0
# alignment 2048 for 1 MiB
        li t0, 0x80100400
        yaddrw a1, a0, t0
        li t0, 0x100000
        ybndsw a2, a1, t0
        TAG a2, 0
        li t0, 0x80100800
        yaddrw a1, a0, t0
        li t0, 0x100000
        ybndsw a2, a1, t0
        TAG a2, 1
# yamask
        li t0, 0x100000
        yamask t1, t0
        EQ t1, -2048
        li t0, 4096
        yamask t1, t0
        EQ t1, -8
        li t0, 4095
        yamask t1, t0
        EQ t1, -1
        li t0, 8191
        yamask t1, t0
        EQ t1, -16
        li t0, 8185
        yamask t1, t0
        EQ t1, -16
        li t0, 8184
        yamask t1, t0
        EQ t1, -8
        yamask t1, x0
        EQ t1, -1
        li t0, -1
        yamask t1, t0
        EQ t1, 0xfff0000000000000 << 3
# wrap: infinite, address wraps, tag stays
        li t0, -1
        yaddrw a1, a0, t0
        TAG a1, 1
        yaddi a2, a1, 1
        TAG a2, 1
        EQ a2, 0
        TRAP 33, lw t0, 0(a1)
        EQ s9, -1
        li t0, -4
        yaddrw a1, a0, t0
        TRAP 33, ld t0, 0(a1)
        TRAP 5, lw t0, 0(a1)
        EQ s9, -4
        TRAP 7, sw t0, 0(a1)
        TRAP 34, sd t0, 0(a1)
        li t0, -16
        yaddrw a1, a0, t0
        TRAP 5, ly t0, 0(a1)
        ybndswi a2, a1, 16
        TAG a2, 1
        ytopr t1, a2
        EQ t1, -1
        ylenr t1, a2
        EQ t1, 16
        ybndswi a2, a1, 17
        TAG a2, 0
        ytopr t1, a0
        EQ t1, -1
        ylenr t1, a0
        EQ t1, -1
        ybaser t1, a0
        EQ t1, 0
# len 2^64-1 from 0: exactness
        yaddrw a1, a0, x0
        li t0, -1
        ybndsw a2, a1, t0
        TAG a2, 0
        ybndsrw a2, a1, t0
        TAG a2, 1
        ylenr t1, a2
        EQ t1, -1
        yeq t1, a2, a1
        EQ t1, 1        # rounded up to 2^64: the whole space again
# jump to top of space: access fault at -2 with 2 byte bounds ok
        li t0, -2
        yaddrw a1, a0, t0
        TRAP 1, jr a1
        EQ s9, -2
