# A trap vector with finite bounds at an address that translation cannot take: the fetch that faults takes the tag of the pcc,
# also where the address is out of its bounds (#section_invalid_addr_conv).
# isa: rv64y
	auipc a0, 0
	yaddi a1, a0, over - . + 4
	csrw mtvec, a1
	li a2, 0x80004000
	yaddrw a3, a0, a2
	li a4, 0x200000cf
	sd a4, 16(a3)
	bseti a5, zero, 63
	srli a6, a2, 12
	or a5, a5, a6
	csrw satp, a5
	li a2, 0x1000000
	slli a2, a2, 20
	yaddrw t0, a0, a2
	li a6, 46
	ybndsrw t0, t0, a6
	yaddi t0, t0, 1024
	csrw stvec, t0
	li a6, 512
	csrw medeleg, a6
	li a4, 0x800
	csrw mstatus, a4
	auipc a0, 0
	yaddi a0, a0, 16
	csrw mepc, a0
	mret
	ecall
	.balign 4
over:
