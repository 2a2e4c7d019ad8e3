// The parts of generated code that do not depend on the guest's: what a region's module is made of, and the trampoline between regions.
import { BOUNDS_IMPORTS } from "./bounds-module.ts";
import { SWITCHES } from "./exits.ts";
import { FILL_IMPORT, fillFunction } from "./fill-code.ts";
import { ENTRIES_AT, ENTRY, ENTRY_SPREAD, STATE } from "./layout.ts";
import { QUESTIONS } from "./questions.ts";
import { enterContextFunction, noteContextFunction } from "./switch-code.ts";
import type { Import } from "./terms.ts";
import { Code, encodeModule, F64, I32, Op, VOID, type Signature, type TableCall } from "./wasm.ts";

/**
 * What regions call outside, by their places in a table: `fill`, the functions of bounds-module.ts where there are capabilities, and
 * what timing calls (timing-functions.ts, questions.ts). Of functions that a module imports V8 would compile an optimised adapter to
 * JavaScript for each type, whatever they are.
 */
export const SHARED_FUNCTIONS = [
  FILL_IMPORT,
  ...BOUNDS_IMPORTS,
  { name: "advance", params: [I32, F64, F64, I32], results: [I32] },
  { name: "touchPage", params: [I32], results: [I32] },
  { name: "takeLine", params: [I32, I32, F64, I32], results: [I32] },
  { name: "takeLines", params: [I32, I32, I32, F64, I32], results: [I32] },
  { name: "rememberTarget", params: [I32, I32, F64, F64, I32], results: [I32] },
  { name: "access", ...QUESTIONS.access },
  { name: "fetch", ...QUESTIONS.fetch },
] as const satisfies readonly Import[];

export type SharedCalls = Readonly<Record<(typeof SHARED_FUNCTIONS)[number]["name"], TableCall>>;

/** How the module of a region, whose own type comes first, calls them. */
export const SHARED_CALLS = Object.fromEntries(
  SHARED_FUNCTIONS.map(({ name }, slot) => [name, { slot, type: 1 + slot }]),
) as SharedCalls;

/** What a region is: it takes the budget of instructions, and gives what is left of it. */
export const REGION: Signature = { params: [I32], results: [I32] };
/** Its parameter's local. */
export const BUDGET = 0;

/** The table grows no further. */
export const MAX_REGIONS = 1 << 14;

/**
 * `run(budget, index)`: calls the region at an index of the table, and then the next one as long as entries know it, in whatever
 * context; gives what is left of the budget. The exit and the address are in the state.
 */
export function trampolineModule(memoryPages: number): Uint8Array<ArrayBuffer> {
  const [budget, index, slot] = [0, 1, 2];
  const [fill, , enterContext] = [0, 1, 2];
  const regionType = 5; // after the types of the functions
  const code = new Code();
  const loadState = (opcode: number, at: number): Code => code.i32(0).memory(opcode, at);
  code.op(Op.loop).byte(VOID);
  code.local(Op.localGet, budget).local(Op.localGet, index).op(Op.callIndirect).unsigned(regionType).byte(0);
  code.local(Op.localSet, budget);
  loadState(Op.i32Load, STATE.exit).op(Op.if).byte(VOID);
  loadState(Op.i32Load, STATE.exit).i32(SWITCHES).op(Op.i32Eq).op(Op.if).byte(I32);
  code.call(enterContext).op(Op.else).i32(0).op(Op.end).op(Op.i32Eqz).op(Op.if).byte(VOID);
  code.local(Op.localGet, budget).op(Op.return).op(Op.end).op(Op.end);
  loadState(Op.i32Load, STATE.pc);
  loadState(Op.i32Load, STATE.tag).i32(ENTRY_SPREAD.tag).op(Op.i32Mul).op(Op.i32Xor);
  code
    .i32(ENTRY_SPREAD.pc)
    .op(Op.i32Mul)
    .i32(32 - ENTRY.indexBits)
    .op(Op.i32ShrU);
  code.i32(ENTRY.bits).op(Op.i32Shl).i32(ENTRIES_AT).op(Op.i32Add).local(Op.localSet, slot);
  enterIfNamed(code, slot, index);
  code.local(Op.localGet, slot).i32(ENTRY.other).op(Op.i32Xor).local(Op.localSet, slot);
  enterIfNamed(code, slot, index);
  code.op(Op.end).local(Op.localGet, budget);
  return encodeModule({
    imports: [FILL_IMPORT],
    functions: [
      { params: [I32, I32], results: [I32], locals: [I32], body: code, exportName: "run" },
      enterContextFunction(),
      noteContextFunction(),
      fillFunction(fill),
    ],
    types: [REGION],
    usesTable: true,
    memoryPages,
  });
}

/** Goes on in the loop around this, with a region's index in a local, if the entry at a slot has the state's pc, metadata and tag. */
function enterIfNamed(code: Code, slot: number, index: number): void {
  const both = (load: number, offset: number, at: number): Code =>
    code.local(Op.localGet, slot).memory(load, offset).i32(0).memory(load, at);
  both(Op.i64Load, 0, STATE.pc).op(Op.i64Eq);
  both(Op.i64Load, ENTRY.meta, STATE.meta).op(Op.i64Eq).op(Op.i32And);
  both(Op.i32Load, ENTRY.tag, STATE.tag).op(Op.i32Eq).op(Op.i32And).mostly(Op.if).byte(VOID);
  for (const [offset, at] of [
    [ENTRY.lines, STATE.lines],
    [ENTRY.target, STATE.target],
  ] as const) {
    code.i32(0).local(Op.localGet, slot).memory(Op.i32Load, offset).memory(Op.i32Store, at);
  }
  code.local(Op.localGet, slot).memory(Op.i32Load, ENTRY.index).local(Op.localSet, index).op(Op.br).unsigned(1);
  code.op(Op.end);
}
