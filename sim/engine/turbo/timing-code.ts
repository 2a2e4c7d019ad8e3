// Timing in generated code: pieces go through the memo's transitions, accesses and fetches compare what the dynamic parts say may be
// compared (sim/timing/generated.ts), and whatever is late asks.
//
// The clock and the memo's state are locals. They are stored before anybody outside is asked, and loaded again afterwards.
import type { Decoded } from "../../../isa/codec.ts";
import type { GeneratedTiming } from "../../timing/generated.ts";
import { stepWord } from "../../timing/step.ts";
import { Class, packTraits, traitClass } from "../../timing/traits.ts";
import type { TlbFastPath } from "../../timing/tlb.ts";
import type { Expr, ExprWriter } from "./expr.ts";
import { RAM_AT, STATE } from "./layout.ts";
import { ENTRY_BYTES, LINE, LINE_BYTES, PIECE, type Pieces, type TimedBlock } from "./pieces.ts";
import type { TimingCalls } from "./runtime.ts";
import { lineOf } from "./timing-functions.ts";
import { TransferCode } from "./transfer-code.ts";
import { F64, I32, Op, VOID, type Code, type ValueType } from "./wasm.ts";

/** What the code of a region does to its addresses. */
export interface Addressing {
  readonly translatesData: boolean;
  readonly translatesFetch: boolean;
}

export interface TimingCodeOptions extends Addressing {
  readonly pieces: Pieces;
  readonly calls: TimingCalls;
  readonly newLocal: (type: ValueType) => number;
  readonly writer: ExprWriter;
}

/** A data access of the instruction that is being translated. */
export interface TimedAccess {
  /** In a local. */
  readonly addr: Expr;
  /** Local with its place in linear memory. */
  readonly place: number;
  readonly bytes: number;
  readonly capability: boolean;
}

/** Where an instruction stands. */
export interface Where {
  /** Low 48 bits of its address. */
  readonly pc: number;
  readonly category: number;
}

const NO_LINE = -1;
const VIRT_MASK = (1n << 48n) - 1n;
const PAGE_BYTES = 4096;
const PAGE_BITS = 12n;
const WORD_BYTES = 4;

export class TimingCode {
  readonly locals: {
    readonly clock: number;
    readonly state: number;
    /** The row of the piece under way. */
    readonly piece: number;
    /** The least overlap age of the loads in the piece. */
    readonly age: number;
    /** Not 0: the data cache was busy when the piece began. */
    readonly waits: number;
    /** The clock at which an event is due. */
    readonly limit: number;
    /** Where the records of the region's lines begin. */
    readonly lines: number;
    /** Temporaries. */
    readonly line: number;
    readonly outcome: number;
    readonly index: number;
    readonly overlap: number;
  };
  /** Addresses (low 48 bits) of the lines that the region's code lies in. */
  readonly lines: number[] = [];
  /** Emits an exit before this instruction, within `depth` blocks opened here. */
  exit: (depth: number) => void = () => {};
  readonly #o: TimingCodeOptions;
  readonly #timing: GeneratedTiming;
  #block!: TimedBlock;
  #lineInHand = NO_LINE;
  /** Was the instruction's fetch, from two lines, written? */
  fetchedTwice = false;
  #dataBytes = 0;
  #linesBefore = 0;

  constructor(o: TimingCodeOptions) {
    this.#o = o;
    this.#timing = o.pieces.timing;
    const local = o.newLocal;
    this.locals = {
      clock: local(F64),
      state: local(I32),
      piece: local(I32),
      age: local(F64),
      waits: local(I32),
      limit: local(F64),
      lines: local(I32),
      line: local(I32),
      outcome: local(I32),
      index: local(I32),
      overlap: local(F64),
    };
  }

  get #code(): Code {
    return this.#o.writer.code;
  }

  // A function

  /** At the function's entry. */
  load(code: Code): void {
    const { limit, lines } = this.locals;
    code.i32(0).memory(Op.f64Load, this.#timing.event.byteOffset).local(Op.localSet, limit);
    code.i32(0).memory(Op.i32Load, STATE.lines).local(Op.localSet, lines);
    this.#reload(code);
  }

  /** Where it is left. */
  store(code: Code): void {
    this.#spill(code);
    code.i32(0).local(Op.localGet, this.locals.piece).memory(Op.i32Store, this.#o.pieces.leftAt);
  }

  // A block

  beginBlock({ category }: Where): void {
    this.#block = this.#o.pieces.beginBlock(category, this.#o.translatesData, this.#o.translatesFetch);
    this.#lineInHand = NO_LINE;
    this.fetchedTwice = false;
    this.#beginPiece(0);
  }

  get block(): TimedBlock {
    return this.#block;
  }

  /** Before an instruction's own code: its fetch. */
  beginInstruction(decoded: Decoded, { pc }: Where): void {
    const traits = packTraits(decoded);
    this.#dataBytes = 0;
    this.#linesBefore = this.lines.length;
    this.#block.instructions.push({ word: stepWord(traits, 0, 0), traits, pc, bytes: decoded.bytes });
    this.#fetch(pc, decoded.bytes);
  }

  /** After it; `kept` is false where the interpreter has to do it. */
  endInstruction(kept: boolean): void {
    const { instructions, loads } = this.#block;
    const last = instructions.pop()!;
    this.fetchedTwice = false;
    if (!kept) this.lines.length = this.#linesBefore;
    if (!kept && loads.at(-1) === instructions.length) loads.pop();
    if (kept) instructions.push({ ...last, word: stepWord(last.traits, this.#dataBytes, 0) });
  }

  /** After a piece's begin: its row. */
  #beginPiece(from: number): void {
    const code = this.#code;
    code.i32(this.#o.pieces.addRow(this.#block, from)).local(Op.localSet, this.locals.piece);
    if (this.#ordersLoads) code.f64(Infinity).local(Op.localSet, this.locals.age);
  }

  get #ordersLoads(): boolean {
    return !this.#timing.fastPaths.storeBlocks.forwards;
  }

  /** Leaves whether a block of so many instructions might not be over before the next event. */
  mayNotEnd(code: Code, instructions: number): void {
    const { clock, limit } = this.locals;
    code
      .local(Op.localGet, clock)
      .f64((instructions + 1) * this.#timing.mostCyclesOnTime)
      .op(Op.f64Add);
    code.local(Op.localGet, limit).op(Op.f64Gt);
  }

  // Fetches

  /** Has the lines in hand in which the instruction lies. */
  #fetch(pc: number, bytes: number): void {
    const { lineBytes } = this.#timing.fastPaths.line;
    const lineOf = (addr: number): number => addr - (addr % lineBytes);
    const first = lineOf(pc);
    const last = lineOf(pc + bytes - 1);
    if (this.#lineInHand === last) return;
    const known = this.#lineInHand === first;
    this.#lineInHand = last;
    this.fetchedTwice = first !== last;
    if (known) return this.#takeLine(pc, last, 0);
    const code = this.#code;
    this.#lineDiffers(first);
    code.op(Op.if).byte(VOID);
    if (first === last) this.#takeLine(pc, last, 1);
    else {
      // Neither line is in hand: two have to be fetched.
      this.#askForFetch(this.#lineRecord(first), 1);
      code.op(Op.else);
      this.#takeLine(pc, last, 1);
    }
    code.op(Op.end);
  }

  /** Where the record of a line of code lies, counted from the region's first. */
  #lineRecord(line: number): number {
    const known = this.lines.indexOf(line);
    return LINE_BYTES * (known >= 0 ? known : this.lines.push(line) - 1);
  }

  /** Leaves whether another line is in hand. */
  #lineDiffers(line: number): void {
    const at = this.#timing.fastPaths.line.line.byteOffset;
    const code = this.#code;
    const record = this.#lineRecord(line);
    for (const offset of [LINE.virt, LINE.delta]) {
      code.i32(0).memory(Op.i64Load, at + offset);
      code
        .local(Op.localGet, this.locals.lines)
        .memory(Op.i64Load, record + offset)
        .op(Op.i64Xor);
    }
    code.op(Op.i64Or).i64(0n).op(Op.i64Ne);
  }

  /** Takes a line in hand, within `depth` blocks opened here; asks for it where it is not at hand. */
  #takeLine(pc: number, line: number, depth: number): void {
    const code = this.#code;
    const record = this.#lineRecord(line);
    code.local(Op.localGet, this.locals.lines).i32(record).op(Op.i32Add);
    code.i32((pc / PAGE_BYTES) | 0).local(Op.localGet, this.locals.clock);
    code.i32(this.#o.translatesFetch ? 1 : 0).call(this.#o.calls.takeLine);
    code.op(Op.i32Eqz).op(Op.if).byte(VOID);
    this.#askForFetch(record, depth + 1);
    code.op(Op.end);
  }

  #askForFetch(record: number, depth: number): void {
    const code = this.#code;
    const index = this.#block.instructions.length - 1;
    const point = this.#o.pieces.addPoint({ block: this.#block, index, dataBytes: 0, capability: false });
    this.#spill(code);
    code.i32(point).local(Op.localGet, this.locals.piece);
    code.local(Op.localGet, this.locals.lines).i32(record).op(Op.i32Add).call(this.#o.calls.fetch);
    this.#goOnOrExit(index, depth);
  }

  // Accesses

  /** Behind the way to an access's place, before it is made. */
  access(access: TimedAccess): void {
    const { dtlb, l1d } = this.#timing.fastPaths;
    const { addr, place, bytes, capability } = access;
    const code = this.#code;
    const index = this.#block.instructions.length - 1;
    const timingClass = traitClass(this.#block.instructions[index]!.traits);
    const reads = timingClass === Class.load;
    this.#dataBytes = bytes;
    if (reads) this.#block.loads.push(index);
    code.op(Op.block).byte(VOID);
    // A line that is written whole is not looked up.
    if (bytes < l1d.lineBytes) {
      code.op(Op.block).byte(VOID);
      this.#otherLine(place, bytes, reads);
      if (this.#o.translatesData) {
        this.#otherPage(dtlb, () => this.#pageOf(addr));
        code.op(Op.i32Or);
      }
      code.op(Op.i32Eqz).op(Op.brIf).unsigned(0);
      if (l1d.movesAlone) this.#tryOtherWays(access, reads);
    }
    const point = this.#o.pieces.addPoint({ block: this.#block, index, dataBytes: bytes, capability });
    this.#spill(code);
    code.i32(point).local(Op.localGet, this.locals.piece);
    this.#o.writer.wide(addr);
    code.i64(VIRT_MASK).op(Op.i64And).op(Op.f64ConvertI64U);
    code.local(Op.localGet, place).call(this.#o.calls.access);
    this.#goOnOrExit(index + 1, bytes < l1d.lineBytes ? 2 : 1);
    if (bytes < l1d.lineBytes) {
      code.op(Op.br).unsigned(1).op(Op.end);
      if (this.#ordersLoads && reads) this.#noteAge(place, bytes, index);
      if (this.#ordersLoads && timingClass === Class.store) this.#noteStore(place, bytes);
      if (capability && !reads) this.#noteCapability(place);
    }
    code.op(Op.end);
  }

  /** Leaves whether the line is not the most recently used of its set (for a write, or clean), or an access has to wait. */
  #otherLine(place: number, bytes: number, reads: boolean): void {
    const { l1d } = this.#timing.fastPaths;
    const { line, waits } = this.locals;
    const code = this.#code;
    lineOf(code, place, this.#timing.ramBase, l1d.lineBytes).local(Op.localTee, line);
    code
      .i32(l1d.setMask)
      .op(Op.i32And)
      .i32(WORD_BYTES * l1d.ways)
      .op(Op.i32Mul);
    code.memory(Op.i32Load, l1d.words.byteOffset);
    if (reads) code.i32(1).op(Op.i32ShrS).local(Op.localGet, line).op(Op.i32Xor);
    else code.local(Op.localGet, line).i32(1).op(Op.i32Shl).i32(1).op(Op.i32Or).op(Op.i32Xor);
    if (bytes > 1) this.#misaligned(place, bytes).op(Op.i32Or);
    code.local(Op.localGet, waits).op(Op.i32Or);
  }

  #misaligned(place: number, bytes: number): Code {
    return this.#code
      .local(Op.localGet, place)
      .i32(bytes - 1)
      .op(Op.i32And);
  }

  /** Goes to the end of the innermost block if the access is on time nonetheless: its page and its line stand in another way. */
  #tryOtherWays({ addr, place, bytes }: TimedAccess, reads: boolean): void {
    const { translatesData, calls } = this.#o;
    const code = this.#code;
    code.local(Op.localGet, this.locals.waits).op(Op.i32Eqz).op(Op.if).byte(VOID);
    code.local(Op.localGet, place);
    if (translatesData) this.#pageOf(addr);
    else code.i32(0);
    code
      .i32(bytes - 1)
      .i32(reads ? 0 : 1)
      .i32(translatesData ? 1 : 0)
      .call(calls.touchAccess);
    code.op(Op.brIf).unsigned(1).op(Op.end);
  }

  #pageOf(addr: Expr): void {
    this.#o.writer.wide(addr);
    this.#code.i64(PAGE_BITS).op(Op.i64ShrU).op(Op.i32WrapI64);
  }

  /** Leaves whether a page is not the most recently used of its set. `page` leaves its number. */
  #otherPage({ pages, masks, asids, setMask, ways }: TlbFastPath, page: () => void): void {
    const code = this.#code;
    const { index } = this.locals;
    page();
    code.i32(setMask).op(Op.i32And);
    code
      .i32(WORD_BYTES * ways)
      .op(Op.i32Mul)
      .local(Op.localTee, index);
    code.memory(Op.i32Load, masks.byteOffset);
    page();
    code.op(Op.i32And).local(Op.localGet, index).memory(Op.i32Load, pages.byteOffset).op(Op.i32Ne);
    code.local(Op.localGet, index).memory(Op.i32Load, asids.byteOffset).local(Op.localTee, index);
    code.i32(0).memory(Op.i32Load, STATE.asid).op(Op.i32Ne);
    code.local(Op.localGet, index).i32(-1).op(Op.i32Ne).op(Op.i32And).op(Op.i32Or);
  }

  /** The blocks of the data port's width that an aligned access touches: how far ahead of its place each begins. */
  #portBlocks(bytes: number): number[] {
    const { portBytes } = this.#timing.fastPaths;
    return bytes <= portBytes ? [0] : Array.from({ length: bytes / portBytes }, (_, i) => i * portBytes);
  }

  /** Leaves the linear address, less that of the table, of what is known of the last store to a block. */
  #lastStoreAt(place: number, ahead: number): void {
    const { blockShift, blockMask } = this.#timing.fastPaths.storeBlocks;
    const code = this.#code;
    code.local(Op.localGet, place);
    if (ahead > 0) code.i32(ahead).op(Op.i32Add);
    code.i32(blockShift).op(Op.i32ShrU).i32(blockMask).op(Op.i32And).i32(3).op(Op.i32Shl);
  }

  /** Notes how many stores came after the youngest that a load overlaps. */
  #noteAge(place: number, bytes: number, index: number): void {
    const { lastStore, youngest, entries } = this.#timing.fastPaths.storeBlocks;
    const { age, overlap } = this.locals;
    const code = this.#code;
    const at = this.#o.pieces.agesAt + 8 * index;
    this.#portBlocks(bytes).forEach((ahead, n) => {
      code.i32(0).memory(Op.f64Load, youngest.byteOffset);
      this.#lastStoreAt(place, ahead);
      code.memory(Op.f64Load, lastStore.byteOffset).op(Op.f64Sub);
      if (n === 0) code.local(Op.localSet, overlap);
      else code.local(Op.localGet, overlap).op(Op.f64Min).local(Op.localSet, overlap);
    });
    code.i32(0).local(Op.localGet, overlap).memory(Op.f64Store, at);
    code.local(Op.localGet, overlap).f64(entries).op(Op.f64Lt).op(Op.if).byte(VOID);
    code.local(Op.localGet, overlap).local(Op.localGet, age).op(Op.f64Min).local(Op.localSet, age);
    code.op(Op.end);
  }

  #noteStore(place: number, bytes: number): void {
    const { lastStore, youngest } = this.#timing.fastPaths.storeBlocks;
    const code = this.#code;
    const at = youngest.byteOffset;
    code.i32(0).i32(0).memory(Op.f64Load, at).f64(1).op(Op.f64Add).memory(Op.f64Store, at);
    for (const ahead of this.#portBlocks(bytes)) {
      this.#lastStoreAt(place, ahead);
      code.i32(0).memory(Op.f64Load, youngest.byteOffset).memory(Op.f64Store, lastStore.byteOffset);
    }
  }

  #noteCapability(place: number): void {
    const groups = this.#timing.fastPaths.tagGroups;
    if (groups === undefined) return;
    const code = this.#code;
    code.local(Op.localGet, place).i32(RAM_AT).op(Op.i32Sub);
    code.i32(Math.log2(groups.groupBytes)).op(Op.i32ShrU).i32(2).op(Op.i32Shl);
    code.i32(1).memory(Op.i32Store, groups.mayHold.byteOffset);
  }

  // Where a block ends

  /** The block's piece is over; its last instruction, if it transfers, goes to `target` (low 48 bits). */
  endAt(code: Code, block: TimedBlock, target: number, taken: boolean): void {
    const last = block.instructions.at(-1)!;
    const timingClass = traitClass(last.traits);
    const at = new TransferCode(code, block, this.#timing.fastPaths.predictor, this.#o.calls, this.locals);
    const goes = taken && target !== last.pc + last.bytes;
    if (timingClass === Class.branch) at.branch(goes, target);
    else if (timingClass === Class.jump) at.jumpTo(target);
    else return this.#endPiece(code, block, 0);
    this.#endPiece(code, block, undefined);
  }

  /** The same where the target stands in a local. */
  endAtLocal(code: Code, block: TimedBlock, target: number): void {
    const at = new TransferCode(code, block, this.#timing.fastPaths.predictor, this.#o.calls, this.locals);
    code.local(Op.localGet, target).i64(VIRT_MASK).op(Op.i64And).op(Op.f64ConvertI64U);
    code.local(Op.localSet, this.locals.overlap);
    at.jumpIndirect(this.locals.overlap);
    this.#endPiece(code, block, undefined);
  }

  /** Goes through the transition of the piece; its outcome is known, or stands in the local. */
  #endPiece(code: Code, block: TimedBlock, outcome: number | undefined): void {
    const { piece, index, outcome: outcomeLocal, state, clock, age } = this.locals;
    const entry = outcome === undefined ? index : piece;
    const ahead = outcome === undefined ? 0 : outcome * ENTRY_BYTES;
    if (outcome === undefined) {
      code.local(Op.localGet, outcomeLocal).i32(Math.log2(ENTRY_BYTES)).op(Op.i32Shl);
      code.local(Op.localGet, piece).op(Op.i32Add).local(Op.localSet, index);
    }
    const overlaps = this.#ordersLoads && block.loads.length > 0;
    const leaveEntry = (): void => {
      code.local(Op.localGet, entry);
      if (ahead > 0) code.i32(ahead).op(Op.i32Add);
    };
    const orWaits = (): void => {
      if (!overlaps) return;
      code.local(Op.localGet, age).local(Op.localGet, entry);
      code
        .memory(Op.f64Load, ahead + PIECE.waiting)
        .op(Op.f64Lt)
        .op(Op.i32Or);
    };
    code.local(Op.localGet, entry).memory(Op.i32Load, ahead + PIECE.state);
    code.local(Op.localGet, state).op(Op.i32Ne);
    orWaits();
    code.op(Op.if).byte(VOID);
    leaveEntry();
    code.local(Op.localGet, state).call(this.#o.calls.findTransition).op(Op.i32Eqz);
    orWaits();
    code.op(Op.if).byte(VOID);
    this.#spill(code);
    leaveEntry();
    if (overlaps) code.local(Op.localGet, age);
    else code.f64(Infinity);
    code.call(this.#o.calls.advance).op(Op.end).op(Op.end);
    code
      .local(Op.localGet, clock)
      .local(Op.localGet, entry)
      .memory(Op.f64Load, ahead + PIECE.cycles);
    code.op(Op.f64Add).local(Op.localSet, clock);
    code
      .local(Op.localGet, entry)
      .memory(Op.i32Load, ahead + PIECE.taken)
      .local(Op.localTee, state);
    code.local(Op.localGet, state).memory(Op.f64Load, 0).f64(1).op(Op.f64Add).memory(Op.f64Store, 0);
    code
      .local(Op.localGet, entry)
      .memory(Op.i32Load, ahead + PIECE.next)
      .local(Op.localSet, state);
    code.local(Op.localGet, this.locals.waits).op(Op.if).byte(VOID);
    this.#lookWhetherBusy(code);
    code.op(Op.end);
  }

  // What is said to others

  /** After a question: a piece begins before an instruction; exits where that was the answer. */
  #goOnOrExit(from: number, depth: number): void {
    const { line } = this.locals;
    this.#code.local(Op.localSet, line);
    this.#reload(this.#code);
    this.#beginPiece(from);
    this.#code.local(Op.localGet, line).op(Op.if).byte(VOID);
    this.exit(depth + 1);
    this.#code.op(Op.end);
  }

  #spill(code: Code): void {
    const { clock, state } = this.#timing.pieces;
    code.i32(0).local(Op.localGet, this.locals.clock).memory(Op.f64Store, clock.byteOffset);
    code.i32(0).local(Op.localGet, this.locals.state).memory(Op.i32Store, state.byteOffset);
  }

  #reload(code: Code): void {
    const { clock, state } = this.#timing.pieces;
    code.i32(0).memory(Op.f64Load, clock.byteOffset).local(Op.localSet, this.locals.clock);
    code.i32(0).memory(Op.i32Load, state.byteOffset).local(Op.localSet, this.locals.state);
    this.#lookWhetherBusy(code);
  }

  #lookWhetherBusy(code: Code): void {
    const { l1d, earlyCycles } = this.#timing.fastPaths;
    code.i32(0).memory(Op.f64Load, l1d.busy.byteOffset).local(Op.localGet, this.locals.clock);
    if (earlyCycles > 0) code.f64(earlyCycles).op(Op.f64Sub);
    code.op(Op.f64Gt);
    code.local(Op.localSet, this.locals.waits);
  }
}
