// The parts of generated code that do not depend on the guest's: decoding of bounds, and the trampoline between regions.
import { decodeBounds } from "../../../isa/cap/bounds.ts";
import { ExprArithmetic, ExprWriter, localOf } from "./expr.ts";
import { ENTRY, STATE } from "./layout.ts";
import { Code, encodeModule, I32, I64, Op, VOID, type ModuleFunction, type Signature, type ValueType } from "./wasm.ts";

/** Index of functions in the module of a region: the import, the region itself, decoding. */
export const FILL = 0;
export const DECODE = 2;

/** Makes a TLB entry for an address if it can; gives the place of the byte, or 0. */
export const FILL_IMPORT: { readonly name: string } & Signature = { name: "fill", params: [I64, I32], results: [I32] };

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
export function decodeFunction(zylevels1: boolean): ModuleFunction {
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
