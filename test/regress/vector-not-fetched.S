# A trap goes to its vector and looks at no page of it: an interrupt whose vector has no tag faults at the fetch, before
# translation, and the vector's page is still not accessed (#sv32algorithm; hardware here sets A when it translates).
# isa: rv64y
	auipc a0, 0
	yaddi a1, a0, handler - . + 4
	csrw mtvec, a1
	li a2, 0x80004000
	yaddrw a3, a0, a2
	li a4, 0x2000008f
	sd a4, 0(a3)
	li a4, 0x200000cf
	sd a4, 16(a3)
	bseti a5, zero, 63
	srli a6, a2, 12
	or a5, a5, a6
	csrw satp, a5
	bseti a5, zero, 61
	csrw menvcfg, a5
	csrw stvec, zero
	csrwi mideleg, 2
	csrwi mie, 2
	csrwi mip, 2
	li a5, 0x802
	csrw mstatus, a5
	csrw mepc, a1
	mret
	.balign 4
handler:
	ld a7, 0(a3)
over:
