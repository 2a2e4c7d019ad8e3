// The parts of generated code that do not depend on the guest's: decoding of bounds, and the trampoline between regions.
import { decodeBounds } from "../../../isa/cap/bounds.ts";
import { ExprArithmetic, ExprWriter, localOf } from "./expr.ts";
import { SWITCHES } from "./exits.ts";
import { ENTRY, STATE } from "./layout.ts";
import { enterContextFunction, noteContextFunction } from "./switch-code.ts";
import { QUESTIONS } from "./questions.ts";
import { Functions, type Import } from "./terms.ts";
import {
  Code,
  encodeModule,
  F64,
  I32,
  I64,
  Op,
  VOID,
  type ModuleFunction,
  type Signature,
  type ValueType,
} from "./wasm.ts";

/** Makes a TLB entry for an address if it can; gives the place of the byte, or 0. */
const FILL_IMPORT: Import = { name: "fill", params: [I64, I32], results: [I32] };

/** What timing calls (timing-functions.ts, questions.ts). */
const TIMING_IMPORTS = [
  { name: "advance", params: [I32, F64, F64, I32], results: [] },
  { name: "takeLine", params: [I32, I32, F64, I32], results: [I32] },
  { name: "touchAccess", params: [I32, I32, I32, I32, I32, I32, F64], results: [I32] },
  { name: "rememberTarget", params: [I32, I32, F64, F64, I32], results: [I32] },
  { name: "access", ...QUESTIONS.access },
  { name: "fetch", ...QUESTIONS.fetch },
] as const satisfies readonly Import[];

/** Indices of the functions that timing calls. */
export type TimingCalls = Readonly<Record<"fill" | (typeof TIMING_IMPORTS)[number]["name"], number>>;

/** The functions of a region's module: what it imports, the region itself, and those that serve it. */
export interface RegionModule {
  readonly imports: readonly Import[];
  readonly helpers: readonly ModuleFunction[];
  readonly fill: number;
  readonly decode: number;
  readonly timing: TimingCalls;
}

const NO_FUNCTION = -1;

export function regionModule(o: {
  readonly tagged: boolean;
  readonly zylevels1: boolean;
  readonly timed: boolean;
}): RegionModule {
  const module = new Functions(o.timed ? [FILL_IMPORT, ...TIMING_IMPORTS] : [FILL_IMPORT], 1);
  const decode = o.tagged ? module.add(decodeFunction(o.zylevels1)).index : NO_FUNCTION;
  const calls = Object.fromEntries(module.imports.map(({ name }, index) => [name, index])) as TimingCalls;
  return { imports: module.imports, helpers: module.functions, fill: calls.fill, decode, timing: calls };
}

/** What a region is: it takes the budget of instructions, and gives what is left of it. */
export const REGION: Signature = { params: [I32], results: [I32] };
/** Its parameter's local. */
export const BUDGET = 0;

/** The table grows no further. */
export const MAX_REGIONS = 1 << 14;

class Decoding extends ExprArithmetic {
  readonly zylevels1: boolean;
  readonly zyhybrid = false;
  constructor(zylevels1: boolean) {
    super();
    this.zylevels1 = zylevels1;
  }
}

/** `decode(meta, addr)`: base, top, and the conditions topHigh, valid and integral. */
function decodeFunction(zylevels1: boolean): ModuleFunction {
  const params = [I64, I64] as const;
  const locals: ValueType[] = [];
  const writer = new ExprWriter((type) => params.length + locals.push(type) - 1);
  const bounds = decodeBounds(new Decoding(zylevels1), localOf(I64, 0), localOf(I64, 1));
  writer.wide(bounds.base);
  writer.wide(bounds.top);
  for (const part of ["topHigh", "valid", "integral"] as const) writer.truth(bounds[part]);
  return { params, results: [I64, I64, I32, I32, I32], locals, body: writer.code };
}

/**
 * `run(budget, index)`: calls the region at an index of the table, and then the next one as long as entries know it, in whatever
 * context; gives what is left of the budget. The exit and the address are in the state.
 */
export function trampolineModule(memoryPages: number): Uint8Array<ArrayBuffer> {
  const [budget, index, slot] = [0, 1, 2];
  const enterContext = 1;
  const regionType = 3; // after the types of the functions
  const code = new Code();
  const loadState = (opcode: number, at: number): Code => code.i32(0).memory(opcode, at);
  code.op(Op.loop).byte(VOID);
  code.local(Op.localGet, budget).local(Op.localGet, index).op(Op.callIndirect).unsigned(regionType).byte(0);
  code.local(Op.localSet, budget);
  loadState(Op.i32Load, STATE.exit).op(Op.if).byte(VOID);
  loadState(Op.i32Load, STATE.exit).i32(SWITCHES).op(Op.i32Eq).op(Op.if).byte(I32);
  code.call(enterContext).op(Op.else).i32(0).op(Op.end).op(Op.i32Eqz).op(Op.if).byte(VOID);
  code.local(Op.localGet, budget).op(Op.return).op(Op.end).op(Op.end);
  loadState(Op.i64Load, STATE.pc).i64(1n).op(Op.i64ShrU).op(Op.i32WrapI64);
  code
    .i32((1 << ENTRY.indexBits) - 1)
    .op(Op.i32And)
    .i32(ENTRY.bits)
    .op(Op.i32Shl);
  loadState(Op.i32Load, STATE.entries).op(Op.i32Add).local(Op.localTee, slot).memory(Op.i64Load, 0);
  loadState(Op.i64Load, STATE.pc).op(Op.i64Eq);
  code.local(Op.localGet, slot).memory(Op.i64Load, ENTRY.meta);
  loadState(Op.i64Load, STATE.meta).op(Op.i64Eq).op(Op.i32And).op(Op.if).byte(VOID);
  code.i32(0).local(Op.localGet, slot).memory(Op.i32Load, ENTRY.lines).memory(Op.i32Store, STATE.lines);
  code.local(Op.localGet, slot).memory(Op.i32Load, ENTRY.index).local(Op.localSet, index).op(Op.br).unsigned(1);
  code.op(Op.end).op(Op.end).local(Op.localGet, budget);
  return encodeModule({
    imports: [],
    functions: [
      { params: [I32, I32], results: [I32], locals: [I32], body: code, exportName: "run" },
      enterContextFunction(),
      noteContextFunction(),
    ],
    types: [REGION],
    usesTable: true,
    memoryPages,
  });
}
