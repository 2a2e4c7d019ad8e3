// Prints definitions of isa/ as C: the algebra whose values are C expressions, so that they run on 2^31 cases in minutes.
import { decodeBounds } from "../../isa/cap/bounds.ts";
import { instructionsOf } from "../../isa/table.ts";
import type { Arithmetic, Bounds, Capabilities, Semantics } from "../../isa/semantics.ts";

/** A capability as three C expressions. */
interface CCapability {
  readonly tag: string;
  readonly meta: string;
  readonly addr: string;
}

/** What the printed functions need: types, and what C lacks of the algebra. */
export const PRELUDE = `
struct y { u64 tag, meta, addr; };
struct bounds { u64 base, top, topHigh, valid, integral; };
static inline u64 clz_(u64 a) { return a ? (u64)__builtin_clzll(a) : 64; }
static inline u64 ctz_(u64 a) { return a ? (u64)__builtin_ctzll(a) : 64; }
static inline u64 div_(i64 a, i64 b) { return b == 0 ? ~0ull : b == -1 ? -(u64)a : (u64)(a / b); }
static inline u64 rem_(i64 a, i64 b) { return b == 0 ? (u64)a : b == -1 ? 0 : (u64)(a % b); }
static inline u64 divu_(u64 a, u64 b) { return b == 0 ? ~0ull : a / b; }
static inline u64 remu_(u64 a, u64 b) { return b == 0 ? a : a % b; }
`;

/** The algebra; a named value becomes a line of the function under way. */
export class CArithmetic implements Arithmetic<string> {
  readonly lines: string[] = [];

  const(n: bigint): string {
    return `0x${BigInt.asUintN(64, n).toString(16)}ull`;
  }
  add = infix("+");
  sub = infix("-");
  mul = infix("*");
  mulh = (a: string, b: string): string => `(u64)((i128)(i64)${a} * (i64)${b} >> 64)`;
  mulhsu = (a: string, b: string): string => `(u64)((i128)(i64)${a} * (i128)${b} >> 64)`;
  mulhu = (a: string, b: string): string => `(u64)((u128)${a} * ${b} >> 64)`;
  div = call("div_");
  divu = call("divu_");
  rem = call("rem_");
  remu = call("remu_");
  and = infix("&");
  or = infix("|");
  xor = infix("^");
  shl = (a: string, amount: string): string => `(${a} << (${amount} & 63))`;
  shr = (a: string, amount: string): string => `(${a} >> (${amount} & 63))`;
  sar = (a: string, amount: string): string => `((u64)((i64)${a} >> (${amount} & 63)))`;
  eq = (a: string, b: string): string => `((u64)(${a} == ${b}))`;
  ltu = (a: string, b: string): string => `((u64)(${a} < ${b}))`;
  lts = (a: string, b: string): string => `((u64)((i64)${a} < (i64)${b}))`;
  select = (cond: string, a: string, b: string): string => `(${cond} ? ${a} : ${b})`;
  sext = (a: string, bits: number): string => `((u64)((i64)(${a} << ${64 - bits}) >> ${64 - bits}))`;
  zext = (a: string, bits: number): string => `(${a} << ${64 - bits} >> ${64 - bits})`;
  clz = call("clz_");
  ctz = call("ctz_");
  popcount = (a: string): string => `((u64)__builtin_popcountll(${a}))`;

  let(a: string): string {
    const name = `v${this.lines.length}`;
    this.lines.push(`u64 ${name} = ${a};`);
    return name;
  }
}

function infix(operator: string): (a: string, b: string) => string {
  return (a, b) => `(${a} ${operator} ${b})`;
}
function call(name: string): (...args: string[]) => string {
  return (...args) => `${name}(${args.join(", ")})`;
}

/** Registers that a printed instruction names; what it reads of the first becomes the parameter a, of the second b. */
const RD = 10;
const PARAMETERS = new Map([
  [11, "a"],
  [12, "b"],
]);

/** As much of the machine as an instruction asks for that computes with registers alone. */
class CRegisters extends CArithmetic implements Capabilities<string, CCapability> {
  readonly zylevels1: boolean;
  readonly zyhybrid: boolean;
  readonly capabilityMode = true;
  /** What the instruction leaves in rd. */
  result: CCapability | undefined;

  constructor(isa: string) {
    super();
    this.zylevels1 = isa.includes("zylevels1");
    this.zyhybrid = isa.includes("zyhybrid");
  }

  cap(tag: string, meta: string, addr: string): CCapability {
    return { tag: this.let(tag), meta: this.let(meta), addr: this.let(addr) };
  }
  tag = (y: CCapability): string => y.tag;
  meta = (y: CCapability): string => y.meta;
  addr = (y: CCapability): string => y.addr;
  bounds = (y: CCapability): Bounds<string> => decodeBounds(this, y.meta, y.addr);
  keepTagIf = (y: CCapability, cond: string): CCapability => ({ ...y, tag: this.let(this.and(y.tag, cond)) });
  selectY(cond: string, a: CCapability, b: CCapability): CCapability {
    const pick = (field: keyof CCapability): string => this.let(this.select(cond, a[field], b[field]));
    return { tag: pick("tag"), meta: pick("meta"), addr: pick("addr") };
  }

  x = (r: number): string => this.y(r).addr;
  y(r: number): CCapability {
    const p = PARAMETERS.get(r);
    if (p === undefined) throw new Error(`x${r} is no parameter`);
    return { tag: `${p}.tag`, meta: `${p}.meta`, addr: `${p}.addr` };
  }
  setX(_rd: number, value: string): void {
    this.setY(RD, { tag: "0", meta: "0", addr: this.let(value) });
  }
  setY(_rd: number, y: CCapability): void {
    this.result = y;
  }
}

/** An instruction that computes with registers alone, as the C function `struct y ISA_NAME(struct y a, struct y b)`. */
export function instructionSource(isa: string, name: string): string {
  const insn = instructionsOf(isa).find((f) => f.insn.name === name)?.insn;
  if (insn === undefined) throw new Error(`${isa} has no instruction ${name}`);
  const m = new CRegisters(isa);
  // What it asks for beyond these would be undefined, and throw.
  insn.exec(m as unknown as Semantics<string, CCapability>, { rd: RD, rs1: 11, rs2: 12 } as never);
  if (m.result === undefined) throw new Error(`${name} writes no register`);
  const { tag, meta, addr } = m.result;
  return cFunction("struct y", `${isa}_${name}`, "struct y a, struct y b", m.lines, [tag, meta, addr]);
}

/** `decodeBounds` as the C function `struct bounds ISA_bounds(u64 meta, u64 addr)`. */
export function boundsSource(isa: string): string {
  const m = new CRegisters(isa);
  const { base, top, topHigh, valid, integral } = decodeBounds(m, "meta", "addr");
  const results = [base, top, topHigh, valid, integral];
  return cFunction("struct bounds", `${isa}_bounds`, "u64 meta, u64 addr", m.lines, results);
}

/** Every operation of the algebra as `u64 op_NAME(u64 a, u64 b, u64 c)`; widths of extensions are part of the name. */
export function algebraSource(operations: Readonly<Record<string, Operation>>): string {
  return Object.entries(operations)
    .map(([name, apply]) => {
      const m = new CArithmetic();
      const value = m.let(apply(m, "a", "b", "c"));
      return `static u64 op_${name}(u64 a, u64 b, u64 c) { (void)a; (void)b; (void)c; ${m.lines.join(" ")} return ${value}; }`;
    })
    .join("\n");
}

/** One operation, written for any algebra. */
export type Operation = <X>(m: Arithmetic<X>, a: X, b: X, c: X) => X;

function cFunction(type: string, name: string, parameters: string, lines: string[], results: string[]): string {
  const body = [...lines, `return (${type}){${results.join(", ")}};`].map((line) => `  ${line}`);
  return `static inline ${type} ${name}(${parameters}) {\n${body.join("\n")}\n}`;
}
