// The privileged instructions; privilege, xstatus' traps and ASR are the machine's to check.
import { insn, type Insn } from "../insn.ts";

export const priv: readonly Insn[] = [
  insn({
    ...{ name: "mret", ext: "priv", timing: "system", spec: "#MRET_CHERI" },
    bits: "0011000 00010 00000 000 00000 1110011",
    asm: "",
    exec: (m) => m.trapReturn("machine"),
  }),
  insn({
    ...{ name: "sret", ext: "priv", timing: "system", spec: "#SRET_CHERI" },
    bits: "0001000 00010 00000 000 00000 1110011",
    asm: "",
    exec: (m) => m.trapReturn("supervisor"),
  }),
  insn({
    ...{ name: "wfi", ext: "priv", timing: "system", spec: "#wfi" },
    bits: "0001000 00101 00000 000 00000 1110011",
    asm: "",
    exec: (m) => m.wfi(),
  }),
  insn({
    ...{ name: "sfence.vma", ext: "priv", timing: "system", spec: "#sfence.vma" },
    bits: "0001001 rs2 rs1 000 00000 1110011",
    asm: "rs1, rs2",
    exec: (m, o) => m.sfenceVma(m.x(o.rs1), m.x(o.rs2), o.rs1 === 0, o.rs2 === 0),
  }),
];
