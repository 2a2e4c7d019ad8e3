// A block of generated code as timing sees it: its instructions, and which of them may be late.
import { NO_LINE } from "../../timing/frontend.ts";

/** One instruction of a block. */
export interface TimedInstruction {
  /** Its step word, everything on time. */
  readonly word: number;
  readonly traits: number;
  /** Low 48 bits of its address. */
  readonly pc: number;
  readonly bytes: number;
}

export class TimedBlock {
  readonly number: number;
  readonly category: number;
  /** Data addresses are translated; instructions' are. */
  readonly translatesData: boolean;
  readonly translatesFetch: boolean;
  readonly instructions: TimedInstruction[] = [];
  /** Its loads, by their places in the block. */
  readonly loads: number[] = [];
  /** Of the loads before this place no overlap age is noted where no store waited at the piece's begin: no store of the block's comes before. */
  storesFrom = Infinity;
  /** What follows the block's piece: its last instruction traps, and is no step; or has the front end start afresh. */
  restart: "trap" | "flush" | undefined;
  /** The line of its first instruction, where that lies in one, and from where to where the block's code fetches it. */
  firstFetch: { readonly line: number; readonly from: number; readonly to: number } | undefined;
  /** The line that it leaves in hand. Both are addresses (low 48 bits). */
  lineInHand: number = NO_LINE;
  /** Number of the row at its head. */
  readonly firstRow: number;
  /** Numbers of the scripts of pieces that end before the block does. */
  readonly scripts = new Map<number, number>();

  constructor(number: number, firstRow: number, category: number, translatesData: boolean, translatesFetch: boolean) {
    this.number = number;
    this.firstRow = firstRow;
    this.category = category;
    this.translatesData = translatesData;
    this.translatesFetch = translatesFetch;
  }

  /** How many of its instructions are steps. */
  get steps(): number {
    return this.restart === "trap" ? this.instructions.length - 1 : this.instructions.length;
  }
}

/** The step words of what is executed in a row; `restarts`: the front end starts afresh in it, or behind it. */
export interface TimedWay {
  readonly words: readonly number[];
  readonly restarts: boolean;
}

/** That of a block; without timing nothing. */
export const timedWay = (block: TimedBlock | undefined): TimedWay => ({
  words: block?.instructions.map(({ word }) => word) ?? [],
  restarts: block?.restart !== undefined,
});

/** An instruction that may be late. */
export interface Point {
  readonly block: TimedBlock;
  readonly index: number;
  /** Of a data access. */
  readonly dataBytes: number;
  readonly capability: boolean;
}
