// The operation of an instruction as pseudo-code: its meaning, run on an algebra whose values are text.
import { CAUSE, exceptionName } from "../../isa/cause.ts";
import { form, isImmediate } from "../../isa/codec.ts";
import type { Insn } from "../../isa/insn.ts";
import { abiName } from "../../isa/registers.ts";
import type { AccessBytes, Bounds, CacheBlockOperation, Privileged, Semantics } from "../../isa/semantics.ts";
import { Expressions, print, type Expr } from "./expression.ts";

/** What the machine is, where meanings differ by it. */
export interface Variant {
  readonly capabilityMode: boolean;
  readonly zylevels1: boolean;
  readonly zyhybrid: boolean;
}

export interface Operation {
  readonly lines: readonly string[];
  /** Exception codes that the instruction may raise, fetch aside. */
  readonly faults: readonly number[];
}

type Statement = { readonly pieces: readonly (string | Expr)[] };

/** Operands stand for themselves: each has a number that no meaning uses, and is printed by its name. */
const FIRST_REGISTER = 1001;
const IMMEDIATE = 0x7654_3210_fedc_ba98n;
/** The same where an immediate is encoded in nine bits of its own kind. */
const ENCODED_IMMEDIATE = 0x1b5n;

const LOAD_FAULTS = [CAUSE.loadAddressMisaligned, CAUSE.loadAccessFault, CAUSE.loadPageFault];
const STORE_FAULTS = [CAUSE.storeAddressMisaligned, CAUSE.storeAccessFault, CAUSE.storePageFault];
const CACHE_BLOCK_FAULTS = [CAUSE.storeAccessFault, CAUSE.storePageFault];

class Describing implements Semantics<Expr, Expr> {
  readonly capabilityMode: boolean;
  readonly zylevels1: boolean;
  readonly zyhybrid: boolean;
  readonly statements: Statement[] = [];
  readonly faults = new Set<number>();
  readonly #e = new Expressions();
  readonly #registers: ReadonlyMap<number, string>;
  readonly #immediate: ReadonlyMap<bigint, string>;
  readonly pc = this.#e.atom("pc");
  readonly nextPc = this.#e.atom("next pc");
  readonly pcc = this.#e.atom("pcc");
  readonly ddc: Expr | undefined;

  constructor(variant: Variant, registers: ReadonlyMap<number, string>, immediate: ReadonlyMap<bigint, string>) {
    this.capabilityMode = variant.capabilityMode;
    this.zylevels1 = variant.zylevels1;
    this.zyhybrid = variant.zyhybrid;
    this.ddc = variant.zyhybrid ? this.#e.atom("ddc") : undefined;
    this.#registers = registers;
    this.#immediate = immediate;
  }

  const(n: bigint): Expr {
    const name = this.#immediate.get(n);
    return name === undefined ? this.#e.constant(n) : this.#e.atom(name);
  }
  add = this.#binary("+");
  sub = this.#binary("-");
  mul = this.#binary("×");
  mulh = this.#binary("mulh");
  mulhsu = this.#binary("mulhsu");
  mulhu = this.#binary("mulhu");
  div = this.#binary("div");
  divu = this.#binary("divu");
  rem = this.#binary("rem");
  remu = this.#binary("remu");
  and = this.#binary("&");
  or = this.#binary("|");
  shl(a: Expr, amount: Expr): Expr {
    return amount.constant === 0n ? a : this.#e.make("<<", [a, amount]);
  }
  shr(a: Expr, amount: Expr): Expr {
    return amount.constant === 0n ? a : this.#e.make(">>u", [a, amount]);
  }
  sar = this.#binary(">>s");
  ltu = this.#binary("<u");
  lts = this.#binary("<s");
  xor(a: Expr, b: Expr): Expr {
    if (b.constant === -1n) return this.#e.make("~", [a]);
    return b.constant === 1n && a.condition ? this.#not(a) : this.#e.make("^", [a, b]);
  }
  eq(a: Expr, b: Expr): Expr {
    return b.constant === 0n && a.condition ? this.#not(a) : this.#e.make("==", [a, b]);
  }
  select(cond: Expr, a: Expr, b: Expr): Expr {
    return this.#e.make("?", [cond, a, b]);
  }
  sext(a: Expr, bits: number): Expr {
    return bits === 64 ? a : this.#e.make("sext", [a], String(bits));
  }
  zext(a: Expr, bits: number): Expr {
    return this.#e.make("zext", [a], String(bits));
  }
  clz(a: Expr): Expr {
    return this.#e.make("clz", [a]);
  }
  ctz(a: Expr): Expr {
    return this.#e.make("ctz", [a]);
  }
  popcount(a: Expr): Expr {
    return this.#e.make("popcount", [a]);
  }
  let(a: Expr): Expr {
    return a;
  }

  cap(tag: Expr, meta: Expr, addr: Expr): Expr {
    return this.#e.make("cap", [tag, meta, addr]);
  }
  tag(y: Expr): Expr {
    return y.op === "cap" ? y.args[0]! : this.#e.make("tag", [y]);
  }
  meta(y: Expr): Expr {
    return y.op === "cap" ? y.args[1]! : this.#e.make("metadata", [y]);
  }
  addr(y: Expr): Expr {
    return y.op === "cap" ? y.args[2]! : this.#e.make("address", [y]);
  }
  bounds(y: Expr): Bounds<Expr> {
    const args = y.op === "cap" ? y.args.slice(1) : [y]; // bounds are of metadata and address
    const of = (name: string): Expr => this.#e.make(name, args);
    return {
      ...{ base: of("base"), top: of("top"), topHigh: of("top[64]") },
      ...{ valid: of("valid"), integral: of("integral") },
    };
  }
  keepTagIf(y: Expr, cond: Expr): Expr {
    return this.cap(this.and(this.tag(y), cond), this.meta(y), this.addr(y));
  }
  selectY(cond: Expr, a: Expr, b: Expr): Expr {
    return this.select(cond, a, b);
  }

  x(r: number): Expr {
    return r === 0 ? this.#e.constant(0n) : this.#e.atom(`X(${this.#register(r)})`);
  }
  y(r: number): Expr {
    return this.#e.atom(r === 0 ? "NULL" : `Y(${this.#register(r)})`);
  }
  setX(r: number, value: Expr): void {
    if (r !== 0) this.#say(`X(${this.#register(r)}) ← `, value);
  }
  setY(r: number, value: Expr): void {
    if (r !== 0) this.#say(`Y(${this.#register(r)}) ← `, value);
  }

  trapIf(cond: Expr, cause: number, tval: Expr): void {
    this.faults.add(cause);
    const [word, said] = cond.op === "not" ? ["unless ", cond.args[0]!] : ["if ", cond];
    this.#say(word, said, `: trap ${exceptionName(cause)}, xtval `, tval);
  }
  jump(target: Expr): void {
    this.faults.add(CAUSE.instructionAddressMisaligned);
    this.#say("jump to ", target);
  }
  jumpIf(cond: Expr, target: Expr): void {
    this.faults.add(CAUSE.instructionAddressMisaligned);
    this.#say("if ", cond, ": jump to ", target);
  }
  jumpY(target: Expr): void {
    if (this.addr(target) !== this.nextPc) this.faults.add(CAUSE.instructionAddressMisaligned);
    this.#say("pcc ← ", target);
  }

  addressValid(addr: Expr): Expr {
    return this.#e.make("holds", [addr]);
  }
  load(addr: Expr, bytes: AccessBytes): Expr {
    return this.#memory(addr, bytes, LOAD_FAULTS);
  }
  store(addr: Expr, bytes: AccessBytes, value: Expr): void {
    this.#say(this.#memory(addr, bytes, STORE_FAULTS), " ← ", value);
  }
  loadY(addr: Expr): Expr {
    this.faults.add(CAUSE.cheriLoadCapabilityFault);
    return this.#memory(addr, 16, LOAD_FAULTS.slice(1));
  }
  storeY(addr: Expr, value: Expr): void {
    this.faults.add(CAUSE.cheriStorePageFault);
    this.#say(this.#memory(addr, 16, STORE_FAULTS.slice(1)), " ← ", value);
  }
  amo(addr: Expr, bytes: 4 | 8, update: (old: Expr) => Expr): Expr {
    const old = this.#e.atom("old");
    this.#say("old ← ", this.#memory(addr, bytes, STORE_FAULTS), " and, atomically with it,");
    this.#say(this.#memory(addr, bytes, STORE_FAULTS), " ← ", update(old));
    return old;
  }
  amoY(addr: Expr, value: Expr): Expr {
    this.faults.add(CAUSE.cheriStorePageFault).add(CAUSE.cheriLoadCapabilityFault);
    this.#say("old ← ", this.#memory(addr, 16, STORE_FAULTS.slice(1)), " and, atomically with it,");
    this.#say(this.#memory(addr, 16, []), " ← ", value);
    return this.#e.atom("old");
  }
  loadReserved(addr: Expr, bytes: AccessBytes): Expr {
    this.#say("reserve ", this.#memory(addr, bytes, LOAD_FAULTS));
    return this.#memory(addr, bytes, []);
  }
  loadReservedY(addr: Expr): Expr {
    this.#say("reserve ", this.#memory(addr, 16, []));
    return this.loadY(addr);
  }
  storeConditional(addr: Expr, bytes: AccessBytes, value: Expr): Expr {
    return this.#conditional(this.#memory(addr, bytes, STORE_FAULTS), value);
  }
  storeConditionalY(addr: Expr, value: Expr): Expr {
    this.faults.add(CAUSE.cheriStorePageFault);
    return this.#conditional(this.#memory(addr, 16, STORE_FAULTS.slice(1)), value);
  }
  permitCacheBlock(operation: CacheBlockOperation): void {
    this.faults.add(CAUSE.illegalInstruction);
    this.#say(`illegal instruction unless xenvcfg permits ${operation}`);
  }
  cacheBlock(addr: Expr, operation: CacheBlockOperation): void {
    for (const cause of CACHE_BLOCK_FAULTS) this.faults.add(cause);
    this.#say(`${operation} the cache block that holds `, addr);
  }

  csrRead(): Expr {
    this.faults.add(CAUSE.illegalInstruction);
    return this.#e.atom("CSR(csr)");
  }
  csrWrite(_: number, value: Expr, whole: boolean): void {
    this.#say("CSR(csr) ← ", whole ? value : this.addr(value));
  }
  ecall(): void {
    for (const cause of [CAUSE.ecallFromU, CAUSE.ecallFromS, CAUSE.ecallFromM]) this.faults.add(cause);
    this.#say("trap environment call from the current mode");
  }
  ebreak(): void {
    this.faults.add(CAUSE.breakpoint);
    this.#say("trap breakpoint, xtval ", this.pc);
  }
  trapReturn(from: Privileged): void {
    this.faults.add(CAUSE.illegalInstruction);
    this.#say(`return from a ${from}-mode trap: mode, interrupt enable and pc${this.capabilityMode ? "c" : ""}`);
  }
  wfi(): void {
    this.faults.add(CAUSE.illegalInstruction);
    this.#say("wait until an interrupt is pending");
  }
  fence(): void {
    this.#say("order memory accesses before it and after it");
  }
  fenceI(): void {
    this.#say("make stores of this hart visible to its instruction fetches");
  }
  sfenceVma(addr: Expr, asid: Expr): void {
    this.faults.add(CAUSE.illegalInstruction);
    this.#say(
      "order translations: of page ",
      addr,
      " (rs1 = x0: of all), of address space ",
      asid,
      " (rs2 = x0: of all)",
    );
  }

  #binary(op: string): (a: Expr, b: Expr) => Expr {
    return (a, b) => this.#e.make(op, [a, b]);
  }
  #not(a: Expr): Expr {
    if (a.op === "==" || a.op === "!=") return this.#e.make(a.op === "==" ? "!=" : "==", a.args);
    return a.op === "not" ? a.args[0]! : this.#e.make("not", [a]);
  }
  #register(r: number): string {
    return this.#registers.get(r) ?? abiName(r);
  }
  #memory(addr: Expr, bytes: number, faults: readonly number[]): Expr {
    for (const cause of faults) this.faults.add(cause);
    return this.#e.make(`M${8 * bytes}`, [addr]);
  }
  #conditional(where: Expr, value: Expr): Expr {
    this.#say("failed ← 0 where the reservation stands, else 1");
    this.#say("unless failed: ", where, " ← ", value);
    return this.#e.atom("failed");
  }
  #say(...pieces: (string | Expr)[]): void {
    this.statements.push({ pieces });
  }
}

/** Runs a meaning on text; `zero` names an operand whose field is 0, where the meaning looks at the number itself. */
export function operationOf(insn: Insn, variant: Variant, zero?: string): Operation {
  const { fields, aliases } = form(insn);
  const registers = new Map<number, string>();
  const immediate = new Map<bigint, string>();
  const values = new Map<string, number | bigint>();
  for (const [i, name] of fields.entries()) {
    if (isImmediate(name)) {
      const field = insn.immediate === undefined ? IMMEDIATE : ENCODED_IMMEDIATE;
      immediate.set(insn.immediate?.decode(field) ?? field, name);
      values.set(name, name === zero ? 0n : field);
    } else {
      registers.set(FIRST_REGISTER + i, name);
      values.set(name, name === zero ? 0 : FIRST_REGISTER + i);
    }
  }
  for (const [name, field] of Object.entries(aliases)) values.set(name, values.get(field)!);
  const m = new Describing(variant, registers, immediate);
  insn.exec(m, Object.fromEntries(values) as never);
  return { lines: written(m.statements), faults: [...m.faults].sort((a, b) => a - b) };
}

/** Operands at whose field being 0 the meaning looks, so that the operation is another one. */
export function specialZeros(insn: Insn, variant: Variant): string[] {
  if (insn.immediate !== undefined) return [];
  const general = operationOf(insn, variant).lines.join("\n");
  return form(insn).fields.filter((name) => {
    if (name === "rd" || insn.except?.split(" ").includes(`${name}=0`)) return false;
    const substituted = isImmediate(name)
      ? general.replaceAll(new RegExp(`\\b${name}\\b`, "g"), "0")
      : general.replaceAll(`X(${name})`, "0").replaceAll(`Y(${name}).address`, "0").replaceAll(`Y(${name})`, "NULL");
    const special = operationOf(insn, variant, name).lines.join("\n").replaceAll("NULL.address", "0");
    return special !== substituted;
  });
}

/** Statements as lines; what is needed more than once gets a name, on a line before its first use. */
function written(statements: readonly Statement[]): string[] {
  const uses = new Map<Expr, number>();
  const count = (e: Expr): void => {
    uses.set(e, (uses.get(e) ?? 0) + 1);
    if (uses.get(e) === 1) e.args.forEach(count);
  };
  const expressions = (s: Statement): Expr[] => s.pieces.filter((p): p is Expr => typeof p !== "string");
  statements.flatMap(expressions).forEach(count);

  const names = new Map<Expr, string>();
  const lines: string[] = [];
  const nameShared = (e: Expr): void => {
    if (names.has(e)) return;
    e.args.forEach(nameShared);
    if (uses.get(e)! < 2 || isShort(e)) return;
    const name = `t${names.size + 1}`;
    lines.push(`${name} = ${print(e, names, true)}`);
    names.set(e, name);
  };
  for (const s of statements) {
    expressions(s).forEach(nameShared);
    lines.push(s.pieces.map((p) => (typeof p === "string" ? p : print(p, names))).join(""));
  }
  return lines;
}

/** Nothing is gained by a name for an atom, a member or a function of one. */
function isShort(e: Expr): boolean {
  const atom = (a: Expr): boolean => a.op === "atom" || a.op === "const";
  return atom(e) || (e.args.length === 1 && e.op !== "not" && e.op !== "~" && atom(e.args[0]!));
}
