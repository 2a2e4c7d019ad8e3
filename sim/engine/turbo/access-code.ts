// Data accesses in generated code: what is on time compares words and notes what later accesses ask; what may be late asks.
import { PAGE_BITS } from "../../machine/memory.ts";
import { Class, isStore, traitClass } from "../../timing/traits.ts";
import type { TlbFastPath } from "../../timing/tlb.ts";
import type { Expr, ExprWriter } from "./expr.ts";
import { STATE } from "./layout.ts";
import type { RequireLast } from "./memory-path.ts";
import type { PieceCode } from "./piece-code.ts";
import { ANSWER } from "./questions.ts";
import { leaveIfAny, type Sign } from "./rarely.ts";
import { setOffset } from "./sets.ts";
import { noteTagGroup, storeBlockAt } from "./store-code.ts";
import { i32, localOf, Statements, WORD_BYTES, type Local } from "./terms.ts";
import { lineOf, setOffsetOf } from "./timing-functions.ts";
import { I32, Op, VOID, type Code } from "./wasm.ts";

type Three = [Local, Local, Local];

/** A data access of the instruction that is being translated. */
export interface TimedAccess {
  /** In a local. */
  readonly addr: Expr;
  /** Local with its place in linear memory. */
  readonly place: number;
  readonly bytes: number;
  readonly capability: boolean;
  readonly requireLast: RequireLast;
}

export class AccessCode {
  readonly #piece: PieceCode;
  readonly #writer: ExprWriter;
  readonly #translates: boolean;

  /** @param translates - are addresses of data translated? */
  constructor(piece: PieceCode, writer: ExprWriter, translates: boolean) {
    this.#piece = piece;
    this.#writer = writer;
    this.#translates = translates;
  }

  get #code(): Code {
    return this.#writer.code;
  }

  /** Behind the way to an access's place, before it is made. */
  access(access: TimedAccess): void {
    const { l1d, tagGroups } = this.#piece.timing.fastPaths;
    const { addr, place, bytes, capability } = access;
    const code = this.#code;
    const index = this.#piece.block.instructions.length - 1;
    const timingClass = traitClass(this.#piece.block.instructions[index]!.traits);
    const reads = timingClass === Class.load;
    const { loads } = this.#piece.block;
    const hasLoads = loads.length > 0;
    if (reads) loads.push(index);
    else this.#piece.block.storesFrom = Math.min(this.#piece.block.storesFrom, index);
    code.op(Op.block).byte(VOID);
    // A line that is written whole is not looked up.
    if (bytes < l1d.lineBytes) {
      code.op(Op.block).byte(VOID).op(Op.block).byte(VOID);
      leaveIfAny(code, this.#signsOfLateness(access), 0);
      this.#isFirst(place, reads);
      code.mostly(Op.brIf).unsigned(1);
      if (this.#piece.timing.fastPaths.memory.l1d.victims.policy !== "plru") this.#trySecond(reads, 0, 1);
      code.op(Op.end);
      access.requireLast(2);
    }
    const point = this.#piece.pieces.addPoint({ block: this.#piece.block, index, dataBytes: bytes, capability });
    code.i32(point).local(Op.localGet, this.#piece.locals.piece);
    this.#writer.wide(addr);
    code.local(Op.localGet, place);
    this.#piece.age(code, hasLoads);
    this.#piece.stores.tell(code);
    this.#piece.ask(this.#piece.calls.access);
    this.#piece.stores.hear(code);
    if (bytes < l1d.lineBytes)
      code.local(Op.localGet, this.#piece.locals.answer).i32(ANSWER.onTime).op(Op.i32Eq).op(Op.brIf).unsigned(0);
    this.#piece.goOnOrExit(index + 1, bytes < l1d.lineBytes ? 2 : 1);
    if (bytes < l1d.lineBytes) {
      code.op(Op.br).unsigned(1).op(Op.end);
      if (this.#piece.ordersLoads && reads) this.#noteAgeIfAsked(place, bytes, index, hasLoads);
      if (this.#piece.ordersLoads && isStore(timingClass)) this.#noteStore(place, bytes);
      if (capability && !reads && tagGroups !== undefined)
        noteTagGroup(new Statements([], code), localOf(I32, place), tagGroups);
    }
    code.op(Op.end);
  }

  /** What else may be in the way than the line's word. */
  #signsOfLateness({ addr, place, bytes }: TimedAccess): Sign[] {
    const { timing } = this.#piece;
    const signs: Sign[] = [];
    if (timing.fastPaths.l1d.fills === undefined) signs.push(() => this.#piece.waits());
    if (bytes > 1) signs.push(() => this.#misaligned(place, bytes));
    if (this.#translates) signs.push(() => this.#otherPage(timing.fastPaths.dtlb, () => this.#pageOf(addr)));
    return signs;
  }

  /** Leaves whether the line is the most recently used of its set, and for a write, dirty. */
  #isFirst(place: number, reads: boolean): void {
    const { l1d } = this.#piece.timing.fastPaths;
    const { line, set } = this.#piece.locals;
    const code = this.#code;
    const { ramBase } = this.#piece.timing;
    lineOf(localOf(I32, place), ramBase, l1d).emit(code);
    code.local(Op.localSet, line);
    setOffsetOf(localOf(I32, place), ramBase, l1d).emit(code);
    code.local(Op.localTee, set).memory(Op.i32Load, l1d.words.byteOffset);
    if (reads) code.i32(1).op(Op.i32ShrS).local(Op.localGet, line).op(Op.i32Eq);
    else code.local(Op.localGet, line).i32(1).op(Op.i32Shl).i32(1).op(Op.i32Or).op(Op.i32Eq);
  }

  /**
   * Leaves for the end of the block at depth `there` if the line is the second of its set, which is the first then, and dirty if it is
   * written; else for that at depth `away`.
   */
  #trySecond(reads: boolean, away: number, there: number): void {
    const { locals, timing } = this.#piece;
    const firstAt = timing.fastPaths.l1d.words.byteOffset;
    const secondAt = firstAt + WORD_BYTES;
    const [set, line, word] = [locals.set, locals.line, locals.index].map((local) => localOf(I32, local)) as Three;
    const code = this.#code;
    const f = new Statements([], code);
    f.set(word, i32.load(set, secondAt));
    i32.ne(i32.shr(word, i32.const(1)), line).emit(code);
    code.op(Op.brIf).unsigned(away);
    f.store(set, secondAt, i32.load(set, firstAt));
    f.store(set, firstAt, reads ? word : i32.or(word, i32.const(1)));
    code.op(Op.br).unsigned(there);
  }

  #misaligned(place: number, bytes: number): Code {
    return this.#code
      .local(Op.localGet, place)
      .i32(bytes - 1)
      .op(Op.i32And);
  }

  #pageOf(addr: Expr): void {
    this.#writer.wide(addr);
    this.#code.i64(BigInt(PAGE_BITS)).op(Op.i64ShrU).op(Op.i32WrapI64);
  }

  /** Leaves whether the TLB does not hold a page; if it does, that is the most recently used of its set now. `page` leaves its number. */
  #otherPage(tlb: TlbFastPath, page: () => void): void {
    const { pages, masks, asids } = tlb;
    const code = this.#code;
    const { index } = this.#piece.locals;
    setOffset({ type: I32, emit: page }, tlb).emit(code);
    code.local(Op.localSet, index);
    const ofEntry = (table: Int32Array): Code => code.local(Op.localGet, index).memory(Op.i32Load, table.byteOffset);
    code.op(Op.block).byte(I32).op(Op.block).byte(VOID);
    ofEntry(masks);
    page();
    code.op(Op.i32And);
    ofEntry(pages).op(Op.i32Ne).rarely(Op.brIf).unsigned(0);
    code.i32(0);
    ofEntry(asids).local(Op.localTee, index).i32(0).memory(Op.i32Load, STATE.asid).op(Op.i32Eq);
    code.mostly(Op.brIf).unsigned(1);
    code.local(Op.localGet, index).i32(-1).op(Op.i32Eq).mostly(Op.brIf).unsigned(1).op(Op.drop).op(Op.end);
    page();
    code.callThroughTable(this.#piece.calls.touchPage).op(Op.i32Eqz).op(Op.end);
  }

  /** The blocks of the data port's width that an aligned access touches: how far ahead of its place each begins. */
  #portBlocks(bytes: number): number[] {
    const { portBytes } = this.#piece.timing.fastPaths;
    return bytes <= portBytes ? [0] : Array.from({ length: bytes / portBytes }, (_, i) => i * portBytes);
  }

  /** Leaves where what is known of the last store to a block lies in its table. */
  #lastStoreAt(place: number, ahead: number): void {
    const at = localOf(I32, place);
    const block = ahead > 0 ? i32.add(at, i32.const(ahead)) : at;
    storeBlockAt(block, this.#piece.timing.fastPaths.storeBlocks).emit(this.#code);
  }

  /** Notes a load's overlap age where a store may wait: one from before the piece, as its state says, or one of the block's. */
  #noteAgeIfAsked(place: number, bytes: number, index: number, hasLoads: boolean): void {
    const { block, locals } = this.#piece;
    const code = this.#code;
    if (block.storesFrom < index) {
      const isBefore = (load: number): boolean => load < block.storesFrom;
      if (hasLoads && isBefore(block.loads.at(-2)!)) {
        // The first load behind a store: who asks for its age asks for those of the loads before that.
        this.#piece.storeMayWait(code).op(Op.i32Eqz).op(Op.if).byte(VOID);
        for (const load of block.loads.filter(isBefore)) this.#writeAge(load, () => this.#piece.age(code, false));
        code.op(Op.end);
      }
      return this.#noteAge(place, bytes, index, hasLoads);
    }
    if (!hasLoads) {
      this.#piece.age(code, false);
      code.local(Op.localSet, locals.age);
    }
    this.#piece.storeMayWait(code).rarely(Op.if).byte(VOID);
    this.#noteAge(place, bytes, index, true);
    code.op(Op.end);
  }

  #writeAge(load: number, age: () => void): void {
    const code = this.#code.i32(0);
    age();
    code.memory(Op.f64Store, this.#piece.pieces.agesAt + 8 * load);
  }

  /** Notes how many stores came after the youngest that a load overlaps; `hasLoads`: there are others before it in its block. */
  #noteAge(place: number, bytes: number, index: number, hasLoads: boolean): void {
    const { lastStore } = this.#piece.timing.fastPaths.storeBlocks;
    const { age, overlap, youngest } = this.#piece.locals;
    const code = this.#code;
    this.#portBlocks(bytes).forEach((ahead, n) => {
      code.local(Op.localGet, youngest);
      this.#lastStoreAt(place, ahead);
      code.memory(Op.f64Load, lastStore.byteOffset).op(Op.f64Sub);
      if (n === 0) code.local(Op.localSet, overlap);
      else code.local(Op.localGet, overlap).op(Op.f64Min).local(Op.localSet, overlap);
    });
    this.#writeAge(index, () => code.local(Op.localGet, overlap));
    code.local(Op.localGet, overlap);
    if (hasLoads) {
      code.local(Op.localGet, age).op(Op.f64Lt).rarely(Op.if).byte(VOID).local(Op.localGet, overlap);
      code.local(Op.localSet, age).op(Op.end);
    } else code.local(Op.localSet, age);
  }

  #noteStore(place: number, bytes: number): void {
    const { lastStore } = this.#piece.timing.fastPaths.storeBlocks;
    const { youngest, one } = this.#piece.locals;
    const code = this.#code;
    code.local(Op.localGet, youngest).local(Op.localGet, one).op(Op.f64Add).local(Op.localSet, youngest);
    for (const ahead of this.#portBlocks(bytes)) {
      this.#lastStoreAt(place, ahead);
      code.local(Op.localGet, youngest).memory(Op.f64Store, lastStore.byteOffset);
    }
  }
}
