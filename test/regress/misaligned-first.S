# Misaligned accesses that trap look at no protection first: cause 6, not the access fault of PMP (machine.adoc, mcause).
# isa: rv64y
# misaligned: trap
	auipc a0, 0
	yaddi a1, a0, over - . + 4
	csrw mtvec, a1
	li a2, 0x80006000
	yaddrw a3, a0, a2
	srli a4, a2, 2
	csrw pmpaddr0, a4
	li a5, 0x90
	csrw pmpcfg0, a5
	sw a5, 1(a3)
	li a6, 1
	.balign 4
over:
