// Fetches in generated code: the lines in which a block's instructions lie are in hand, or taken in hand, or asked for.
//
// Which line is in hand stands in a local, as the address of its record; regions hand that on to one another. Whoever is asked to
// fetch finds the line where the parts have it (`LineRecords.enter` and `leave` do the same for what comes before and after).
import { PAGE_BYTES } from "../../machine/memory.ts";
import { NO_LINE } from "../../timing/frontend.ts";
import { STATE, TARGET_LINE_AT } from "./layout.ts";
import { IN_HAND, LINE, LINE_BYTES, TAKEN } from "./lines.ts";
import type { PieceCode } from "./piece-code.ts";
import { leaveIfAny, type Sign } from "./rarely.ts";
import { counted, f64, i32, WORD_BYTES } from "./terms.ts";
import { Op, VOID, type Code } from "./wasm.ts";

export class FetchCode {
  /** Addresses (low 48 bits) of the lines that the region's code lies in. */
  readonly lines: number[] = [];
  /** Was the instruction's fetch, from two lines or of two pages, written? It is not to be fetched again. */
  fetchedTwice = false;
  readonly #piece: PieceCode;
  readonly #translates: boolean;
  /** Where the region's records will lie: a translation for physical addresses is for one place. */
  readonly #recordsAt: number;
  #lineInHand = NO_LINE;
  /** Address of the instruction that follows. */
  #next = -1;

  /** @param translates - are addresses of instructions translated? */
  constructor(piece: PieceCode, translates: boolean) {
    this.#piece = piece;
    this.#translates = translates;
    this.#recordsAt = piece.pieces.lines.nextAt;
  }

  /** At the function's entry: a line in hand that is that of the target entered is known by its record here. */
  load(code: Code): void {
    const { inHand, lines, line } = this.#piece.locals;
    if (this.#translates) code.i32(0).memory(Op.i32Load, STATE.lines).local(Op.localSet, lines);
    this.#leaveFirstRecord(code);
    code
      .i32(0)
      .memory(Op.i32Load16U, STATE.target + TARGET_LINE_AT)
      .i32(LINE_BYTES)
      .op(Op.i32Mul)
      .op(Op.i32Add);
    code.local(Op.localTee, line);
    code.i32(0).memory(Op.i32Load, STATE.inHand).local(Op.localTee, inHand);
    for (const offset of IN_HAND) {
      code.local(Op.localGet, inHand).memory(Op.i64Load, offset);
      code.local(Op.localGet, line).memory(Op.i64Load, offset).op(Op.i64Eq);
    }
    code.op(Op.i32And).op(Op.select).local(Op.localSet, inHand);
  }

  /** No line is in hand any more. */
  letGo(code: Code): void {
    const { pieces, locals } = this.#piece;
    code.i32(pieces.lines.otherAt).local(Op.localTee, locals.inHand).f64(NO_LINE).memory(Op.f64Store, LINE.virt);
  }

  /** Where it is left. */
  store(code: Code): void {
    code.i32(0).local(Op.localGet, this.#piece.locals.inHand).memory(Op.i32Store, STATE.inHand);
  }

  beginBlock(): void {
    this.#lineInHand = NO_LINE;
    this.fetchedTwice = false;
  }

  /** Has the lines in hand in which the instruction lies: of one in two pages the first's, whose translation is asked for in any case. */
  fetch(pc: number, bytes: number): void {
    const { lineBytes } = this.#piece.timing.fastPaths.line;
    const beginOfLine = (addr: number): number => addr - (addr % lineBytes);
    const inPage = Math.min(bytes, PAGE_BYTES - (pc % PAGE_BYTES));
    const straddles = inPage < bytes;
    const first = beginOfLine(pc);
    const last = beginOfLine(pc + inPage - 1);
    // Behind a jump the line in hand may be the second of an instruction in two.
    if (pc !== this.#next && first !== last && this.#lineInHand === last) this.#lineInHand = NO_LINE;
    this.#next = pc + bytes;
    this.fetchedTwice = straddles || (this.#lineInHand !== last && first !== last);
    if (this.#lineInHand === last) {
      if (straddles) this.#translateAgain();
      return;
    }
    const known = this.#lineInHand === first;
    this.#lineInHand = last;
    const { code, locals, block } = this.#piece;
    const from = code.length;
    block.lineInHand = last;
    if (known) {
      this.#leaveRecord(last);
      code.local(Op.localSet, locals.line);
      return this.#take(last, true, 0);
    }
    this.#leaveRecord(first);
    code.local(Op.localTee, locals.line).local(Op.localGet, locals.inHand).op(Op.i32Ne).op(Op.if).byte(VOID);
    if (first === last) {
      this.#take(last, false, 1);
      if (straddles) {
        code.op(Op.else);
        this.#translateAgain();
      }
    } else {
      // Neither line is in hand: two have to be fetched.
      this.#takeBoth(last, 1);
      code.op(Op.else);
      this.#leaveRecord(last);
      code.local(Op.localSet, locals.line);
      this.#take(last, true, 1);
    }
    code.op(Op.end);
    // The same either way: V8 leaves comparisons out where it knows that.
    this.#leaveRecord(last);
    code.local(Op.localSet, locals.inHand);
    const isFirst = block.instructions.length === 1;
    if (isFirst && first === last && !straddles) block.firstFetch = { line: first, from, to: code.length };
  }

  /** The page of the line in hand is looked up: it is the most recently used. */
  #translateAgain(): void {
    if (!this.#translates) return;
    counted(this.#piece.timing.fastPaths.itlb.lookups.byteOffset, f64.const(1)).emit(this.#piece.code);
  }

  #countTaken(): void {
    const { code, pieces } = this.#piece;
    const { taken } = pieces.lines;
    const at = taken.byteOffset + WORD_BYTES * (this.#translates ? TAKEN.translated : TAKEN.direct);
    code.i32(0).i32(0).memory(Op.i32Load, at).i32(1).op(Op.i32Add).memory(Op.i32Store, at);
  }

  #leaveFirstRecord(code: Code): void {
    if (this.#translates) code.local(Op.localGet, this.#piece.locals.lines);
    else code.i32(this.#recordsAt);
  }

  #leaveRecord(line: number): void {
    const known = this.lines.indexOf(line);
    const number = known >= 0 ? known : this.lines.push(line) - 1;
    const { code } = this.#piece;
    this.#leaveFirstRecord(code);
    code.i32(LINE_BYTES * number).op(Op.i32Add);
  }

  /**
   * Takes the line in hand whose record is in the local, within `depth` blocks opened here: at once, with a look for what is not the most
   * recently used, or else it is asked for. The line in hand was fetched last, so that its page is the most recently used.
   */
  #take(line: number, isSamePage: boolean, depth: number): void {
    const { code, locals, calls, timing } = this.#piece;
    const { l1i } = timing.fastPaths;
    const { lines } = this.#piece.pieces;
    const page = Math.floor(line / PAGE_BYTES);
    const ofLine = (offset: number): Code => code.local(Op.localGet, locals.line).memory(Op.i32Load, offset);
    const isOtherLine = (): void => {
      // Where fetches are not translated it is known here where the line stands.
      if (!this.#translates) return i32.ne(i32.at(lines.setAt(line)), i32.const(lines.wordOf(line))).emit(code);
      ofLine(LINE.set).memory(Op.i32Load, 0);
      ofLine(LINE.word).op(Op.i32Ne);
    };
    const isOtherPage = (): Code =>
      code.local(Op.localGet, locals.inHand).memory(Op.f64Load, LINE.page).f64(page).op(Op.f64Ne);
    const isBusy = (): void => {
      f64.at(l1i.busy.byteOffset).emit(code);
      code.local(Op.localGet, locals.clock).op(Op.f64Gt);
    };
    const signs: Sign[] = [isOtherLine];
    if (this.#translates && !isSamePage) signs.push(isOtherPage);
    if (l1i.fills === undefined) signs.push(isBusy);
    code.op(Op.block).byte(VOID).op(Op.block).byte(VOID);
    leaveIfAny(code, signs, 0);
    this.#countTaken();
    code.op(Op.br).unsigned(1).op(Op.end);
    code
      .local(Op.localGet, locals.line)
      .i32(page | 0)
      .local(Op.localGet, locals.clock);
    code
      .i32(this.#translates ? 1 : 0)
      .callThroughTable(calls.takeLine)
      .op(Op.i32Eqz)
      .rarely(Op.if)
      .byte(VOID);
    this.#ask(() => code.local(Op.localGet, locals.line), depth + 2);
    code.op(Op.end).op(Op.end);
    code.local(Op.localGet, locals.line).local(Op.localSet, locals.inHand);
  }

  /** The same of the line whose record is in the local, and then another of its page. */
  #takeBoth(last: number, depth: number): void {
    const { code, locals, calls } = this.#piece;
    code.local(Op.localGet, locals.line);
    this.#leaveRecord(last);
    code.i32(Math.floor(last / PAGE_BYTES) | 0).local(Op.localGet, locals.clock);
    code.i32(this.#translates ? 1 : 0).callThroughTable(calls.takeLines);
    code.op(Op.i32Eqz).rarely(Op.if).byte(VOID);
    this.#ask(() => this.#leaveRecord(last), depth + 1);
    code.op(Op.else);
    this.#leaveRecord(last);
    code.local(Op.localSet, locals.inHand).op(Op.end);
  }

  /** Asks for the instruction that begins in the line whose record is in the local; then that is in hand which `last` leaves. */
  #ask(last: () => void, depth: number): void {
    const { code, block, pieces, locals, calls } = this.#piece;
    const index = block.instructions.length - 1;
    const point = pieces.addPoint({ block, index, dataBytes: 0, capability: false });
    code.i32(point).local(Op.localGet, locals.piece).local(Op.localGet, locals.line).local(Op.localGet, locals.inHand);
    this.#piece.age(code, block.loads.length > 0);
    this.#piece.ask(calls.fetch);
    last();
    code.local(Op.localSet, locals.inHand);
    this.#piece.goOnOrExit(index, depth);
  }
}
