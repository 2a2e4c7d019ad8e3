// The parts of generated code that do not depend on the guest's: decoding of bounds, and the trampoline between regions.
import { decodeBounds } from "../../../isa/cap/bounds.ts";
import { ExprArithmetic, ExprWriter, localOf } from "./expr.ts";
import type { PipelineMemo } from "../../timing/memo.ts";
import { SCRIPT_SPREAD, Slot, SLOT_BITS, SLOT_WORDS, STATE_SPREAD } from "../../timing/transitions.ts";
import { ENTRY, STATE } from "./layout.ts";
import { PIECE } from "./pieces.ts";
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

type Import = { readonly name: string } & Signature;

/** Makes a TLB entry for an address if it can; gives the place of the byte, or 0. */
const FILL_IMPORT: Import = { name: "fill", params: [I64, I32], results: [I32] };

/** What timing asks (pieces.ts). */
const TIMING_IMPORTS: readonly Import[] = [
  { name: "advance", params: [I32, F64], results: [] },
  { name: "access", params: [I32, I32, F64, I32], results: [I32] },
  { name: "fetch", params: [I32, I32], results: [I32] },
  { name: "transfer", params: [I32, F64], results: [I32] },
];

/** Indices of the functions that timing calls. */
export interface TimingCalls {
  readonly advance: number;
  readonly access: number;
  readonly fetch: number;
  readonly transfer: number;
  readonly touchLine: number;
  readonly touchPage: number;
  readonly touchTransfer: number;
  readonly findTransition: number;
}

/** The functions of a region's module: what it imports, the region itself, and those that serve it. */
export interface RegionModule {
  readonly imports: readonly Import[];
  readonly helpers: readonly ModuleFunction[];
  readonly fill: number;
  readonly decode: number;
  readonly timing: TimingCalls;
}

export function regionModule(o: {
  readonly tagged: boolean;
  readonly zylevels1: boolean;
  /** Of the timing, if there is any. */
  readonly memo: PipelineMemo | undefined;
}): RegionModule {
  const imports = o.memo !== undefined ? [FILL_IMPORT, ...TIMING_IMPORTS] : [FILL_IMPORT];
  const first = imports.length + 1;
  const decode = o.tagged ? [decodeFunction(o.zylevels1)] : [];
  const { memo } = o;
  const forTiming = [touchLineFunction(), touchPageFunction(), touchTransferFunction()];
  const helpers = memo === undefined ? decode : [...decode, ...forTiming, findTransitionFunction(memo)];
  const [touchLine, touchPage, touchTransfer, findTransition] = [0, 1, 2, 3].map((n) => first + decode.length + n) as [
    number,
    number,
    number,
    number,
  ];
  const own = { touchLine, touchPage, touchTransfer, findTransition };
  const timing = { advance: 1, access: 2, fetch: 3, transfer: 4, ...own };
  return { imports, helpers, fill: 0, decode: first, timing };
}

/** What a region is: it takes the budget of instructions, and gives what is left of it. */
export const REGION: Signature = { params: [I32], results: [I32] };

/** The table grows no further. */
export const MAX_REGIONS = 4096;

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
 * `touchLine(set, bytes, line, dirty)`: whether a line stands in a set of a cache, which begins at a linear address and has so many
 * bytes; then it becomes the most recently used, and dirty if that is 1. As sim/timing/cache.ts does on a hit.
 */
function touchLineFunction(): ModuleFunction {
  const [set, bytes, line, dirty, at, word] = [0, 1, 2, 3, 4, 5];
  const code = new Code();
  forEachWay(code, { set, bytes, at }, () => {
    code.local(Op.localGet, at).memory(Op.i32Load, 0).local(Op.localTee, word);
    code.i32(1).op(Op.i32ShrS).local(Op.localGet, line).op(Op.i32Eq).op(Op.if).byte(VOID);
    forEachBefore(code, { set, at }, () => {
      code.local(Op.localGet, at).local(Op.localGet, at).i32(WORD_BYTES).op(Op.i32Sub);
      code.memory(Op.i32Load, 0).memory(Op.i32Store, 0);
    });
    code.local(Op.localGet, set).local(Op.localGet, word).local(Op.localGet, dirty).op(Op.i32Or);
    code.memory(Op.i32Store, 0).i32(1).op(Op.return).op(Op.end);
  });
  code.i32(0);
  return { params: [I32, I32, I32, I32], results: [I32], locals: [I32, I32], body: code };
}

/**
 * `touchPage(set, bytes, page, stride)`: the same for a page in a set of a TLB, whose masks lie `stride` bytes behind its pages, and
 * whose address spaces as far behind those. As sim/timing/tlb.ts does on a hit.
 */
function touchPageFunction(): ModuleFunction {
  const [set, bytes, page, stride, at, asid, found] = [0, 1, 2, 3, 4, 5, 6];
  const code = new Code();
  const column = (n: number): Code => {
    code.local(Op.localGet, at);
    for (let i = 0; i < n; i += 1) code.local(Op.localGet, stride).op(Op.i32Add);
    return code;
  };
  const columns = [0, 1, 2];
  const kept = columns.map((n) => found + n);
  forEachWay(code, { set, bytes, at }, () => {
    column(1).memory(Op.i32Load, 0).local(Op.localGet, page).op(Op.i32And);
    column(0).memory(Op.i32Load, 0).op(Op.i32Eq);
    column(2).memory(Op.i32Load, 0).local(Op.localTee, asid).i32(-1).op(Op.i32Eq);
    code.local(Op.localGet, asid).i32(0).memory(Op.i32Load, STATE.asid).op(Op.i32Eq).op(Op.i32Or).op(Op.i32And);
    code.op(Op.if).byte(VOID);
    for (const n of columns) column(n).memory(Op.i32Load, 0).local(Op.localSet, kept[n]!);
    forEachBefore(code, { set, at }, () => {
      for (const n of columns) {
        column(n).i32(WORD_BYTES).op(Op.i32Sub).memory(Op.i32Load, 0).local(Op.localSet, asid);
        column(n).local(Op.localGet, asid).memory(Op.i32Store, 0);
      }
    });
    for (const n of columns) column(n).local(Op.localGet, kept[n]!).memory(Op.i32Store, 0);
    code.i32(1).op(Op.return).op(Op.end);
  });
  code.i32(0);
  return { params: [I32, I32, I32, I32], results: [I32], locals: [I32, I32, I32, I32, I32], body: code };
}

/**
 * `touchTransfer(set, bytes, pc, target, stride)`: the same for a transfer and its target in a set of the branch target buffer, whose
 * targets lie `stride` bytes behind its sources. As sim/timing/predictor/btb.ts does where it remembers the right target.
 */
function touchTransferFunction(): ModuleFunction {
  const [set, bytes, pc, target, stride, at] = [0, 1, 2, 3, 4, 5];
  const code = new Code();
  const column = (n: number): Code => {
    code.local(Op.localGet, at);
    return n === 0 ? code : code.local(Op.localGet, stride).op(Op.i32Add);
  };
  forEachWay(
    code,
    { set, bytes, at },
    () => {
      column(0).memory(Op.f64Load, 0).local(Op.localGet, pc).op(Op.f64Eq).op(Op.if).byte(VOID);
      column(1).memory(Op.f64Load, 0).local(Op.localGet, target).op(Op.f64Eq).op(Op.if).byte(VOID);
      forEachBefore(
        code,
        { set, at },
        () => {
          for (const n of [0, 1]) {
            column(n);
            column(n).i32(NUMBER_BYTES).op(Op.i32Sub).memory(Op.f64Load, 0).memory(Op.f64Store, 0);
          }
        },
        NUMBER_BYTES,
      );
      column(0).local(Op.localGet, pc).memory(Op.f64Store, 0);
      column(1).local(Op.localGet, target).memory(Op.f64Store, 0);
      code.i32(1).op(Op.return).op(Op.end).i32(0).op(Op.return).op(Op.end);
    },
    NUMBER_BYTES,
  );
  code.i32(0);
  return { params: [I32, I32, F64, F64, I32], results: [I32], locals: [I32], body: code };
}

/** `findTransition(entry, state)`: whether the memo's slots have the transition of an entry's script; then the entry has it, too. */
function findTransitionFunction({ slots, taken }: PipelineMemo): ModuleFunction {
  const [entry, state, script, slot] = [0, 1, 2, 3];
  const code = new Code();
  const word = (n: number): Code => code.local(Op.localGet, slot).memory(Op.i32Load, slots.byteOffset + WORD_BYTES * n);
  code.local(Op.localGet, entry).memory(Op.i32Load, PIECE.script).local(Op.localTee, script);
  code.i32(SCRIPT_SPREAD).op(Op.i32Mul).local(Op.localGet, state).i32(STATE_SPREAD).op(Op.i32Mul).op(Op.i32Xor);
  code
    .i32(32 - SLOT_BITS)
    .op(Op.i32ShrU)
    .i32(WORD_BYTES * SLOT_WORDS)
    .op(Op.i32Mul)
    .local(Op.localSet, slot);
  word(Slot.state).local(Op.localGet, state).op(Op.i32Eq);
  word(Slot.script).local(Op.localGet, script).op(Op.i32Eq).op(Op.i32And).op(Op.i32Eqz);
  code.op(Op.if).byte(VOID).i32(0).op(Op.return).op(Op.end);
  code.local(Op.localGet, entry).local(Op.localGet, state).memory(Op.i32Store, PIECE.state);
  code.local(Op.localGet, entry);
  word(Slot.transition).i32(3).op(Op.i32Shl).i32(taken.byteOffset).op(Op.i32Add).memory(Op.i32Store, PIECE.taken);
  code.local(Op.localGet, entry);
  word(Slot.cycles).op(Op.f64ConvertI32S).memory(Op.f64Store, PIECE.cycles);
  code.local(Op.localGet, entry);
  word(Slot.next).memory(Op.i32Store, PIECE.next);
  code.local(Op.localGet, entry);
  word(Slot.waiting).op(Op.f64ConvertI32S).memory(Op.f64Store, PIECE.waiting);
  code.i32(1);
  return { params: [I32, I32], results: [I32], locals: [I32, I32], body: code };
}

const WORD_BYTES = 4;
const NUMBER_BYTES = 8;

/** Has `at` go through the words of a set. */
function forEachWay(
  code: Code,
  l: { set: number; bytes: number; at: number },
  body: () => void,
  step = WORD_BYTES,
): void {
  code.local(Op.localGet, l.set).local(Op.localSet, l.at);
  code.op(Op.loop).byte(VOID);
  body();
  code.local(Op.localGet, l.at).i32(step).op(Op.i32Add).local(Op.localTee, l.at);
  code.local(Op.localGet, l.set).local(Op.localGet, l.bytes).op(Op.i32Add).op(Op.i32LtU).op(Op.brIf).unsigned(0);
  code.op(Op.end);
}

/** Has `at` go back to the beginning of its set; `body` comes before each step. */
function forEachBefore(code: Code, l: { set: number; at: number }, body: () => void, step = WORD_BYTES): void {
  code.op(Op.block).byte(VOID).op(Op.loop).byte(VOID);
  code.local(Op.localGet, l.at).local(Op.localGet, l.set).op(Op.i32Eq).op(Op.brIf).unsigned(1);
  body();
  code.local(Op.localGet, l.at).i32(step).op(Op.i32Sub).local(Op.localSet, l.at);
  code.op(Op.br).unsigned(0).op(Op.end).op(Op.end);
}

/**
 * `run(budget, index)`: calls the region at an index of the table, and then the next one as long as entries know it; gives
 * what is left of the budget. The exit and the address are in the state.
 */
export function trampolineModule(memoryPages: number): Uint8Array<ArrayBuffer> {
  const [budget, index, slot] = [0, 1, 2];
  const regionType = 1; // after the type of this function
  const code = new Code();
  const loadState = (opcode: number, at: number): Code => code.i32(0).memory(opcode, at);
  code.op(Op.loop).byte(VOID);
  code.local(Op.localGet, budget).local(Op.localGet, index).op(Op.callIndirect).unsigned(regionType).byte(0);
  code.local(Op.localSet, budget);
  loadState(Op.i32Load, STATE.exit).op(Op.if).byte(VOID);
  code.local(Op.localGet, budget).op(Op.return).op(Op.end);
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
  code.local(Op.localGet, slot).memory(Op.i32Load, ENTRY.index).local(Op.localSet, index).op(Op.br).unsigned(1);
  code.op(Op.end).op(Op.end).local(Op.localGet, budget);
  return encodeModule({
    imports: [],
    functions: [{ params: [I32, I32], results: [I32], locals: [I32], body: code, exportName: "run" }],
    types: [REGION],
    usesTable: true,
    memoryPages,
  });
}
