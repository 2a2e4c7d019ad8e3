# A cache-block operation where neither loads nor stores may go is a store access fault; xtval is rs1 (cmo.adoc).
# isa: rv64y_zylevels1
	auipc a0, 0
	yaddi a1, a0, over - . + 4
	csrw mtvec, a1
	li a2, 0x40000008
	yaddrw a3, a0, a2
	cbo.flush (a3)
	li a4, 1
	.balign 4
over:
