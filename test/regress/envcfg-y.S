# menvcfg.Y and senvcfg.Y (bit 8) are read-only 1 on an RVY base (machine.adoc, menvcfg; supervisor.adoc, senvcfg).
# isa: rv64y
	csrr a0, menvcfg
	csrr a1, senvcfg
	csrw menvcfg, zero
	csrwi senvcfg, 1
	csrr a2, menvcfg
	csrr a3, senvcfg
over:
