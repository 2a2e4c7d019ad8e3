# A page lets CBO.CLEAN through that a load may use, though D is clear: outside RAM it is an access fault (cmo.adoc, #Xcbo).
# isa: rv64y
	auipc a0, 0
	yaddi a1, a0, over - . + 4
	csrw mtvec, a1
	li a2, 0x80004000
	yaddrw a3, a0, a2
	li a4, 0x2000004f
	sd a4, 16(a3)
	bseti a5, zero, 63
	srli a6, a2, 12
	or a5, a5, a6
	csrw satp, a5
	li a2, 0x80010000
	yaddrw a3, a0, a2
	li a4, 0x20800
	csrs mstatus, a4
	cbo.clean (a3)
	li a7, 1
	.balign 4
over:
