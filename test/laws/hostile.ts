// Random hostile code: instruction words that make, narrow, load, store and jump to capabilities, and registers to try them on.
import fc from "fast-check";
import { encodeBounds } from "../../isa/cap/bounds.ts";
import { clearPermissions } from "../../isa/cap/perms.ts";
import { encode, isImmediate, type Form, type OperandValues } from "../../isa/codec.ts";
import { instructionsOf } from "../../isa/table.ts";
import { CapabilityArithmetic } from "../../sim/machine/capability.ts";
import { arbOperands } from "../arbitrary/operands.ts";
import { arbX } from "../arbitrary/x.ts";
import { ALL_PERMISSIONS, BIT, type Cap } from "./standard.ts";

export const ISAS = ["rv64y", "rv64y_zylevels1"] as const;
/** The laws that pointer modes could break are tried with this one too. */
export const HYBRID = "rv64y_zyhybrid";
export type HostileIsa = (typeof ISAS)[number] | typeof HYBRID;
export const hasLevels = (isa: HostileIsa): boolean => isa === "rv64y_zylevels1";

/** A page of code and two of data, from the start of RAM. */
export const CODE = 0x8000_0000n;
export const CODE_BYTES = 0x1000n;
export const DATA = 0x8000_1000n;
export const DATA_BYTES = 0x1000n;
export const VECTOR = 0x8000_2000n;
export const RAM_BYTES = 0x4000;

/** Capabilities among which a hostile program begins: which registers, which granules of data. */
export interface Holdings {
  /** x1 to x31. */
  readonly registers: readonly Cap[];
  /** Granules of data, by number. */
  readonly memory: readonly (readonly [granule: number, value: Cap])[];
}

/** Infinite (#infinite-cap-encoding) at an address, without some permissions. */
export const infinite = (isa: HostileIsa, addr: bigint, without = 0n): Cap => ({
  tag: 1n,
  meta: (ALL_PERMISSIONS | (hasLevels(isa) ? BIT.GL : 0n)) & ~without,
  addr,
});

/** `from` with bounds [base, base + length), rounded outward where they must be. */
export function bounded(from: Cap, base: bigint, length: bigint): Cap {
  const { meta } = encodeBounds(new CapabilityArithmetic(false), from.meta, base, length);
  return { ...from, meta, addr: base };
}

/** A tagged capability within the data page. */
export function arbDataCapability(isa: HostileIsa): fc.Arbitrary<Cap> {
  const m = new CapabilityArithmetic(hasLevels(isa));
  const keepsMost = fc.constantFrom(0n, 0n, 0n, 1n, 2n, 4n, 8n, 0x10n, 0x14n, 0x17n, 0x20n, 0x40000n, 0x10000n);
  return fc
    .record({
      granule: fc.nat(255),
      granules: fc.nat(32),
      within: fc.nat(16),
      clear: fc.oneof(keepsMost, fc.bigInt(0n, 0xff_ffffn)),
      sealed: fc.nat(5).map((n) => n === 0),
    })
    .map(({ granule, granules, within, clear, sealed }) => {
      const base = DATA + 16n * BigInt(granule);
      const length = BigInt(Math.min(granules, 256 - granule)) * 16n;
      const meta = clearPermissions(m, infinite(isa, 0n).meta, clear | 0x10000n);
      const cap = bounded({ tag: 1n, meta, addr: base }, base, length);
      return { ...cap, addr: base + BigInt(within), meta: cap.meta | (sealed ? BIT.sealed : 0n) };
    });
}

/** Bits that a program may try to pass for a capability. */
const arbUntagged = (isa: HostileIsa): fc.Arbitrary<Cap> =>
  fc.oneof(
    arbX.map((addr) => ({ tag: 0n, meta: 0n, addr })),
    fc.bigInt(-64n, 64n).map((n) => ({ tag: 0n, meta: 0n, addr: BigInt.asUintN(64, n) })),
    arbDataCapability(isa).map((c) => ({ ...c, tag: 0n })),
    fc.tuple(arbX, arbX).map(([meta, addr]) => ({ tag: 0n, meta, addr })),
    fc.constant({ ...infinite(isa, DATA), tag: 0n }),
  );

/** A code capability: it cannot write, and has no ASR. */
const arbCodeCapability = (isa: HostileIsa): fc.Arbitrary<Cap> =>
  fc.record({ slot: fc.nat(15), odd: fc.nat(9), sealed: fc.boolean() }).map(({ slot, odd, sealed }) => {
    const code = bounded(infinite(isa, 0n, BIT.ASR | BIT.W | BIT.SL), CODE, CODE_BYTES);
    const addr = CODE + 16n * BigInt(slot) + (odd === 0 ? 1n : 0n);
    const bits = (sealed ? BIT.sealed : 0n) | (isa === HYBRID && slot % 2 === 0 ? BIT.P : 0n);
    return { ...code, addr, meta: (hasLevels(isa) ? code.meta : code.meta | BIT.SL) | bits };
  });

export function arbHoldings(isa: HostileIsa): fc.Arbitrary<Holdings> {
  const arbValue = fc.oneof(
    { weight: 5, arbitrary: arbDataCapability(isa) },
    { weight: 1, arbitrary: arbCodeCapability(isa) },
    { weight: 2, arbitrary: arbUntagged(isa) },
  );
  return fc.record({
    registers: fc.array(arbValue, { minLength: 31, maxLength: 31 }),
    memory: fc.array(fc.tuple(fc.nat(255), arbValue), { minLength: 8, maxLength: 64 }),
  });
}

/** Never part of a hostile program: it would wait for ever. */
const WAITS = ["wfi"];
const ACCESSES = ["load", "store", "atomic", "cbo"];
/** Registers that programs mostly use, so that instructions meet each other's results. */
const COMMON_REGISTERS = 8;
const FIRST_COMMON = 8;
const COMMON_CSRS = [0x416, 0x480, 0x580, 0x780, 0x340, 0x341, 0x305, 0x140, 0x141, 0x105, 0x300, 0x302, 0xc00];

function tempered(form: Form, values: OperandValues, aim: number): OperandValues {
  const out: Record<string, number | bigint> = { ...values };
  const short = new Set(form.slices.filter((s) => s.offset === FIRST_COMMON).map((s) => s.field));
  for (const field of ["rd", "rs1", "rs2"]) {
    const r = out[field];
    if (typeof r !== "number" || short.has(field) || r % 4 === 0) continue;
    const chosen = FIRST_COMMON + (r % COMMON_REGISTERS);
    if (!form.except.some((e) => e.field === field && e.value === chosen)) out[field] = chosen;
  }
  for (const [alias, field] of Object.entries(form.aliases)) out[alias] = out[field]!;
  if (typeof out["csr"] === "number" && aim % 4 !== 0) out["csr"] = COMMON_CSRS[out["csr"] % COMMON_CSRS.length]!;
  const imm = form.fields.find(isImmediate);
  if (imm !== undefined && form.insn.immediate === undefined && aim % 4 !== 0) {
    const near = ACCESSES.includes(form.insn.timing) ? 16n * BigInt(aim % 3) : BigInt(aim % 2) * BigInt(form.immStep);
    const fits = near % BigInt(form.immStep) === 0n && near < 1n << BigInt(form.immBits - 1);
    if (fits && !form.except.some((e) => e.field === imm)) out[imm] = near;
  }
  return out;
}

/** Instruction words, capability instructions in the majority, on registers that mostly hold something. */
export function arbHostileWord(
  isa: HostileIsa,
  without: (name: string) => boolean = () => false,
): fc.Arbitrary<number> {
  const forms = instructionsOf(isa).filter((f) => !WAITS.includes(f.insn.name) && !without(f.insn.name));
  const isCapability = (f: Form): boolean => f.insn.ext === "Y" || f.insn.with === "Y" || f.insn.ext === "Zyhybrid";
  const word = (choices: readonly Form[]): fc.Arbitrary<number> =>
    fc
      .constantFrom(...choices)
      .chain((f) => fc.tuple(arbOperands(f), fc.nat(11)).map(([values, aim]) => encode(f, tempered(f, values, aim))));
  return fc.oneof(
    { weight: 5, arbitrary: word(forms.filter(isCapability)) },
    { weight: 2, arbitrary: word(forms.filter((f) => isCapability(f) && ACCESSES.includes(f.insn.timing))) },
    {
      weight: 2,
      arbitrary: word(forms.filter((f) => ["jalr", "auipc", "jal", "c.jalr", "c.jr"].includes(f.insn.name))),
    },
    { weight: 2, arbitrary: word(forms.filter((f) => ACCESSES.includes(f.insn.timing))) },
    { weight: 3, arbitrary: word(forms) },
  );
}

export const arbHostileCode = (isa: HostileIsa, without?: (name: string) => boolean): fc.Arbitrary<number[]> =>
  fc.array(arbHostileWord(isa, without), { minLength: 1, maxLength: 40, size: "max" });
