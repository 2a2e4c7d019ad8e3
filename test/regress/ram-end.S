# A misaligned access across the end of RAM: xtval names the portion that faults, not where the access begins (#mtval).
# isa: rv64y
	auipc a0, 0
	yaddi a1, a0, over - . + 4
	csrw mtvec, a1
	li a2, 0x80007ffd
	yaddrw a3, a0, a2
	ld a4, 0(a3)
	li a5, 1
	.balign 4
over:
