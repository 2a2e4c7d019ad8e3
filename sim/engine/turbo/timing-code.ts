// Timing in generated code: pieces go through the memo's transitions, accesses and fetches compare what the dynamic parts say may be
// compared (sim/timing/generated.ts), and whatever is late asks. What a region's translator says of its blocks and instructions.
import type { Decoded } from "../../../isa/codec.ts";
import { Outcome } from "../../timing/predictor/predictor.ts";
import { stepWord, withOutcome } from "../../timing/step.ts";
import { Class, packTraits, traitClass } from "../../timing/traits.ts";
import { VIRT_MASK } from "../data.ts";
import { AccessCode, type TimedAccess } from "./access-code.ts";
import { FetchCode } from "./fetch-code.ts";
import { PieceCode, type PieceCodeOptions } from "./piece-code.ts";
import type { TimedBlock, TimedWay } from "./timed-block.ts";
import { f64, localOf } from "./terms.ts";
import { TransferCode } from "./transfer-code.ts";
import { F64, Op, type Code } from "./wasm.ts";

/** What the code of a region does to its addresses. */
export interface Addressing {
  readonly translatesData: boolean;
  readonly translatesFetch: boolean;
}

/** Where an instruction stands. */
export interface Where {
  /** Low 48 bits of its address. */
  readonly pc: number;
  readonly category: number;
}

export class TimingCode {
  readonly #addressing: Addressing;
  readonly #piece: PieceCode;
  readonly #fetch: FetchCode;
  readonly #access: AccessCode;
  #dataBytes = 0;
  #linesBefore = 0;

  constructor(o: PieceCodeOptions & Addressing) {
    this.#addressing = o;
    this.#piece = new PieceCode(o);
    this.#fetch = new FetchCode(this.#piece, o.translatesFetch);
    this.#access = new AccessCode(this.#piece, o.writer, o.translatesData);
  }

  /** Emits an exit before this instruction, within `depth` blocks opened here. */
  set exit(exit: (depth: number) => void) {
    this.#piece.exit = exit;
  }

  // A function

  /** At its entry. */
  load(code: Code): void {
    this.#piece.load(code);
    this.#fetch.load(code);
  }

  /** Where it is left. */
  store(code: Code): void {
    this.#piece.store(code);
    this.#fetch.store(code);
  }

  /** Before it is left between blocks. */
  leaveBetween(code: Code): void {
    this.#piece.letGo(code);
  }

  /** Addresses (low 48 bits) of the lines that its code lies in. */
  get lines(): readonly number[] {
    return this.#fetch.lines;
  }

  // A block

  beginBlock({ category }: Where): void {
    const { translatesData, translatesFetch } = this.#addressing;
    this.#piece.block = this.#piece.pieces.beginBlock(category, translatesData, translatesFetch);
    this.#fetch.beginBlock();
    this.#piece.begin(0);
  }

  /** Local with the clock. */
  get clock(): number {
    return this.#piece.locals.clock;
  }

  get block(): TimedBlock {
    return this.#piece.block;
  }

  /** Leaves whether a way might not be over before the next event. */
  mayNotEnd(code: Code, way: TimedWay): void {
    this.#piece.mayNotEnd(code, way);
  }

  /** How long a way that is on time takes at most. */
  mostCycles({ words, restarts }: TimedWay): number {
    return this.#piece.timing.bound.cycles(words, restarts);
  }

  // An instruction

  /** Before an instruction's own code: its fetch. */
  beginInstruction(decoded: Decoded, { pc }: Where): void {
    const traits = packTraits(decoded);
    this.#dataBytes = 0;
    this.#linesBefore = this.#fetch.lines.length;
    this.block.instructions.push({ word: stepWord(traits, 0, 0), traits, pc, bytes: decoded.bytes });
    this.#fetch.fetch(pc, decoded.bytes);
  }

  /** Was its fetch, from two lines, written? */
  get fetchedTwice(): boolean {
    return this.#fetch.fetchedTwice;
  }

  /** Behind the way to an access's place, before it is made. */
  access(access: TimedAccess): void {
    this.#dataBytes = access.bytes;
    this.#access.access(access);
  }

  /** After it; `kept` is false where the interpreter has to do it. `restart`: what the front end does after it. */
  endInstruction(kept: boolean, restart: TimedBlock["restart"]): void {
    const { instructions, loads } = this.block;
    const last = instructions.pop()!;
    this.block.restart = restart;
    this.#fetch.fetchedTwice = false;
    if (!kept) this.#fetch.lines.length = this.#linesBefore;
    if (!kept && instructions.length === 0) this.block.firstFetch = undefined;
    if (!kept && loads.at(-1) === instructions.length) loads.pop();
    if (kept) instructions.push({ ...last, word: stepWord(last.traits, this.#dataBytes, 0) });
  }

  /** The block goes on at the target of its last instruction, a jump; false where it is not certain how that turns out. */
  follow(target: number): boolean {
    const { code, timing } = this.#piece;
    if (timing.fastPaths.predictor.btbHoldsAll) return false;
    const { instructions } = this.block;
    this.#transfer(code, this.block).jump(f64.const(target));
    const last = instructions.pop()!;
    instructions.push({ ...last, word: withOutcome(last.word, Outcome.predecoded) });
    return true;
  }

  // Where a block ends

  /** The block's piece is over; a jump at its end goes to `target` (low 48 bits). */
  endAt(code: Code, block: TimedBlock, target: number): void {
    const { traits } = block.instructions.at(-1)!;
    if (traitClass(traits) !== Class.jump) return this.#piece.end(code, block, 0);
    this.#transfer(code, block).jump(f64.const(target));
    this.#piece.end(code, block, undefined);
  }

  /** The same of a branch to `target`, which is taken where the condition on the stack is 1; that stays there. */
  endBranching(code: Code, block: TimedBlock, target: number): void {
    const { taken } = this.#piece.locals;
    code.local(Op.localSet, taken);
    this.#transfer(code, block).branch(target);
    this.#piece.end(code, block, undefined);
    code.local(Op.localGet, taken);
  }

  /** The same where the target stands in a local. */
  endAtLocal(code: Code, block: TimedBlock, target: number): void {
    const { overlap } = this.#piece.locals;
    code.local(Op.localGet, target).i64(VIRT_MASK).op(Op.i64And).op(Op.f64ConvertI64S).local(Op.localSet, overlap);
    this.#transfer(code, block).jump(localOf(F64, overlap));
    this.#piece.end(code, block, undefined);
  }

  /** The same of a block whose last instruction has the front end start afresh. */
  endRestarting(code: Code, block: TimedBlock): void {
    if (block.steps > 0) this.#piece.end(code, block, 0);
    this.#piece.restart(code, block);
    this.#fetch.letGo(code);
  }

  #transfer(code: Code, block: TimedBlock): TransferCode {
    const { timing, pieces, calls, locals } = this.#piece;
    return new TransferCode(code, block, timing.fastPaths.predictor, pieces.branches, calls, locals);
  }
}
