// The parts of generated code that do not depend on the guest's: what a region's module is made of, and the trampoline between regions.
import { BOUNDS_IMPORTS } from "./bounds-module.ts";
import { SWITCHES } from "./exits.ts";
import { FILL_IMPORT, fillFunction } from "./fill-code.ts";
import { ENTRIES_AT, ENTRY, ENTRY_SPREAD, STATE } from "./layout.ts";
import { QUESTIONS } from "./questions.ts";
import { leaveIfAny, type Sign } from "./rarely.ts";
import { enterContextFunction, noteContextFunction } from "./switch-code.ts";
import {
  element,
  Functions,
  i32,
  i64,
  term,
  type Callee,
  type Import,
  type Local,
  type Statements,
  type Term,
} from "./terms.ts";
import { encodeModule, F64, I32, Op, type Signature, type TableCall } from "./wasm.ts";

const { const: word } = i32;

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
  const ask = 0; // the import
  const functions = new Functions([FILL_IMPORT]);
  const enterContext = functions.add(...enterContextFunction);
  functions.add(...noteContextFunction);
  const regionType = 5; // after the types of the import and of the functions
  functions.define(
    [I32, I32],
    I32,
    (f, budget, index) => runRegions(f, budget, index, regionType, enterContext),
    "run",
  );
  return encodeModule({
    imports: functions.imports,
    functions: [...functions.functions, fillFunction(ask)],
    types: [REGION],
    usesTable: true,
    memoryPages,
  });
}

function runRegions(f: Statements, budget: Local, index: Local, regionType: number, enterContext: Callee): Term {
  const slot = f.let(word(0));
  f.while(word(1), () => {
    f.set(budget, callRegion(budget, index, regionType));
    f.if(i32.at(STATE.exit), () => {
      f.if(i32.ne(i32.at(STATE.exit), word(SWITCHES)), () => f.return(budget));
      f.rarely(i32.not(enterContext()), () => f.return(budget));
    });
    f.set(slot, entryOf(i32.at(STATE.pc), i32.at(STATE.tag)));
    f.block((found) => {
      for (let place = 0; place < 2; place += 1) {
        if (place > 0) f.set(slot, i32.xor(slot, word(ENTRY.other)));
        f.block(() => {
          leaveIfAny(f.code, otherThanState(f, slot), 0);
          found();
        });
      }
      f.return(budget);
    });
    f.storeAt(STATE.lines, i32.load(slot, ENTRY.lines));
    f.storeAt(STATE.target, i32.load(slot, ENTRY.target));
    f.set(index, i32.load(slot, ENTRY.index));
  });
  return budget;
}

const callRegion = (budget: Term, index: Term, type: number): Term =>
  term(I32, (code) => {
    budget.emit(code);
    index.emit(code);
    code.op(Op.callIndirect).unsigned(type).byte(0);
  });

/** Where an entry for an address would lie in the context of a tag; as `slotOf` of code-cache.ts. */
function entryOf(pc: Term, tag: Term): Term {
  const hash = i32.mul(i32.xor(pc, i32.shl(tag, word(ENTRY_SPREAD.tagShift))), word(ENTRY_SPREAD.pc));
  return element(ENTRIES_AT, i32.shrU(hash, word(32 - ENTRY.indexBits)), ENTRY.bits);
}

/** Signs that an entry has not the state's address, metadata and tag. */
const otherThanState = ({ code }: Statements, slot: Local): Sign[] =>
  [
    i64.ne(i64.load(slot), i64.at(STATE.pc)),
    i64.ne(i64.load(slot, ENTRY.meta), i64.at(STATE.meta)),
    i32.ne(i32.load(slot, ENTRY.tag), i32.at(STATE.tag)),
  ].map((sign) => () => sign.emit(code));
