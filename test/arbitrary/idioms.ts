// Idioms of capabilities and memory: short sequences that single random instructions would seldom form.
import { encode } from "../../isa/codec.ts";
import { integer } from "./presets.ts";
import type { Random } from "./random.ts";
import { FORMS, isAccess, operands, pointer, scratch, single, TARGETS, word } from "./single.ts";

/** lui's immediate for the first address behind RAM. */
const RAM_END = BigInt(0x8000_8000 | 0);

/** Jumps to code ahead, built from the pcc: sealed or not, sometimes to an odd or far place. */
export function sealedJump(random: Random): number[] {
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
export function throughMemory(random: Random): number[] {
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
  const sealed = random.chance(0.2) ? [word("ysentry", { rd: 15, rs2: pointer(random) })] : [];
  const value = sealed.length > 0 ? 15 : first && random.chance(0.4) ? attenuated : random.below(32);
  return [
    ...sealed,
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
export function loadThrough(random: Random, authority: number, imm: bigint): number[] {
  const rd = scratch(random);
  if (random.chance(0.6)) return [word("ly", { rd, rs1: authority, imm })];
  const move = word("yaddi", { rd: authority, rs1: authority, imm });
  const swap = word("amoswap.y", { rd, rs1: authority, rs2: random.below(32) });
  return [move, random.chance(0.5) ? word("lr.y", { rd, rs1: authority }) : swap];
}

/** LR and SC at one address, with something between now and then. */
export function reserved(random: Random): number[] {
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
export function selfModifying(random: Random): number[] {
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
export function loop(random: Random): number[] {
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

/** Narrows, rounds and moves a capability whose bounds are then asked for. */
export function narrowing(random: Random): number[] {
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
export function built(random: Random): number[] {
  const r = scratch(random);
  const meta = scratch(random);
  const source = random.below(32);
  return [
    word("srliy", { rd: meta, rs1: source }),
    ...(random.chance(0.5) ? [word("binvi", { rd: meta, rs1: meta, uimm: BigInt(random.below(64)) })] : []),
    word("packy", { rd: r, rs1: random.chance(0.8) ? source : random.below(32), rs2: meta }),
    word(random.pick(["ybld", "ybld", "ysunseal", "yss", "yeq"]), {
      ...{ rd: r, rs1: random.chance(0.3) ? source : random.below(32), rs2: r },
    }),
  ];
}

/** An access across the end of a page, seen through one of the windows that page tables may open. */
export function pageEnd(random: Random): number[] {
  const r = scratch(random);
  const address = random.pick(TARGETS.slice(1, 20).filter((x) => x !== r));
  const access = random.pick(["ld", "sd", "lw", "sw", "lh", "sh", "lhu", "sd"]);
  const page = 0x1000 * random.below(random.chance(0.7) ? 4 : 16);
  const window = random.pick([0x8000_0000, 0x8000_0000, 0x8020_0000, 0x8040_0000, 0]);
  return [
    word("lui", { rd: address, imm: BigInt((window + page) | 0) }),
    word("add.uw", { rd: address, rs1: address, rs2: 0 }),
    word("auipc", { rd: r, imm: 0n }),
    word("yaddrw", { rd: r, rs1: r, rs2: address }),
    word(access, { rd: address, rs1: r, rs2: random.below(32), imm: BigInt(-random.between(1, 7)) }),
  ];
}

/** Accesses at the last bytes of RAM and beyond, with the authority of the pcc. */
export function ramEnd(random: Random): number[] {
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
