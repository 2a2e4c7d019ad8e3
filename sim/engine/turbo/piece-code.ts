// The piece under way in generated code: how it begins, what its transition does where it ends, and how code asks outside.
//
// The clock and the memo's state are locals. They are stored before anybody outside is asked, and loaded again afterwards.
import type { GeneratedTiming } from "../../timing/generated.ts";
import type { ExprWriter } from "./expr.ts";
import { FIRST_WAITING } from "../../timing/states.ts";
import { busyBefore } from "./questions.ts";
import { rarelyIfAny } from "./rarely.ts";
import { RESTART, type Pieces } from "./pieces.ts";
import { ENTRY_SHIFT, OUTCOME_SHIFT, PIECE, STATE_BITS } from "./rows.ts";
import type { TimedBlock, TimedWay } from "./timed-block.ts";
import type { SharedCalls } from "./runtime.ts";
import { F64, I32, Op, VOID, type Code, type TableCall, type ValueType } from "./wasm.ts";

export interface PieceCodeOptions {
  readonly pieces: Pieces;
  readonly calls: SharedCalls;
  readonly newLocal: (type: ValueType) => number;
  readonly writer: ExprWriter;
}

export class PieceCode {
  readonly locals: {
    readonly clock: number;
    readonly state: number;
    /** The row of the piece under way. */
    readonly piece: number;
    /** The least overlap age of the loads in the piece, if it has any. */
    readonly age: number;
    /** The number of the youngest store, where loads wait for stores that they overlap. */
    readonly youngest: number;
    /** 1, which V8 would make anew each time. */
    readonly one: number;
    /** Where the records of the region's lines begin, and where that of the line in hand lies. */
    readonly lines: number;
    readonly inHand: number;
    /** Temporaries. `answer`: what was said to a question; `taken`: whether a branch is taken. */
    readonly line: number;
    readonly set: number;
    readonly taken: number;
    readonly answer: number;
    readonly outcome: number;
    readonly index: number;
    readonly overlap: number;
  };
  readonly pieces: Pieces;
  readonly calls: SharedCalls;
  readonly timing: GeneratedTiming;
  /** The block that is being translated. */
  block!: TimedBlock;
  /** Emits an exit before this instruction, within `depth` blocks opened here. */
  exit: (depth: number) => void = () => {};
  readonly #writer: ExprWriter;
  readonly #newLocal: PieceCodeOptions["newLocal"];
  /** By a number of cycles: the local with the clock so long before the next event. */
  readonly #before = new Map<number, number>();

  constructor(o: PieceCodeOptions) {
    this.pieces = o.pieces;
    this.calls = o.calls;
    this.timing = o.pieces.timing;
    this.#writer = o.writer;
    this.#newLocal = o.newLocal;
    const local = o.newLocal;
    this.locals = {
      clock: local(F64),
      state: local(I32),
      piece: local(I32),
      age: local(F64),
      youngest: local(F64),
      one: local(F64),
      lines: local(I32),
      inHand: local(I32),
      taken: local(I32),
      line: local(I32),
      set: local(I32),
      answer: local(I32),
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

  /** The number of the youngest store is told to who notes stores, too; and heard from him. */
  readonly stores = {
    tell: (code: Code): void => {
      const at = this.timing.fastPaths.storeBlocks.youngest.byteOffset;
      if (this.ordersLoads) code.i32(0).local(Op.localGet, this.locals.youngest).memory(Op.f64Store, at);
    },
    hear: (code: Code): void => {
      const at = this.timing.fastPaths.storeBlocks.youngest.byteOffset;
      if (this.ordersLoads) code.i32(0).memory(Op.f64Load, at).local(Op.localSet, this.locals.youngest);
    },
  };

  /** At the function's entry. */
  load(code: Code): void {
    const { locals, timing } = this;
    const { pieces, event } = timing;
    const from = (opcode: number, at: number): Code => code.i32(0).memory(opcode, at);
    for (const [cycles, local] of this.#before)
      from(Op.f64Load, event.byteOffset).f64(cycles).op(Op.f64Sub).local(Op.localSet, local);
    this.stores.hear(code);
    from(Op.f64Load, timing.one.byteOffset).local(Op.localSet, locals.one);
    from(Op.f64Load, pieces.clock.byteOffset).local(Op.localSet, locals.clock);
    from(Op.i32Load, pieces.state.byteOffset).local(Op.localSet, locals.state);
  }

  /** Where it is left. */
  store(code: Code): void {
    const { clock, state } = this.timing.pieces;
    this.stores.tell(code);
    code.i32(0).local(Op.localGet, this.locals.clock).memory(Op.f64Store, clock.byteOffset);
    code.i32(0).local(Op.localGet, this.locals.state).memory(Op.i32Store, state.byteOffset);
    code.i32(0).local(Op.localGet, this.locals.piece).memory(Op.i32Store, this.pieces.leftAt);
  }

  /** Leaves whether a way might not be over before the next event. */
  mayNotEnd(code: Code, { words, restarts }: TimedWay): void {
    const most = this.timing.mostCycles(words, restarts);
    code.local(Op.localGet, this.locals.clock).local(Op.localGet, this.#latestBegin(most)).op(Op.f64Gt);
  }

  /** The local with the latest clock at which what takes so many cycles may begin, rounded up that there be few of them. */
  #latestBegin(most: number): number {
    const cycles = 2 ** Math.ceil(Math.log2(most));
    const known = this.#before.get(cycles);
    if (known !== undefined) return known;
    const local = this.#newLocal(F64);
    this.#before.set(cycles, local);
    return local;
  }

  /** Where the function is left between blocks: no piece is under way, so that V8 need not keep the last one's row. */
  letGo(code: Code): void {
    code.i32(0).local(Op.localSet, this.locals.piece);
  }

  /** After a piece's begin: its row. */
  begin(from: number): void {
    const code = this.code;
    code.i32(this.pieces.addRow(this.block, from)).local(Op.localSet, this.locals.piece);
  }

  /** Goes through the transition of the piece; its outcome is known, or stands in the local. */
  end(code: Code, block: TimedBlock, outcome: number | undefined): void {
    const { piece, outcome: outcomeLocal } = this.locals;
    code.local(Op.localGet, piece);
    if (outcome === undefined) code.local(Op.localGet, outcomeLocal).op(Op.i32Add);
    else if (outcome > 0) code.i32(outcome << OUTCOME_SHIFT).op(Op.i32Add);
    this.#goThrough(code, this.#overlapsOf(block));
  }

  /** The front end starts afresh, as the block says. */
  restart(code: Code, block: TimedBlock): void {
    code.i32(this.pieces.addRow(block, RESTART));
    this.#goThrough(code, "never");
  }

  /** Leaves whether a store may wait that was there before the piece; of a state without a number, which is below 0, nobody knows. */
  storeMayWait(code: Code): Code {
    return code
      .i32(FIRST_WAITING - 1)
      .local(Op.localGet, this.locals.state)
      .op(Op.i32LtU);
  }

  /** Which loads of a block wait for stores: none; those that overlap one, if any waited before the piece; or those whose age says so. */
  #overlapsOf({ loads, storesFrom }: TimedBlock): "never" | "byState" | "byAge" {
    if (!this.ordersLoads || loads.length === 0) return "never";
    return loads.every((load) => load < storesFrom) ? "byState" : "byAge";
  }

  /** Goes through the transition of the state's entry in the group whose address is on the stack. */
  #goThrough(code: Code, overlaps: "never" | "byState" | "byAge"): void {
    const { state, clock, age, one, index: entry } = this.locals;
    code
      .local(Op.localGet, state)
      .i32((1 << STATE_BITS) - 1)
      .op(Op.i32And)
      .i32(ENTRY_SHIFT)
      .op(Op.i32Shl);
    code.op(Op.i32Add).local(Op.localSet, entry);
    const inEntry = (opcode: number, offset: number): Code => code.local(Op.localGet, entry).memory(opcode, offset);
    const isOther = (): Code => inEntry(Op.i32Load, PIECE.state).local(Op.localGet, state).op(Op.i32Ne);
    const waits = (): Code => {
      code.local(Op.localGet, age);
      return inEntry(Op.f64Load, PIECE.waiting).op(Op.f64Lt);
    };
    const signs = { never: [isOther], byAge: [isOther, waits], byState: [isOther, () => this.storeMayWait(code)] };
    rarelyIfAny(code, signs[overlaps], () => {
      if (overlaps === "byState") {
        isOther();
        waits().op(Op.i32Or).op(Op.if).byte(VOID);
      }
      code.local(Op.localGet, entry);
      this.age(code, overlaps !== "never");
      code.local(Op.localGet, clock).local(Op.localGet, state).callThroughTable(this.calls.advance);
      code.local(Op.localSet, entry);
      if (overlaps === "byState") code.op(Op.end);
    });
    code.local(Op.localGet, clock);
    inEntry(Op.f64Load, PIECE.cycles).op(Op.f64Add).local(Op.localSet, clock);
    inEntry(Op.i32Load, PIECE.taken).local(Op.localTee, state);
    code.local(Op.localGet, state).memory(Op.f64Load, 0).local(Op.localGet, one).op(Op.f64Add).memory(Op.f64Store, 0);
    inEntry(Op.i32Load, PIECE.next).local(Op.localSet, state);
  }

  /** Leaves the least overlap age of the loads in the piece under way, if it has any. */
  age(code: Code, hasLoads: boolean): void {
    if (hasLoads && this.ordersLoads) code.local(Op.localGet, this.locals.age);
    else code.f64(this.timing.fastPaths.storeBlocks.entries);
  }

  /** Leaves whether an access may find the data cache busy. */
  waits(): void {
    busyBefore(this.timing).emit(this.code);
    this.code.local(Op.localGet, this.locals.clock).op(Op.f64Gt);
  }

  /** After the arguments of a question that are its own: the rest of them, the question, and what has changed meanwhile. */
  ask(question: TableCall): void {
    const { clock, state, answer } = this.locals;
    this.code.local(Op.localGet, clock).local(Op.localGet, state).callThroughTable(question);
    for (const local of [answer, state, clock]) this.code.local(Op.localSet, local);
  }

  /** After a question: a piece begins before an instruction; exits where that was the answer. */
  goOnOrExit(from: number, depth: number): void {
    this.begin(from);
    if (this.ordersLoads) {
      this.age(this.code, false);
      this.code.local(Op.localSet, this.locals.age);
    }
    this.code.local(Op.localGet, this.locals.answer).rarely(Op.if).byte(VOID);
    this.exit(depth + 1);
    this.code.op(Op.end);
  }
}
