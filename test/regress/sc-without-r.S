# SC needs W alone, as its page says (#STORE_COND_CAP: store_exceptions); an AMO needs R and W (#AMOSWAP_CAP).
# isa: rv64y
	auipc a0, 0
	yaddi a1, a0, over - . + 4
	csrw mtvec, a1
	li a2, 0x80001000
	yaddrw a3, a0, a2
	lui a4, 0x40
	ypermc a4, a3, a4
	lr.d a5, (a3)
	sc.d a6, a2, (a4)
	amoadd.d a7, a2, (a4)
	.balign 4
over:
