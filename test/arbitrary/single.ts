// Random single instructions of every kind, with operands that mostly mean something.
import { encode, isImmediate, type Form, type OperandValues } from "../../isa/codec.ts";
import { CSRS } from "../../isa/csr.ts";
import { instructionsOf } from "../../isa/table.ts";
import type { Random } from "./random.ts";

export const FORMS = instructionsOf("rv64y_zylevels1");
const BY_NAME: ReadonlyMap<string, Form> = new Map(FORMS.map((f) => [f.insn.name, f]));
const isCapability = (f: Form): boolean => f.insn.ext === "Y" || f.insn.with === "Y";
const named = (...names: readonly string[]): readonly Form[] => names.map((n) => BY_NAME.get(n)!);
const where = (...classes: readonly string[]): readonly Form[] =>
  FORMS.filter((f) => !isCapability(f) && classes.includes(f.insn.timing));

/** What each slot of a body is drawn from; capability instructions are more than half of what is drawn. */
const GROUPS: readonly (readonly [weight: number, forms: readonly Form[]])[] = [
  [76, FORMS.filter((f) => isCapability(f) && !["load", "store", "atomic"].includes(f.insn.timing))],
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
const COMMON_CSRS = [
  0x320, 0xb00, 0xc00, 0x480, 0x580, 0x780, 0x341, 0x141, 0x340, 0x140, 0x300, 0x100, 0x305, 0x105, 0xc02, 0xb02, 0x342,
];
const PARTNERS = [2, 8, 9, 10, 11, 12, 13];

export function word(name: string, operands: OperandValues): number {
  return encode(BY_NAME.get(name)!, operands);
}

/** A word that may be no instruction: any bits, or an instruction with one bit changed. */
export function oddWord(random: Random): number {
  if (random.chance(0.5)) return (random.bits() | 3) >>> 0;
  const near = single(random);
  return (near ^ (1 << random.below((near & 3) === 3 ? 32 : 16))) >>> 0;
}

export function single(random: Random): number {
  let at = random.below(TOTAL);
  const group = GROUPS.find(([weight]) => (at -= weight) < 0)!;
  const form = random.pick(group[1]);
  for (;;) {
    const values = drawn(random, form);
    if (!isExcepted(form, values)) return encoded(form, values);
  }
}

/** A value for each of the form's fields, in their order. Programs are many: numbers in an array are quick. */
function drawn(random: Random, form: Form): number[] {
  return form.fields.map((field) => (isImmediate(field) ? immediate(random, form) : plain(random, form, field)));
}

const isExcepted = ({ except, aliases, fields }: Form, values: readonly number[]): boolean =>
  except.some((e) => values[fields.indexOf(aliases[e.field] ?? e.field)] === e.value);

function encoded({ match, slices, fields }: Form, values: readonly number[]): number {
  let word = match;
  for (const s of slices) word |= ((values[fields.indexOf(s.field)]! >>> s.from) & ((1 << s.width) - 1)) << s.at;
  return word >>> 0;
}

export function operands(random: Random, form: Form): OperandValues {
  const values = drawn(random, form);
  return Object.fromEntries(form.fields.map((field, i) => [field, values[i]!]));
}

function plain(random: Random, form: Form, field: string): number {
  const slice = form.slices.find((s) => s.field === field)!;
  const short = slice.offset === 8;
  switch (field) {
    case "rd":
      // Pointers are kept, mostly, so that later accesses have somewhere to go.
      if (short && random.chance(0.8)) return 15;
      return short || random.chance(0.2) ? slice.offset + random.below(1 << slice.width) : random.pick(TARGETS);
    case "rs1": {
      if (form.insn.timing === "csr" && random.chance(0.25)) return 0;
      const pointer = !short && isAccess(form) && random.chance(0.75);
      return pointer ? random.pick(PARTNERS) : slice.offset + random.below(1 << slice.width);
    }
    case "csr":
      return csr(random);
    default:
      return slice.offset + random.below(1 << slice.width);
  }
}

export const TARGETS = [1, 3, 4, 5, 6, 7, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31];
const ACCESSES: ReadonlySet<string> = new Set(["load", "store", "atomic", "cbo"]);
export const isAccess = (f: Form): boolean => ACCESSES.has(f.insn.timing);

function csr(random: Random): number {
  for (;;) {
    const number = random.chance(0.6) ? random.pick(COMMON_CSRS) : random.pick(CSR_NUMBERS);
    if (random.chance(0.02)) return random.below(4096) === SATP ? 0x480 : random.below(4096) & ~SATP;
    if (!FRAGILE.has(number) || random.chance(0.1)) return number;
  }
}

function immediate(random: Random, form: Form): number {
  const { immStep: step, immBits, insn } = form;
  const low = form.immSigned ? -(2 ** (immBits - 1)) : 0;
  const high = (form.immSigned ? -low : 2 ** immBits) - step;
  if ((insn.timing === "branch" || insn.timing === "jump") && insn.name !== "jalr") {
    // Forward and near, mostly: a body that loops shows little.
    const near = random.between(random.chance(0.96) ? 1 : -4, 8) * 4;
    return near < low || near > high ? step : near === 0 ? 8 : near;
  }
  if (insn.name === "jalr") return random.chance(0.6) ? 0 : random.between(-8, 8);
  if (random.chance(0.15)) return 0;
  if (isAccess(form)) {
    const reach = random.below(24) * (random.chance(0.8) ? 16 : 1);
    const offset = Math.trunc((random.chance(0.15) ? -reach : reach) / step) * step;
    return offset < low || offset > high ? 0 : offset;
  }
  return low + random.below64((high - low) / step + 1) * step;
}

/** A register that holds no pointer by agreement. */
export const scratch = (random: Random): number => random.pick(TARGETS.slice(1, 20));
export const pointer = (random: Random): number => random.pick(PARTNERS);
