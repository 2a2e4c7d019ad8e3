# C.ADDI with an immediate of 0 is a HINT (#rvc-hints): it keeps a capability, where ADDI would clear metadata and tag.
# isa: rv64y
	auipc a0, 0
	auipc a1, 0
	c.addi a0, 0
	addi a1, a1, 0
over:
