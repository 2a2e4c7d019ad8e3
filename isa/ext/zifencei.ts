// Zifencei: makes stores visible to instruction fetch.
import { insn, type Insn } from "../insn.ts";

export const zifencei: readonly Insn[] = [
  insn({
    ...{ name: "fence.i", ext: "Zifencei", timing: "fence", spec: "#zifencei" },
    bits: "imm[11:0] rs1 001 rd 0001111", // unused fields are ignored
    asm: "",
    exec: (m) => m.fenceI(),
  }),
];
