// The piece under way in generated code: how it begins, what its transition does where it ends, and how code asks outside.
//
// The clock and the memo's state are locals. They are stored before anybody outside is asked, and loaded again afterwards.
import type { GeneratedTiming } from "../../timing/generated.ts";
import type { ExprWriter } from "./expr.ts";
import { STATE } from "./layout.ts";
import { ENTRY_BYTES, PIECE, RESTART, type Pieces } from "./pieces.ts";
import type { TimedBlock } from "./timed-block.ts";
import type { TimingCalls } from "./runtime.ts";
import { F64, I32, Op, VOID, type Code, type ValueType } from "./wasm.ts";

export interface PieceCodeOptions {
  readonly pieces: Pieces;
  readonly calls: TimingCalls;
  readonly newLocal: (type: ValueType) => number;
  readonly writer: ExprWriter;
}

export class PieceCode {
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
    /** Where the records of the region's lines begin, and where that of the line in hand lies. */
    readonly lines: number;
    readonly inHand: number;
    /** Lines taken in hand that are still to be counted. */
    readonly taken: number;
    /** Temporaries. */
    readonly line: number;
    readonly outcome: number;
    readonly index: number;
    readonly overlap: number;
  };
  readonly pieces: Pieces;
  readonly calls: TimingCalls;
  readonly timing: GeneratedTiming;
  /** The block that is being translated. */
  block!: TimedBlock;
  /** Emits an exit before this instruction, within `depth` blocks opened here. */
  exit: (depth: number) => void = () => {};
  readonly #writer: ExprWriter;

  constructor(o: PieceCodeOptions) {
    this.pieces = o.pieces;
    this.calls = o.calls;
    this.timing = o.pieces.timing;
    this.#writer = o.writer;
    const local = o.newLocal;
    this.locals = {
      clock: local(F64),
      state: local(I32),
      piece: local(I32),
      age: local(F64),
      waits: local(I32),
      limit: local(F64),
      lines: local(I32),
      inHand: local(I32),
      taken: local(I32),
      line: local(I32),
      outcome: local(I32),
      index: local(I32),
      overlap: local(F64),
    };
  }

  get code(): Code {
    return this.#writer.code;
  }

  /** Do loads wait for stores that they overlap? */
  get ordersLoads(): boolean {
    return !this.timing.fastPaths.storeBlocks.forwards;
  }

  /** At the function's entry. */
  load(code: Code): void {
    const { limit, lines } = this.locals;
    code.i32(0).memory(Op.f64Load, this.timing.event.byteOffset).local(Op.localSet, limit);
    code.i32(0).memory(Op.i32Load, STATE.lines).local(Op.localSet, lines);
    this.#reload(code);
  }

  /** Where it is left. */
  store(code: Code): void {
    this.spill(code);
    code.i32(0).local(Op.localGet, this.locals.piece).memory(Op.i32Store, this.pieces.leftAt);
  }

  /** Leaves whether a block might not be over before the next event. */
  mayNotEnd(code: Code, { instructions, restart }: TimedBlock): void {
    const { clock, limit } = this.locals;
    const { mostCyclesOnTime, restartCycles } = this.timing;
    const most = (instructions.length + 1) * mostCyclesOnTime + (restart === undefined ? 0 : restartCycles);
    code.local(Op.localGet, clock).f64(most).op(Op.f64Add);
    code.local(Op.localGet, limit).op(Op.f64Gt);
  }

  /** After a piece's begin: its row. */
  begin(from: number): void {
    const code = this.code;
    code.i32(this.pieces.addRow(this.block, from)).local(Op.localSet, this.locals.piece);
    if (this.ordersLoads) code.f64(Infinity).local(Op.localSet, this.locals.age);
  }

  /** Goes through the transition of the piece; its outcome is known, or stands in the local. */
  end(code: Code, block: TimedBlock, outcome: number | undefined): void {
    const { piece, index, outcome: outcomeLocal } = this.locals;
    const entry = outcome === undefined ? index : piece;
    const ahead = outcome === undefined ? 0 : outcome * ENTRY_BYTES;
    if (outcome === undefined) {
      code.local(Op.localGet, outcomeLocal).i32(Math.log2(ENTRY_BYTES)).op(Op.i32Shl);
      code.local(Op.localGet, piece).op(Op.i32Add).local(Op.localSet, index);
    }
    this.#goThrough(code, entry, ahead, this.ordersLoads && block.loads.length > 0);
  }

  /** The front end starts afresh, as the block says. */
  restart(code: Code, block: TimedBlock): void {
    const { index } = this.locals;
    code.i32(this.pieces.addRow(block, RESTART)).local(Op.localSet, index);
    this.#goThrough(code, index, 0, false);
  }

  /** Goes through the transition of an entry, `ahead` of the address in a local; `overlaps`: loads in it may have to wait for stores. */
  #goThrough(code: Code, entry: number, ahead: number, overlaps: boolean): void {
    const { state, clock, age } = this.locals;
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
    code.rarely(Op.if).byte(VOID);
    this.spill(code);
    leaveEntry();
    if (overlaps) code.local(Op.localGet, age);
    else code.f64(Infinity);
    code.call(this.calls.advance).op(Op.end);
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
    code.local(Op.localGet, this.locals.waits).rarely(Op.if).byte(VOID);
    this.#lookWhetherBusy(code);
    code.op(Op.end);
  }

  /** After a question: a piece begins before an instruction; exits where that was the answer. */
  goOnOrExit(from: number, depth: number): void {
    const { line } = this.locals;
    this.code.local(Op.localSet, line);
    this.#reload(this.code);
    this.begin(from);
    this.code.local(Op.localGet, line).rarely(Op.if).byte(VOID);
    this.exit(depth + 1);
    this.code.op(Op.end);
  }

  spill(code: Code): void {
    const { clock, state } = this.timing.pieces;
    code.i32(0).local(Op.localGet, this.locals.clock).memory(Op.f64Store, clock.byteOffset);
    code.i32(0).local(Op.localGet, this.locals.state).memory(Op.i32Store, state.byteOffset);
  }

  #reload(code: Code): void {
    const { clock, state } = this.timing.pieces;
    code.i32(0).memory(Op.f64Load, clock.byteOffset).local(Op.localSet, this.locals.clock);
    code.i32(0).memory(Op.i32Load, state.byteOffset).local(Op.localSet, this.locals.state);
    this.#lookWhetherBusy(code);
  }

  #lookWhetherBusy(code: Code): void {
    const { l1d, earlyCycles } = this.timing.fastPaths;
    code.i32(0).memory(Op.f64Load, l1d.busy.byteOffset).local(Op.localGet, this.locals.clock);
    if (earlyCycles > 0) code.f64(earlyCycles).op(Op.f64Sub);
    code.op(Op.f64Gt);
    code.local(Op.localSet, this.locals.waits);
  }
}
