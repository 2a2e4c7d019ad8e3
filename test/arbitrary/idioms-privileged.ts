// Idioms of privileged state: modes, interrupts, counters, PMP, page tables, generations, pointer modes.
import { YMODESWI, YMODESWY } from "./frame.ts";
import { loadThrough, throughMemory } from "./idioms.ts";
import type { Random } from "./random.ts";
import { pointer, scratch, single, TARGETS, word } from "./single.ts";

const DDC = 0x416;
/** Points at page tables where there are any. */
const TABLE_POINTER = 14;
const STVEC = 0x105;
const SCOUNTEREN = 0x106;
const MCOUNTEREN = 0x306;
const TIME = 0xc01;
const STIMECMP = 0x14d;
const SIP = 0x144;
const MIP = 0x344;
const PMPCFG0 = 0x3a0;
const PMPADDR0 = 0x3b0;
/** How far above its base a capability of less than 4 KiB is represented (#section_cap_representable_check). */
const REPRESENTABLE_ABOVE = 0x3000n;
/** The first address of RAM in grains of four bytes, as pmpaddr holds it. */
const RAM_GRAINS = 0x2000_0000n;

/** Returns to code ahead in whatever mode mstatus says. */
export function lowerPrivilege(random: Random): number[] {
  const r = scratch(random);
  const supervisor = random.chance(0.4);
  const seal = random.chance(0.5) ? [word("ysentry", { rd: r, rs2: r })] : [word("ymv", { rd: r, rs1: r })];
  return [
    word("auipc", { rd: r, imm: 0n }),
    word("yaddi", { rd: r, rs1: r, imm: BigInt(20 + (random.chance(0.05) ? 1 : 0)) }),
    ...seal,
    word("csrrw", { rd: 0, csr: supervisor ? 0x141 : 0x341, rs1: r }),
    word(supervisor ? "sret" : "mret", {}),
  ];
}

/** Sets mstatus, interrupt enables or delegation, then makes something pend. */
export function privilegedState(random: Random): number[] {
  const r = scratch(random);
  const number = random.pick([
    0x300, 0x300, 0x304, 0x344, 0x302, 0x303, 0x30a, 0x10a, 0x306, 0x106, 0x14d, 0x100, 0x104,
  ]);
  const value = random.chance(0.5) ? random.between(-2048, 2047) : 1 << random.below(11);
  return [
    word("addi", { rd: r, rs1: 0, imm: BigInt(value) }),
    ...(random.chance(0.4) ? [word("slli", { rd: r, rs1: r, uimm: BigInt(random.below(33)) })] : []),
    word(random.pick(["csrrw", "csrrs", "csrrc"]), { rd: scratch(random), csr: number, rs1: r }),
    ...(random.chance(0.1) ? [word("wfi", {})] : []),
  ];
}

/** Enables interrupts, and has one pend at once or after some cycles. */
export function interrupt(random: Random): number[] {
  const r = scratch(random);
  const enable = random.pick([2, 0x20, 0x22, 0x222, 0x200]);
  const soon = [
    word("csrrs", { rd: r, csr: TIME, rs1: 0 }),
    word("addi", { rd: r, rs1: r, imm: BigInt(random.between(0, 12)) }),
    word("csrrw", { rd: 0, csr: STIMECMP, rs1: r }),
  ];
  const now = word("csrrsi", { rd: 0, csr: random.pick([SIP, MIP]), uimm: 2n });
  const open = random.pick([
    [word("csrrsi", { rd: 0, csr: 0x300, uimm: 8n })],
    [word("csrrsi", { rd: 0, csr: 0x100, uimm: 2n })],
    lowerPrivilege(random),
  ]);
  return [
    word("addi", { rd: r, rs1: 0, imm: BigInt(enable) }),
    word("csrrw", { rd: 0, csr: random.chance(0.7) ? 0x304 : 0x104, rs1: r }),
    ...(random.chance(0.4) ? [word("csrrw", { rd: 0, csr: 0x303, rs1: scratch(random) })] : []),
    ...(random.chance(0.6) ? soon : [now]),
    ...open,
    ...(random.chance(0.2) ? [word("wfi", {})] : []),
  ];
}

/** A PMP entry over some of the data, or of the code: locked, it holds for M-mode too. */
export function protection(random: Random): number[] {
  const r = scratch(random);
  const entry = random.pick([0, 0, 0, 1, 2]);
  const ones = 2 ** random.below(9) - 1;
  const grains = random.chance(0.85) ? 0x400 + random.below(0x300) : 0x180 + random.below(0x200);
  const cfg = (random.chance(0.2) ? 0x80 : 0) | (random.pick([1, 2, 3, 3, 3]) << 3) | random.below(8);
  const shift = entry === 0 ? [] : [word("slli", { rd: r, rs1: r, uimm: BigInt(8 * entry) })];
  return [
    word("lui", { rd: r, imm: RAM_GRAINS }),
    word("addi", { rd: r, rs1: r, imm: BigInt(grains | ones) }),
    word("csrrw", { rd: 0, csr: PMPADDR0 + entry, rs1: r }),
    word("addi", { rd: r, rs1: 0, imm: BigInt(cfg) }),
    ...shift,
    word(random.pick(["csrrw", "csrrs"]), { rd: 0, csr: PMPCFG0, rs1: r }),
  ];
}

/** Opens some counters to lower modes, goes there, and reads one. */
export function counters(random: Random): number[] {
  const open = (csr: number): number => word("csrrwi", { rd: 0, csr, uimm: BigInt(random.below(8)) });
  const read = word("csrrs", { rd: scratch(random), csr: random.pick([0xc00, 0xc01, 0xc02]), rs1: 0 });
  return [open(MCOUNTEREN), open(SCOUNTEREN), ...lowerPrivilege(random), read];
}

/** A trap vector near the end of its capability's representable range, where vectored addresses may leave it. */
export function vector(random: Random): number[] {
  const r = scratch(random);
  const offset = random.pick(TARGETS.slice(1, 20).filter((x) => x !== r));
  return [
    word("auipc", { rd: r, imm: 0n }),
    word("ybndswi", { rd: r, rs1: r, uimm: BigInt(1 + random.below(255)) }),
    word("lui", { rd: offset, imm: REPRESENTABLE_ABOVE }),
    word("addi", { rd: offset, rs1: offset, imm: BigInt(-random.between(1, 80)) }),
    word("yadd", { rd: r, rs1: r, rs2: offset }),
    word("csrrw", { rd: scratch(random), csr: STVEC, rs1: r }),
    word(random.pick(["csrrsi", "csrrci"]), { rd: scratch(random), csr: STVEC, uimm: BigInt(random.below(32)) }),
  ];
}

/** Changes a page-table entry, has it take effect, and goes there. */
export function remap(random: Random): number[] {
  const r = scratch(random);
  const imm = BigInt(8 * random.below(16) + (random.chance(0.1) ? 0x100 : 0));
  const bit = random.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 28, 53, 54, 55, 56, 57, 58, 59, 60, 61, 63]);
  const change = random.pick(["binvi", "binvi", "bclri", "bseti"]);
  return [
    word("ld", { rd: r, rs1: TABLE_POINTER, imm }),
    word(change, { rd: r, rs1: r, uimm: BigInt(bit) }),
    word("sd", { rs1: TABLE_POINTER, rs2: r, imm }),
    word("sfence.vma", { rs1: random.chance(0.5) ? 0 : pointer(random), rs2: random.chance(0.5) ? 0 : r }),
    ...throughMemory(random),
  ];
}

/** Changes what decides on translation: MPRV, SUM, MXR, the modes in MPP and SPP, Svyrg's bits, Svadu, satp. */
export function translationState(random: Random): number[] {
  const r = scratch(random);
  const fields: readonly (readonly [csr: number, bit: number])[] = [
    ...([
      [0x300, 17],
      [0x300, 18],
      [0x300, 19],
      [0x300, 11],
      [0x100, 18],
      [0x100, 19],
    ] as const),
    ...([
      [0x100, 59],
      [0x100, 60],
      [0x100, 61],
      [0x30a, 61],
      [0x180, 63],
      [0x180, 44],
      [0x180, 60],
    ] as const),
  ];
  const [csr, bit] = random.pick(fields);
  return [
    word("bseti", { rd: r, rs1: 0, uimm: BigInt(bit) }),
    word(random.pick(["csrrs", "csrrc"]), { rd: random.chance(0.5) ? 0 : scratch(random), csr, rs1: r }),
    ...(random.chance(0.3) ? lowerPrivilege(random) : [single(random)]),
  ];
}

/** Svyrg: stores a capability, moves on to another generation, and loads it again. */
export function generation(random: Random): number[] {
  const base = pointer(random);
  const r = scratch(random);
  const imm = BigInt(16 * random.below(12));
  return [
    word("sy", { rs1: base, rs2: random.chance(0.7) ? base : random.below(32), imm }),
    word("bseti", { rd: r, rs1: 0, uimm: BigInt(random.pick([60, 61])) }),
    word(random.pick(["csrrs", "csrrc"]), { rd: 0, csr: random.pick([0x100, 0x300]), rs1: r }),
    ...(random.chance(0.8)
      ? loadThrough(random, random.chance(0.8) ? base : pointer(random), imm)
      : [word("ly", { rd: r, rs1: base, imm })]),
  ];
}

/** Zyhybrid: another pointer mode, the mode of a capability, or ddc. */
export function modes(random: Random): number[] {
  const r = scratch(random);
  switch (random.below(6)) {
    case 0:
    case 1:
      return [YMODESWY];
    case 2:
    case 3:
      return [YMODESWI];
    case 4: {
      const rd = scratch(random);
      return [modeWord(0x2b, rd, random.below(32), random.below(32)), modeWord(0x7a, r, rd, 6)];
    }
    default:
      return [word("csrrw", { rd: random.chance(0.5) ? 0 : r, csr: DDC, rs1: pointer(random) })];
  }
}

/** YMODEW and YMODER: opcode RVY-A. */
const modeWord = (f7: number, rd: number, rs1: number, rs2: number): number =>
  ((f7 << 25) | (rs2 << 20) | (rs1 << 15) | (rd << 7) | 0x7b) >>> 0;
