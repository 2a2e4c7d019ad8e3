// Fetches in generated code: the lines in which a block's instructions lie are in hand, or taken in hand, or asked for.
import { PAGE_BYTES } from "../../machine/memory.ts";
import { LINE, LINE_BYTES } from "./pieces.ts";
import type { PieceCode } from "./piece-code.ts";
import { Op, VOID } from "./wasm.ts";

const NO_LINE = -1;

export class FetchCode {
  /** Addresses (low 48 bits) of the lines that the region's code lies in. */
  readonly lines: number[] = [];
  /** Was the instruction's fetch, from two lines, written? */
  fetchedTwice = false;
  readonly #piece: PieceCode;
  readonly #translates: boolean;
  #lineInHand = NO_LINE;

  /** @param translates - are addresses of instructions translated? */
  constructor(piece: PieceCode, translates: boolean) {
    this.#piece = piece;
    this.#translates = translates;
  }

  beginBlock(): void {
    this.#lineInHand = NO_LINE;
    this.fetchedTwice = false;
  }

  /** Has the lines in hand in which the instruction lies. */
  fetch(pc: number, bytes: number): void {
    const { lineBytes } = this.#piece.timing.fastPaths.line;
    const beginOfLine = (addr: number): number => addr - (addr % lineBytes);
    const first = beginOfLine(pc);
    const last = beginOfLine(pc + bytes - 1);
    if (this.#lineInHand === last) return;
    const known = this.#lineInHand === first;
    this.#lineInHand = last;
    this.fetchedTwice = first !== last;
    if (known) return this.#takeLine(pc, last, 0);
    const code = this.#piece.code;
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
    const at = this.#piece.timing.fastPaths.line.line.byteOffset;
    const code = this.#piece.code;
    const record = this.#lineRecord(line);
    for (const offset of [LINE.virt, LINE.delta]) {
      code.i32(0).memory(Op.i64Load, at + offset);
      code
        .local(Op.localGet, this.#piece.locals.lines)
        .memory(Op.i64Load, record + offset)
        .op(Op.i64Xor);
    }
    code.op(Op.i64Or).i64(0n).op(Op.i64Ne);
  }

  /** Takes a line in hand, within `depth` blocks opened here; asks for it where it is not at hand. */
  #takeLine(pc: number, line: number, depth: number): void {
    const code = this.#piece.code;
    const record = this.#lineRecord(line);
    code.local(Op.localGet, this.#piece.locals.lines).i32(record).op(Op.i32Add);
    code.i32((pc / PAGE_BYTES) | 0).local(Op.localGet, this.#piece.locals.clock);
    code.i32(this.#translates ? 1 : 0).call(this.#piece.calls.takeLine);
    code.op(Op.i32Eqz).op(Op.if).byte(VOID);
    this.#askForFetch(record, depth + 1);
    code.op(Op.end);
  }

  #askForFetch(record: number, depth: number): void {
    const code = this.#piece.code;
    const index = this.#piece.block.instructions.length - 1;
    const point = this.#piece.pieces.addPoint({ block: this.#piece.block, index, dataBytes: 0, capability: false });
    this.#piece.spill(code);
    code.i32(point).local(Op.localGet, this.#piece.locals.piece);
    code.local(Op.localGet, this.#piece.locals.lines).i32(record).op(Op.i32Add).call(this.#piece.calls.fetch);
    this.#piece.goOnOrExit(index, depth);
  }
}
