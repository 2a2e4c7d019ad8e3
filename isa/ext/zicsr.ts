// Zicsr: instructions that read and write control and status registers, whole capabilities where those hold one.
import { insn, type Insn } from "../insn.ts";
import type { Binary } from "./families.ts";

/**
 * CSRRS and CSRRC: the old address with bits set or cleared is written back, unless rs1 is x0. On a register that holds a
 * capability the write has the semantics of YADDRW.
 */
function bits(name: string, line: `csr rs1 ${string} rd 1110011`, spec: string, update: Binary): Insn {
  return insn({
    ...{ name, ext: "Zicsr", timing: "csr", spec, asm: "rd, csr, rs1", bits: line as "csr rs1 rd" },
    exec: (m, o) => {
      const mask = m.x(o.rs1);
      const old = m.csrRead(o.csr, o.rs1 !== 0);
      if (o.rs1 !== 0) {
        const zero = m.const(0n);
        m.csrWrite(o.csr, m.cap(zero, zero, update(m, m.addr(old), mask)), false);
      }
      m.setY(o.rd, old);
    },
  });
}

/** The immediate forms; CSRRWI always writes, CSRRSI and CSRRCI unless the immediate is 0. */
function immediate(name: string, line: `csr uimm[4:0] ${string} rd 1110011`, spec: string, update: Binary): Insn {
  return insn({
    ...{ name, ext: "Zicsr", timing: "csr", spec, asm: "rd, csr, uimm", bits: line as "csr uimm rd" },
    exec: (m, o) => {
      const write = name === "csrrwi" || o.uimm !== 0n;
      const old = m.csrRead(o.csr, write);
      if (write) {
        const zero = m.const(0n);
        m.csrWrite(o.csr, m.cap(zero, zero, update(m, m.addr(old), m.const(o.uimm))), false);
      }
      m.setY(o.rd, old);
    },
  });
}

const write: Binary = (_, __, value) => value;
const set: Binary = (m, old, mask) => m.or(old, mask);
const clear: Binary = (m, old, mask) => m.and(old, m.xor(mask, m.const(-1n)));

export const zicsr: readonly Insn[] = [
  insn({
    ...{ name: "csrrw", ext: "Zicsr", timing: "csr", spec: "#CSRRW_CHERI" },
    bits: "csr rs1 001 rd 1110011",
    asm: "rd, csr, rs1",
    exec: (m, o) => {
      const value = m.y(o.rs1);
      const old = m.csrRead(o.csr, true);
      m.csrWrite(o.csr, value, true);
      m.setY(o.rd, old);
    },
  }),
  bits("csrrs", "csr rs1 010 rd 1110011", "#CSRRS_CHERI", set),
  bits("csrrc", "csr rs1 011 rd 1110011", "#CSRRC_CHERI", clear),
  immediate("csrrwi", "csr uimm[4:0] 101 rd 1110011", "#CSRRWI_CHERI", write),
  immediate("csrrsi", "csr uimm[4:0] 110 rd 1110011", "#CSRRSI_CHERI", set),
  immediate("csrrci", "csr uimm[4:0] 111 rd 1110011", "#CSRRCI_CHERI", clear),
];
