// Random instruction sequences: single instructions of every kind, and idioms that single ones would seldom form.
import { encode, isImmediate, type Form, type OperandValues } from "../../isa/codec.ts";
import { CSRS } from "../../isa/csr.ts";
import { instructionsOf } from "../../isa/table.ts";
import type { Extensions } from "../model/capability.ts";
import { YMODESWI, YMODESWY } from "./frame.ts";
import { integer } from "./presets.ts";
import type { Random } from "./random.ts";

const FORMS = instructionsOf("rv64y_zylevels1");
const BY_NAME: ReadonlyMap<string, Form> = new Map(FORMS.map((f) => [f.insn.name, f]));
const isCapability = (f: Form): boolean => f.insn.ext === "Y" || f.insn.with === "Y";
const named = (...names: readonly string[]): readonly Form[] => names.map((n) => BY_NAME.get(n)!);
const where = (...classes: readonly string[]): readonly Form[] =>
  FORMS.filter((f) => !isCapability(f) && classes.includes(f.insn.timing));

/** What each slot of a body is drawn from; capability instructions are more than half of what is drawn. */
const GROUPS: readonly (readonly [weight: number, forms: readonly Form[]])[] = [
  [60, FORMS.filter((f) => isCapability(f) && !["load", "store", "atomic"].includes(f.insn.timing))],
  [14, FORMS.filter((f) => isCapability(f) && ["load", "store", "atomic"].includes(f.insn.timing))],
  [4, named("auipc", "jalr", "jal", "c.jalr", "c.jr")],
  [7, where("load", "store")],
  [4, where("atomic")],
  [2, where("cbo")],
  [6, where("csr")],
  [10, where("alu", "mul", "div")],
  [4, where("branch", "jump")],
  // WFI is left to privilegedState: where nothing is enabled, it ends the run.
  [2, where("fence", "system").filter((f) => f.insn.name !== "wfi")],
];
const TOTAL = GROUPS.reduce((sum, [weight]) => sum + weight, 0);

const SATP = 0x180;
/** Writing these ends what a program can still show; they come seldom. */
const FRAGILE = new Set([0x105, 0x305, 0x140, 0x340]);
const CSR_NUMBERS = CSRS.map((c) => c.number).filter(
  (n) => n !== SATP && (n & 0xf00) !== 0xc00 && (n & 0xfe0) !== 0xb00,
);
const DDC = 0x416;
const COMMON_CSRS = [
  0x320, 0xb00, 0xc00, 0x480, 0x580, 0x780, 0x341, 0x141, 0x340, 0x140, 0x300, 0x100, 0x305, 0x105, 0xc02, 0xb02, 0x342,
];
/** lui's immediate for the first address behind RAM. */
const RAM_END = BigInt(0x8000_8000 | 0);
const STVEC = 0x105;
const SCOUNTEREN = 0x106;
const MCOUNTEREN = 0x306;
/** How far above its base a capability of less than 4 KiB is represented (#section_cap_representable_check). */
const REPRESENTABLE_ABOVE = 0x3000n;
const PMPCFG0 = 0x3a0;
const PMPADDR0 = 0x3b0;
/** The first address of RAM in grains of four bytes, as pmpaddr holds it. */
const RAM_GRAINS = 0x2000_0000n;
const PARTNERS = [2, 8, 9, 10, 11, 12, 13];
/** Points at page tables where there are any. */
const TABLE_POINTER = 14;

/** What a body can rely on. */
export interface Features {
  readonly x: Extensions;
  readonly translated: boolean;
}

/** A random body of about so many instructions. */
export function randomBody(random: Random, instructions: number, { x, translated }: Features): number[] {
  const body: number[] = [];
  while (body.length < instructions) {
    if (x.zyhybrid && random.chance(0.08)) body.push(...modes(random));
    if (translated && random.chance(0.05)) body.push(...random.pick(TRANSLATION)(random));
    if (random.chance(0.14)) body.push(...random.pick(IDIOMS)(random));
    else if (random.chance(0.01)) body.push(oddWord(random));
    else body.push(single(random));
  }
  return body;
}

function word(name: string, operands: OperandValues): number {
  return encode(BY_NAME.get(name)!, operands);
}

/** A word that may be no instruction: any bits, or an instruction with one bit changed. */
function oddWord(random: Random): number {
  if (random.chance(0.5)) return (random.bits() | 3) >>> 0;
  const near = single(random);
  return (near ^ (1 << random.below((near & 3) === 3 ? 32 : 16))) >>> 0;
}

function single(random: Random): number {
  let at = random.below(TOTAL);
  const group = GROUPS.find(([weight]) => (at -= weight) < 0)!;
  const form = random.pick(group[1]);
  for (;;) {
    const values = operands(random, form);
    if (!form.except.some((e) => Number(values[e.field]) === e.value)) return encode(form, values);
  }
}

function operands(random: Random, form: Form): OperandValues {
  const values: Record<string, number | bigint> = {};
  for (const field of form.fields)
    values[field] = isImmediate(field) ? immediate(random, form) : plain(random, form, field);
  for (const [alias, field] of Object.entries(form.aliases)) values[alias] = values[field]!;
  return values;
}

function plain(random: Random, form: Form, field: string): number {
  const slice = form.slices.find((s) => s.field === field)!;
  const short = slice.offset === 8;
  switch (field) {
    case "rd":
      // Pointers are kept, mostly, so that later accesses have somewhere to go.
      if (short && random.chance(0.8)) return random.pick([14, 15]);
      return short || random.chance(0.2) ? slice.offset + random.below(2 ** slice.width) : random.pick(TARGETS);
    case "rs1": {
      const pointer = !short && isAccess(form) && random.chance(0.75);
      return pointer ? random.pick(PARTNERS) : slice.offset + random.below(2 ** slice.width);
    }
    case "csr":
      return csr(random);
    default:
      return slice.offset + random.below(2 ** slice.width);
  }
}

const TARGETS = [1, 3, 4, 5, 6, 7, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31];
const isAccess = (f: Form): boolean => ["load", "store", "atomic", "cbo"].includes(f.insn.timing);

function csr(random: Random): number {
  for (;;) {
    const number = random.chance(0.6) ? random.pick(COMMON_CSRS) : random.pick(CSR_NUMBERS);
    if (random.chance(0.02)) return random.below(4096) === SATP ? 0x480 : random.below(4096) & ~SATP;
    if (!FRAGILE.has(number) || random.chance(0.1)) return number;
  }
}

function immediate(random: Random, form: Form): bigint {
  const step = BigInt(form.immStep);
  const low = form.immSigned ? -(1n << BigInt(form.immBits - 1)) : 0n;
  const high = (form.immSigned ? -low : 1n << BigInt(form.immBits)) - step;
  if (["branch", "jump"].includes(form.insn.timing) && form.insn.name !== "jalr") {
    // Forward and near, mostly: a body that loops shows little.
    const near = BigInt(random.between(random.chance(0.96) ? 1 : -4, 8)) * 4n;
    return near < low || near > high ? step : near === 0n ? 8n : near;
  }
  if (form.insn.name === "jalr") return random.chance(0.6) ? 0n : BigInt(random.between(-8, 8));
  if (random.chance(0.15)) return 0n;
  if (isAccess(form)) {
    const reach = BigInt(random.below(24)) * (random.chance(0.8) ? 16n : 1n);
    const offset = (random.chance(0.15) ? -reach : reach) / step;
    return clamp(offset * step, low, high);
  }
  const span = (high - low) / step + 1n;
  return low + (random.bits64() % span) * step;
}

const clamp = (value: bigint, low: bigint, high: bigint): bigint => (value < low ? 0n : value > high ? 0n : value);

/** A register that holds no pointer by agreement. */
const scratch = (random: Random): number => random.pick(TARGETS.slice(1, 20));
const pointer = (random: Random): number => random.pick(PARTNERS);

/** Jumps to code ahead, built from the pcc: sealed or not, sometimes to an odd or far place. */
function sealedJump(random: Random): number[] {
  const r = scratch(random);
  const ahead = 16 + 4 * random.below(6) + (random.chance(0.1) ? 1 : 0);
  const seal = random.chance(0.75) ? [word("ysentry", { rd: r, rs2: r })] : [word("ymv", { rd: r, rs1: r })];
  const imm = random.chance(0.85) ? 0n : BigInt(random.between(-4, 4));
  return [
    word("auipc", { rd: r, imm: 0n }),
    word("yaddi", { rd: r, rs1: r, imm: BigInt(ahead) }),
    ...seal,
    word("jalr", { rd: random.pick([0, 1, 5, r]), rs1: r, imm }),
  ];
}

/** A round trip through memory, where tags and permissions are filtered. */
function throughMemory(random: Random): number[] {
  const base = pointer(random);
  const imm = BigInt(16 * random.below(12));
  const attenuated = scratch(random);
  const mask = scratch(random);
  const weaken = random.chance(0.6)
    ? [
        word("addi", { rd: mask, rs1: 0, imm: BigInt(random.pick([1, 2, 3, 4, 8, 16, 20, 23, 32])) }),
        word("ypermc", { rd: attenuated, rs1: base, rs2: mask }),
      ]
    : [word("ymv", { rd: attenuated, rs1: base })];
  // A misaligned store reaches into a second granule.
  const near = imm + BigInt(random.between(-7, 15));
  const clobber = random.chance(0.3)
    ? [word(random.pick(["sb", "sh", "sw", "sd"]), { rs1: base, rs2: 5, imm: near < 0n ? imm : near })]
    : [];
  // The store, too, may go through the weaker authority, and what it stores may be local.
  const first = random.chance(0.5);
  const value = first && random.chance(0.4) ? attenuated : random.below(32);
  return [
    ...(first ? weaken : []),
    word("sy", { rs1: first ? attenuated : base, rs2: value, imm }),
    ...clobber,
    ...(first ? [] : weaken),
    ...(random.chance(0.7)
      ? loadThrough(random, attenuated, imm)
      : [word("ly", { rd: scratch(random), rs1: base, imm })]),
  ];
}

/** A capability load of any kind; atomics have no offset. */
function loadThrough(random: Random, authority: number, imm: bigint): number[] {
  const rd = scratch(random);
  if (random.chance(0.6)) return [word("ly", { rd, rs1: authority, imm })];
  const move = word("yaddi", { rd: authority, rs1: authority, imm });
  const swap = word("amoswap.y", { rd, rs1: authority, rs2: random.below(32) });
  return [move, random.chance(0.5) ? word("lr.y", { rd, rs1: authority }) : swap];
}

/** LR and SC at one address, with something between now and then. */
function reserved(random: Random): number[] {
  const base = pointer(random);
  const align = scratch(random);
  const width = random.pick(["b", "h", "w", "d", "y"]);
  const other = random.chance(0.2) ? random.pick(["b", "h", "w", "d", "y"]) : width;
  const between = random.chance(0.4) ? [single(random)] : [];
  return [
    word("andi", { rd: align, rs1: base, imm: -16n }),
    word("yaddrw", { rd: align, rs1: base, rs2: align }),
    ...(random.chance(0.15) ? [word("ypermc", { rd: align, rs1: align, rs2: random.below(32) })] : []),
    word(`lr.${width}`, { rd: scratch(random), rs1: align }),
    ...between,
    word(`sc.${other}`, { rd: scratch(random), rs1: align, rs2: random.below(32) }),
    ...(random.chance(0.3) ? [word(`sc.${width}`, { rd: scratch(random), rs1: align, rs2: random.below(32) })] : []),
  ];
}

/** Writes an instruction into the code ahead, makes it visible, and runs into it. */
function selfModifying(random: Random): number[] {
  const code = scratch(random);
  const value = random.pick(TARGETS.slice(1, 20).filter((r) => r !== code));
  const patch = single(random) | 0;
  const low = (patch << 20) >> 20;
  const high = (patch - low) | 0;
  const ahead = BigInt(20 + 4 * random.below(3));
  return [
    word("lui", { rd: value, imm: BigInt(high) }),
    word("addiw", { rd: value, rs1: value, imm: BigInt(low) }),
    word("auipc", { rd: code, imm: 0n }),
    word(random.pick(["sw", "sh"]), { rs1: code, rs2: value, imm: ahead - 8n }),
    word("fence.i", {}),
    single(random),
    single(random),
  ];
}

/** A bounded loop over a few instructions. */
function loop(random: Random): number[] {
  const counter = scratch(random);
  const inner = Array.from({ length: random.between(1, 4) }, () => single(random));
  const bytes = inner.reduce((n, w) => n + ((w & 3) === 3 ? 4 : 2), 0);
  return [
    word("addi", { rd: counter, rs1: 0, imm: BigInt(random.between(2, 4)) }),
    ...inner,
    word("addi", { rd: counter, rs1: counter, imm: -1n }),
    word("blt", { rs1: 0, rs2: counter, imm: BigInt(-bytes - 4) }),
  ];
}

/** Returns to code ahead in whatever mode mstatus says. */
function lowerPrivilege(random: Random): number[] {
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
function privilegedState(random: Random): number[] {
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

/** Narrows, rounds and moves a capability whose bounds are then asked for. */
function narrowing(random: Random): number[] {
  const r = scratch(random);
  const length = random.pick(TARGETS.slice(1, 20).filter((x) => x !== r));
  const value = integer(random) & 0xffff_ffffn;
  const high = BigInt.asIntN(32, (value + 0x800n) & 0xffff_f000n);
  return [
    word("lui", { rd: length, imm: high }),
    word("addi", { rd: length, rs1: length, imm: BigInt.asIntN(12, value) }),
    word(random.pick(["yadd", "yaddrw"]), { rd: r, rs1: random.below(32), rs2: random.below(32) }),
    word(random.pick(["ybndsw", "ybndsrw"]), { rd: r, rs1: r, rs2: length }),
    word(random.pick(["yaddi", "ybndswi"]), {
      rd: r,
      rs1: r,
      imm: BigInt(random.between(-64, 64)),
      uimm: BigInt(random.below(512)),
    }),
    word(random.pick(["ybaser", "ytopr", "ylenr", "ypermr"]), { rd: scratch(random), rs1: r }),
  ];
}

/** Builds a capability from two integers, and has it authorised by another. */
function built(random: Random): number[] {
  const r = scratch(random);
  const meta = scratch(random);
  const source = random.below(32);
  return [
    word("srliy", { rd: meta, rs1: source }),
    ...(random.chance(0.5) ? [word("binvi", { rd: meta, rs1: meta, uimm: BigInt(random.below(64)) })] : []),
    word("packy", { rd: r, rs1: random.chance(0.8) ? source : random.below(32), rs2: meta }),
    word(random.pick(["ybld", "ybld", "ysunseal", "yss"]), { rd: r, rs1: random.below(32), rs2: r }),
  ];
}

/** A PMP entry over some of the data, or of the code: locked, it holds for M-mode too. */
function protection(random: Random): number[] {
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
function counters(random: Random): number[] {
  const open = (csr: number): number => word("csrrwi", { rd: 0, csr, uimm: BigInt(random.below(8)) });
  const read = word("csrrs", { rd: scratch(random), csr: random.pick([0xc00, 0xc01, 0xc02]), rs1: 0 });
  return [open(MCOUNTEREN), open(SCOUNTEREN), ...lowerPrivilege(random), read];
}

/** A trap vector near the end of its capability's representable range, where vectored addresses may leave it. */
function vector(random: Random): number[] {
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

/** Accesses at the last bytes of RAM and beyond, with the authority of the pcc. */
function ramEnd(random: Random): number[] {
  const r = scratch(random);
  const address = random.pick(TARGETS.slice(1, 20).filter((x) => x !== r));
  const access = random.pick(FORMS.filter((f) => isAccess(f) && f.fields.includes("rs1") && f.bytes === 4));
  const slack = access.fields.includes("imm") ? BigInt(random.between(-20, 4)) : 0n;
  const values = { ...operands(random, access), rs1: r };
  return [
    word("lui", { rd: address, imm: RAM_END }),
    word("add.uw", { rd: address, rs1: address, rs2: 0 }),
    word("auipc", { rd: r, imm: 0n }),
    word("yaddrw", { rd: r, rs1: r, rs2: address }),
    encode(access, access.immStep === 1 && slack !== 0n ? { ...values, imm: slack } : values),
  ];
}

/** Changes a page-table entry, has it take effect, and goes there. */
function remap(random: Random): number[] {
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
function translationState(random: Random): number[] {
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

/** Zyhybrid: another pointer mode, the mode of a capability, or ddc. */
function modes(random: Random): number[] {
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

const TRANSLATION: readonly ((random: Random) => number[])[] = [remap, remap, translationState];

const IDIOMS: readonly ((random: Random) => number[])[] = [
  sealedJump,
  throughMemory,
  throughMemory,
  reserved,
  selfModifying,
  loop,
  lowerPrivilege,
  privilegedState,
  narrowing,
  built,
  ramEnd,
  protection,
  counters,
  vector,
];
