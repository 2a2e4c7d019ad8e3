// The pieces of generated code (sim/timing/memo.ts): which instructions each block has, where a piece of it may begin, and what
// its transitions do, as far as generated code looks them up by itself; and the answers to what it asks.
//
// A piece may begin at a block's head, or behind an instruction that may be late: there it has a row (rows.ts).
import { emptyRecord, virt48 } from "../data.ts";
import type { Retire } from "../../machine/retire.ts";
import { isFar } from "../../timing/far-stores.ts";
import { LONGEST_PIECE, type GeneratedTiming } from "../../timing/generated.ts";
import type { Storage, Walks } from "../../timing/part.ts";
import { Script } from "../../timing/script.ts";
import { withOutcome } from "../../timing/step.ts";
import { NO_OVERLAP } from "../../timing/storebuffer.ts";
import { Slot } from "../../timing/transitions.ts";
import { BRANCHES_BYTES, BranchTable } from "./branch-table.ts";
import type { Exit } from "./exits.ts";
import { RAM_AT } from "./layout.ts";
import { LineRecords, LINES_BYTES, offsetOf } from "./lines.ts";
import { StepTable, STEPS_BYTES } from "./step-table.ts";
import { TimedBlock, type Point } from "./timed-block.ts";
import { knownOfAccess, knownOfFetch, MOST_OF_REGION, NOTHING_BEFORE, POINTS_BYTES, PointTable } from "./points.ts";
import { MAX_ROWS, NO_STATE, OUTCOME_SHIFT, Rows, ROWS_BYTES } from "./rows.ts";

const UNKNOWN = -1;
/** What `Pieces` takes of its storage. */
export const PIECES_BYTES =
  ROWS_BYTES + 8 * MAX_ROWS + STEPS_BYTES + LINES_BYTES + POINTS_BYTES + BRANCHES_BYTES + 8 * LONGEST_PIECE + 8 + 8 * 3;

/** Where the words of `lateFetch` lie. */
export const LATE_FETCH = { pc: 0, beganAt: 8, doneAt: 16 } as const;

/** Where the piece of a block's `restart` begins. */
export const RESTART = -1;

export interface PiecesOptions {
  readonly timing: GeneratedTiming;
  readonly storage: Storage;
  readonly walks: Walks;
  /** The address space in force. */
  readonly asid: () => number;
}

export class Pieces {
  readonly timing: GeneratedTiming;
  /** Time has passed for the instruction at which code was left: it comes before any event. */
  begun = false;
  readonly rows: Rows;
  // Linear addresses
  /** By row, an i64 with a bit for each load of its piece, by its place in the block. */
  readonly loadsAt: number;
  /** The overlap ages of loads, by their place in the block. */
  readonly agesAt: number;
  /** Of the row of the piece that was under way when code was left. */
  readonly leftAt: number;
  readonly lines: LineRecords;
  readonly branches: BranchTable;
  readonly #walks: Walks;
  readonly #asid: () => number;
  readonly #loads: Int32Array;
  readonly #ages: Float64Array;
  readonly #left: Int32Array;
  /** Ages from here on overlap nothing. */
  readonly #entries: number;
  readonly #blockOf = new Int32Array(MAX_ROWS);
  readonly #blocks: TimedBlock[] = [];
  readonly #points: Point[] = [];
  readonly points: PointTable;
  readonly steps: StepTable;
  readonly #script = new Script();
  readonly #record: Retire = emptyRecord();
  /** Of the last fetch that was late: its instruction's address (low 48 bits), when it began, when it was done (`LATE_FETCH`). */
  readonly lateFetch: Float64Array;
  #rowCount = 0;

  constructor(o: PiecesOptions) {
    const { timing, storage } = o;
    this.timing = timing;
    this.#walks = o.walks;
    this.#asid = o.asid;
    this.rows = new Rows(storage);
    this.#loads = storage.int32(2 * MAX_ROWS);
    this.loadsAt = this.#loads.byteOffset;
    this.lines = new LineRecords(storage, timing.fastPaths);
    this.branches = new BranchTable(storage, timing.fastPaths.predictor.direction, OUTCOME_SHIFT);
    this.points = new PointTable(storage);
    this.steps = new StepTable(storage);
    this.#ages = storage.float64(LONGEST_PIECE);
    this.agesAt = this.#ages.byteOffset;
    this.lateFetch = storage.float64(3, UNKNOWN);
    this.#left = storage.int32(1);
    this.leftAt = this.#left.byteOffset;
    const { forwards, entries } = timing.fastPaths.storeBlocks;
    this.#entries = forwards ? 0 : entries;
    timing.memo.onRenumbered = (scriptsToo) => this.#forgetNumbers(scriptsToo);
  }

  /** Is there no room for another region's rows? */
  get full(): boolean {
    return this.#rowCount > MAX_ROWS - MOST_OF_REGION || this.lines.full || this.points.full;
  }

  // While code is generated

  beginBlock(category: number, translatesData: boolean, translatesFetch: boolean): TimedBlock {
    const block = new TimedBlock(this.#blocks.length, this.#rowCount, category, translatesData, translatesFetch);
    this.#blocks.push(block);
    return block;
  }

  /** A piece may begin before an instruction of a block; gives the row's address. */
  addRow(block: TimedBlock, from: number): number {
    const row = this.#rowCount;
    if (row === MAX_ROWS) throw new Error("a region has too many pieces");
    this.#rowCount += 1;
    this.#blockOf[row] = block.number;
    this.rows.forget(row, true);
    this.steps.setRow(row, 0, from);
    return this.rows.placeOf(row);
  }

  /** All rows of the block from which its piece may have begun are there. */
  addPoint(point: Point): number {
    const { l1d, line } = this.timing.fastPaths;
    const known = point.dataBytes > 0 ? knownOfAccess(point, l1d.lineBytes) : knownOfFetch(point, line.lineBytes);
    this.points.add(point.block.firstRow, this.#rowCount, known);
    return this.#points.push(point) - 1;
  }

  /** A block has all its instructions, and the rows of its pieces. */
  endBlock(block: TimedBlock): void {
    const record = this.steps.add(block, countedAs(block));
    for (let row = block.firstRow; row < this.#rowCount && this.#blockOf[row] === block.number; row += 1) {
      const from = this.steps.fromOf(row);
      if (from === RESTART) continue;
      this.steps.setRow(row, record, from);
      this.#noteLoads(row, block, from);
    }
  }

  #noteLoads(row: number, { loads, steps }: TimedBlock, from: number): void {
    const words = [0, 0];
    for (const i of loads) if (i >= from && i < steps) words[i >> 5]! |= 1 << (i & 31);
    this.#loads.set(words, 2 * row);
  }

  /** No code is left. */
  clear(): void {
    this.#blocks.length = this.#points.length = 0;
    this.#rowCount = 0;
    this.timing.doneToEvent[0] = 0;
    this.lines.clear();
    this.points.clear();
    this.steps.clear();
  }

  // While it runs

  /** Has an entry say what the piece does from here; `age` is the least of its loads' overlap ages. */
  readonly advance = (entryAt: number, age: number): void => {
    const { block, from } = this.#pieceFrom(entryAt);
    const { pieces, memo } = this.timing;
    const outcome = this.rows.outcomeOf(entryAt);
    if (this.rows.scriptOf(entryAt) < 0) {
      this.#write(block, from, block.steps, outcome);
      const counted = from === RESTART ? "elsewhere" : countedAs(block);
      this.rows.setScript(entryAt, memo.scripts.number(this.#script, block.category, counted));
    }
    const script = this.rows.scriptOf(entryAt);
    const { now } = pieces;
    const youngest = age < this.#entries ? age : Infinity;
    const slot = pieces.slotOf(script, youngest, (i) => this.#ageAt(block, from + i));
    if (slot >= 0) return this.#fill(entryAt, slot);
    this.#write(block, from, block.steps, outcome);
    this.#takeSlowly(block, from);
    const taken = this.#takenAt(memo.taken.length - 1);
    this.rows.set(entryAt, { state: NO_STATE, taken, cycles: pieces.now - now, next: pieces.state[0]!, waiting: 0 });
  };

  /**
   * An access that may be late, its translation by so many cycles if that has been asked for; 1: an event is near, and the interpreter has to
   * execute its instruction.
   */
  readonly ask = (number: number, rowAt: number, virt: number, place: number, translateCycles: number): number => {
    const { block, index, dataBytes, capability } = this.#points[number]!;
    this.#takeUpTo(rowAt, index);
    const r = this.#record;
    r.category = block.category;
    r.dataVirt = virt;
    r.dataPhys = this.timing.ramBase + offsetOf(place, RAM_AT);
    r.dataBytes = dataBytes;
    r.capability = capability;
    r.translatedData = block.translatesData;
    r.asid = this.#asid();
    this.timing.access(block.instructions[index]!.word, r, this.#walks, translateCycles);
    this.#tellScripts(number, rowAt, () =>
      this.timing.memo.scripts.single(block.instructions[index]!.word, block.category),
    );
    return this.timing.hasTime ? 0 : this.stop();
  };

  /** The same, of which all is known but what the instruction does with these outcomes. */
  readonly finish = (
    point: number,
    translateCycles: number,
    blockedCycles: number,
    overlapAge: number,
    bufferCycles: number,
    accessCycles: number,
    tagCycles: number,
  ): void => {
    const { block, index } = this.#points[point]!;
    const late = { translateCycles, blockedCycles, overlapAge, bufferCycles, accessCycles, tagCycles };
    this.timing.finish(block.instructions[index]!.word, block.category, late);
  };

  /** An access is done, and an event is near. */
  readonly stop = (): number => {
    this.timing.begun = this.begun = true;
    return 1;
  };

  /** A fetch that may be late; 1 as above. */
  readonly fetch = (number: number, rowAt: number, lineAt: number): number => {
    const { block, index } = this.#points[number]!;
    this.#takeUpTo(rowAt, index);
    const { pc, bytes } = block.instructions[index]!;
    const r = this.#record;
    r.category = block.category;
    r.pc = pc;
    r.fetchPhys = this.lines.physOf(lineAt, pc);
    r.translatedFetch = block.translatesFetch;
    r.asid = this.#asid();
    const { pieces } = this.timing;
    const began = pieces.now;
    this.timing.fetch(r, bytes, this.#walks);
    this.lateFetch.set([pc, began, pieces.now]);
    this.#tellScripts(number, rowAt, () => pieces.fetchScript(block.category));
    return this.timing.hasTime ? 0 : this.stopFetch();
  };

  /** The same, of which all is known but what it does. */
  readonly finishFetch = (number: number, itlbCycles: number, cacheCycles: number, tagCycles: number): void => {
    this.timing.finishFetch(this.#points[number]!.block.category, { itlbCycles, cacheCycles, tagCycles });
  };

  /** A fetch is done, and an event is near. */
  readonly stopFetch = (): number => {
    this.begun = true;
    return 1;
  };

  /**
   * Code was left before an instruction of a block: what of the block was executed has its piece. Gives the cycle in which the
   * instruction begins, its fetch included.
   */
  settle({ pc, executed, fetched }: Exit): number {
    if (executed > 0) this.#takeUpTo(this.#left[0]!, executed);
    if (fetched) this.timing.fetchedPc = virt48(pc);
    const { now } = this.timing.pieces;
    const [fetched48, beganAt, doneAt] = this.lateFetch;
    return fetched48 === virt48(pc) && doneAt === now ? beganAt! : now;
  }

  #takeUpTo(rowAt: number, index: number): void {
    const { block, from } = this.#pieceFrom(rowAt);
    if (from >= index) return;
    const { pieces } = this.timing;
    const script = this.#scriptOf(block, from, index);
    const ageAt = (i: number): number => this.#ageAt(block, from + i);
    const slot = pieces.slotOf(script, this.#youngest(block, from, index), ageAt);
    if (slot >= 0) return pieces.take(slot);
    this.#write(block, from, index, 0);
    this.#takeSlowly(block, from);
  }

  /** Goes through the instructions whose script is written, as far as their loads overlap stores. */
  #takeSlowly(block: TimedBlock, from: number): void {
    const ageAt = (i: number): number => this.#ageAt(block, from + i);
    this.timing.pieces.takeSlowly(this.#script, block.category, ageAt, countedAs(block));
  }

  /** The block of a row, and the instruction before which its piece begins. */
  #pieceFrom(rowAt: number): { readonly row: number; readonly block: TimedBlock; readonly from: number } {
    const row = this.rows.rowOf(rowAt);
    return { row, block: this.#blocks[this.#blockOf[row]!]!, from: this.steps.fromOf(row) };
  }

  /** The number of the script of instructions [from, to), none of which is the last of a block. */
  #scriptOf(block: TimedBlock, from: number, to: number): number {
    const key = from * LONGEST_PIECE + to;
    let script = block.scripts.get(key);
    if (script === undefined) {
      this.#write(block, from, to, 0);
      script = this.timing.memo.scripts.number(this.#script, block.category, countedAs(block));
      block.scripts.set(key, script);
    }
    return script;
  }

  /** Has generated code know the script of a point's instruction on time, and of what comes before it in a row's piece, if it may answer by itself. */
  #tellScripts(number: number, rowAt: number, onTime: () => number): void {
    if (this.points.asks(number)) return;
    const { block, index } = this.#points[number]!;
    const { row, from } = this.#pieceFrom(rowAt);
    const before = from < index ? this.#scriptOf(block, from, index) : NOTHING_BEFORE;
    this.points.set(number, row, onTime(), before);
  }

  /** Writes the script of instructions [from, to), the last of the block with its outcome. */
  #write(block: TimedBlock, from: number, to: number, outcome: number): void {
    const { instructions } = block;
    this.#script.clear();
    if (from === RESTART) return block.restart === "trap" ? this.#script.trap(1) : this.#script.flush();
    for (let i = from; i < to; i += 1) this.#script.step(instructions[i]!.word);
    const last = to - from - 1;
    if (last >= 0) this.#script.words[last] = withOutcome(this.#script.words[last]!, outcome);
  }

  /** The least overlap age of the loads in [from, to); Infinity where none overlaps. */
  #youngest(block: TimedBlock, from: number, to: number): number {
    let age = Infinity;
    for (const i of block.loads) if (i >= from && i < to && this.#ages[i]! < age) age = this.#ages[i]!;
    return age < this.#entries ? age : Infinity;
  }

  /** Where code has noted none, since no store waited, there is one of an earlier time: no load waits for what it says. */
  #ageAt(block: TimedBlock, index: number): number {
    if (!block.loads.includes(index)) return NO_OVERLAP;
    const age = this.#ages[index]!;
    return age < this.#entries ? age : NO_OVERLAP;
  }

  #fill(entryAt: number, slot: number): void {
    const { slots, spare } = this.timing.memo;
    this.rows.set(entryAt, {
      state: slot === spare || isFar(slots[slot]!) ? NO_STATE : slots[slot]!,
      taken: this.#takenAt(slots[slot + Slot.transition]!),
      cycles: slots[slot + Slot.cycles]!,
      next: slots[slot + Slot.next]!,
      waiting: slots[slot + Slot.waiting]!,
    });
  }

  /** Where the takings of a transition are counted. */
  #takenAt(transition: number): number {
    return this.timing.memo.taken.byteOffset + 8 * transition;
  }

  #forgetNumbers(scriptsToo: boolean): void {
    for (let row = 0; row < this.#rowCount; row += 1) this.rows.forget(row, scriptsToo);
    this.points.forget(scriptsToo);
    if (scriptsToo) for (const block of this.#blocks) block.scripts.clear();
  }
}

const countedAs = ({ translatesData }: TimedBlock): "translated" | "physical" =>
  translatesData ? "translated" : "physical";
