// What the code of late accesses and of late fetches has in common: the way from a piece's begin up to the question, and on behind the answer.
import type { GeneratedTiming } from "../../timing/generated.ts";
import { MOST_LATE_CYCLES } from "../../timing/memo.ts";
import { tagCycles } from "./answers.ts";
import type { FarCode } from "./far-code.ts";
import type { Page, PageCode } from "./late-page.ts";
import { slotWord, type MemoCode } from "./memo-code.ts";
import type { Now, OwnFunctions, PieceTables } from "./own-functions.ts";
import { scriptPlace, type PieceScripts } from "./piece-scripts.ts";
import { NOTHING_BEFORE, POINT, POINT_INDEX, UNKNOWN } from "./points.ts";
import { spill, spilled } from "./questions.ts";
import { rowOf } from "./timing-functions.ts";
import { element, f64, i32, i64, type Local, type Statements, type Term } from "./terms.ts";

const { const: word } = i32;

/** What is done with an outcome of an instruction; `ask` where it is later than any script has it. */
export interface LateWay {
  readonly ask: () => void;
  readonly isLate: (cycles: Term) => void;
}

/** What asks has its point know the scripts so. */
type Asks = "tellAccess" | "tellFetch";

/** A piece before a question: `row` is its row's number, `age` the least overlap age of its loads. */
type NearPiece = Readonly<Record<"record" | "row" | "age" | "state" | "script", Local>>;

/** Where the questions for near states are answered, or those for far ones. */
export class LateCode {
  readonly timing: GeneratedTiming;
  readonly tables: PieceTables;
  readonly memo: MemoCode;
  readonly far: FarCode | undefined;
  readonly #scripts: PieceScripts;

  constructor(
    timing: GeneratedTiming,
    tables: PieceTables,
    own: Pick<OwnFunctions, "memo" | "scripts">,
    far?: FarCode,
  ) {
    this.timing = timing;
    this.tables = tables;
    this.memo = own.memo;
    this.#scripts = own.scripts;
    this.far = far;
  }

  /** Is an event so near that no piece fits in before it? */
  isNear(f: Statements, clock: Local): Term {
    const { answered, event, doneToEvent } = this.timing;
    const doneAt = f64.max(clock, f.let(f64.at(answered.byteOffset)));
    return f64.gt(f64.add(doneAt, f64.at(doneToEvent.byteOffset)), f64.at(event.byteOffset));
  }

  /** Issue stops until the translation of an access's page is there; its instruction, of this transition, begins at a cycle. */
  awaitPage(
    f: Statements,
    pages: PageCode,
    o: { readonly page: Page; readonly begin: Term; readonly transition: Term },
    way: LateWay,
  ): void {
    const translateAt = i32.load(element(this.timing.memo.table.translateAt.byteOffset, o.transition, 2));
    const asked = f64.add(o.begin, f64.of(translateAt));
    pages.ifMissing(f, o.page, asked, () => ifLate(f, o.page.cycles, way));
  }

  /** A cache without MSHRs answers nobody while a miss is outstanding; the access asks it so many cycles after its instruction's begin. */
  awaitCache(f: Statements, begin: Term, blockedAt: Term, way: LateWay): void {
    const { blocking, busy } = this.timing.fastPaths.memory.l1d;
    if (!blocking) return;
    const at = f64.add(begin, f64.of(blockedAt));
    ifLate(f, f.let(f64.sub(f64.at(busy.byteOffset), at)), way);
  }

  spill(f: Statements, { clock, state }: Now): void {
    spill(f, this.timing, clock, state);
  }

  /** Has JavaScript go on. */
  outside(f: Statements, now: Now, call: Term): void {
    this.spill(f, now);
    f.do(call);
    const [clock, state] = spilled(this.timing);
    f.set(now.clock, clock);
    f.set(now.state, state);
  }

  /** How many of the cycles by which a cache was late tags alone took. */
  tagCyclesOf(f: Statements, cycles: Local): Local {
    const { memory } = this.timing.fastPaths;
    const late = f.let(tagCycles(memory));
    return memory.tagged === undefined ? late : f.let(f64.min(late, cycles));
  }

  /**
   * The script of what comes before a point's instruction in a piece that begins with a row: NOTHING_BEFORE where it begins with that. From
   * now on the point knows that of its instruction, too.
   */
  scriptBefore(f: Statements, asks: Asks, record: Local, row: Local, ask: () => void): Local {
    const known = (): Term => i32.load(scriptPlace(record, row));
    const script = f.let(known());
    f.rarely(i32.eq(script, word(UNKNOWN)), () => {
      f.rarely(i32.not(this.#scripts[asks](record, row)), ask);
      f.set(script, known());
    });
    return script;
  }

  /** Looks the transition up of the piece before the question, and goes on from there; gives its slot, 0 where there is no such piece. */
  pieceBefore(
    f: Statements,
    asks: Asks,
    o: Now & Readonly<Record<"record" | "row" | "age", Local>>,
    ask: () => void,
  ): Local {
    const row = f.let(rowOf(o.row, this.tables.rows));
    const script = this.scriptBefore(f, asks, o.record, row, ask);
    const slot = f.let(word(0));
    f.if(i32.ne(script, word(NOTHING_BEFORE)), () => {
      if (this.far === undefined) this.findNear(f, slot, { ...o, row, script }, ask);
      else {
        f.set(slot, this.far.pass(o.state, script, o.clock, row, loadsBefore(o.record), o.age));
        f.rarely(i32.not(slot), ask);
      }
      this.#goThrough(f, slot, o);
    });
    return slot;
  }

  /** Looks for the slot of that piece, of this script, from a near state; gives how many stores wait then in one without overlaps. */
  findNear(f: Statements, slot: Local, o: NearPiece, ask: () => void): Local {
    const { slotOf, overlapsOf, overlappingOf } = this.memo;
    f.set(slot, slotOf(o.state, o.script));
    f.rarely(i32.not(slot), ask);
    const waiting = f.let(f64.of(slotWord(slot, "waiting")));
    if (this.ordersLoads)
      f.if(f64.lt(o.age, waiting), () => {
        const overlaps = f.let(overlapsOf(o.row, loadsBefore(o.record)));
        f.set(slot, slotOf(o.state, overlappingOf(overlaps, o.script)));
        f.rarely(i32.not(slot), ask);
      });
    return waiting;
  }

  /** Do loads wait for stores that they overlap? */
  get ordersLoads(): boolean {
    return !this.timing.fastPaths.storeBlocks.forwards;
  }

  take(f: Statements, slot: Local, now: Now): void {
    this.countTaken(f, slot);
    this.#goThrough(f, slot, now);
  }

  #goThrough(f: Statements, slot: Local, { clock, state }: Now): void {
    f.set(clock, f64.add(clock, f64.of(slotWord(slot, "cycles"))));
    f.set(state, slotWord(slot, "next"));
  }

  countTaken(f: Statements, slot: Term): void {
    countAt(f, f.let(takingsOf(this.timing, slot)));
  }
}

function ifLate(f: Statements, cycles: Local, { ask, isLate }: LateWay): void {
  f.rarely(f64.gt(cycles, f64.const(MOST_LATE_CYCLES)), ask);
  f.if(f64.gt(cycles, f64.const(0)), () => isLate(i32.of(cycles)));
}

/** Where it is counted how often a slot's transition is taken. */
export const takingsOf = ({ memo: { taken } }: GeneratedTiming, slot: Term): Term =>
  element(taken.byteOffset, slotWord(slot, "transition"), 3);

/** Adds 1 to the number at a place. */
export function countAt(f: Statements, at: Local): void {
  f.store(at, 0, f64.add(f64.load(at), f64.const(1)));
}

/** A bit for each instruction of the block before that of a point. */
function loadsBefore(record: Term): Term {
  const place = i64.of(i32.shrU(i32.load(record, POINT.flags), word(POINT_INDEX)));
  return i64.sub(i64.shl(i64.const(1n), place), i64.const(1n));
}
