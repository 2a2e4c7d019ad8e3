// Regions: the blocks of code that are translated together into one function, found from a hot address onwards.
//
// Only code that has been decoded is taken, and functions that are called often, so that cold paths stay out; calls are
// followed, through a register to where they have led, and the address after a call is a place to which a return may jump. A
// block may end in the middle of another, or go on behind a jump in one: the tail is translated twice.
import { LONGEST_PIECE } from "../../timing/generated.ts";
import type { Op as Operation } from "../code.ts";
import { isReturn, packTraits } from "../../timing/traits.ts";
import { Code } from "./wasm.ts";
import type { Ending } from "./ending.ts";
import type { Exits } from "./exits.ts";
import type { TimedBlock } from "./timed-block.ts";
import type { Where } from "./timing-code.ts";

/** Finds code. */
export interface CodeSource {
  /** The instruction at a virtual address, if it has been decoded and is still in memory as it was. */
  at(pc: bigint): Operation | undefined;
  /** Where it stands, for timing. */
  where(pc: bigint): Where;
  /** Where the jump to a register at an address has led, the most frequent target first, as far as the interpreter has seen it. */
  jumpsTo(pc: bigint): readonly bigint[];
  /** Has it been jumped to there often enough for the code to be worth while? */
  isWarm(pc: bigint): boolean;
  /** The same of what a jump in the region leads to through a register, for which less is enough. */
  isLukewarm(pc: bigint): boolean;
  /** Should calls, jumps to registers and returns leave for another region there? */
  isElsewhere(pc: bigint): boolean;
}

/** A place in a block's code that leaves the function: the depth of its branch is known when the block is placed. */
interface ExitBranch {
  readonly at: number;
  readonly depth: number;
}

/** Code that is executed in a row: from the first address up to the second. */
export interface Stretch {
  readonly from: bigint;
  to: bigint;
}

export interface Block {
  readonly pc: bigint;
  /** Where its instructions lie. */
  readonly stretches: readonly Stretch[];
  readonly code: Code;
  readonly branches: readonly ExitBranch[];
  readonly ending: Ending;
  /** Instructions that the block executes where no exit is taken. */
  readonly instructions: number;
  /** Exit at the first instruction, for a budget that does not suffice. */
  readonly headExit: number;
  /** What timing knows of it. */
  readonly timed: TimedBlock | undefined;
  /** Does it begin with an instruction that reads a counter? */
  readonly readsCounter: boolean;
}

export interface Region {
  readonly blocks: readonly Block[];
  /** Numbers of the blocks to which a dynamic jump may lead. */
  readonly targets: readonly number[];
}

/** Writes one block. */
export interface BlockWriter {
  /** Translates the instruction into `code`; false where the interpreter has to do it. */
  instruction(pc: bigint, op: Operation, source: CodeSource): boolean;
  beginBlock(pc: bigint, source: CodeSource, code: Code, branches: ExitBranch[], exitNumber: () => number): void;
  /** May the instruction be in the same block as those before it? */
  continues(pc: bigint, source: CodeSource): boolean;
  readonly timed: TimedBlock | undefined;
  readonly readsCounter: boolean;
  /** Does the code so far fetch the instruction from two lines? */
  readonly fetchedTwice: boolean;
  /** How the last instruction ends the block; undefined where the next follows. */
  readonly ending: Ending | undefined;
  /** Has the block go on behind the jump that is its last instruction, at its target; false where it may not. */
  follow(target: bigint, source: CodeSource): boolean;
  /** Emits an exit. */
  exit(depth: number): void;
}

const MAX_INSTRUCTIONS = 1000;
/** A block goes on behind so many jumps at most, and behind none that comes after so many instructions, or so many of the region. */
const MAX_FOLLOWED = 3;
const MAX_BEFORE_FOLLOWED = 16;
/** The blocks next to the head gain by that; the others take longer to translate, and what their copies do is to be remembered, too. */
const MAX_OF_REGION_BEFORE_FOLLOWED = 128;
/** A target's number is one byte of a table. */
const MAX_TARGETS = 250;

/** Finds and translates a region; undefined where its first instruction is the interpreter's. */
export function translateRegion(
  head: bigint,
  source: CodeSource,
  exits: Exits,
  writer: BlockWriter,
): Region | undefined {
  const blocks: Block[] = [];
  const numbers = new Map<bigint, number>();
  const wanted: bigint[] = [head];
  const dynamic = new Set<bigint>();
  let instructions = 0;
  for (let pc = wanted.shift(); pc !== undefined; pc = wanted.shift()) {
    if (numbers.has(pc) || source.at(pc) === undefined) continue;
    if (dynamic.has(pc) && pc !== head && source.isElsewhere(pc)) continue;
    if (instructions >= MAX_INSTRUCTIONS) break;
    const mostBeforeFollowed = Math.min(MAX_BEFORE_FOLLOWED, MAX_OF_REGION_BEFORE_FOLLOWED - instructions);
    const { block, jumps, links, calls } = translateBlock(pc, source, exits, writer, mostBeforeFollowed);
    if (block.instructions === 0 && blocks.length === 0) return undefined;
    numbers.set(pc, blocks.push(block) - 1);
    instructions += block.instructions;
    const { ending } = block;
    const warm = [...calls.filter((to) => source.isWarm(to)), ...jumps.filter((to) => source.isLukewarm(to))];
    const isCold = (to: bigint): boolean => calls.includes(to) && !warm.includes(to);
    if ("target" in ending && !isCold(ending.target)) wanted.push(ending.target);
    if (ending.kind === "branch") wanted.push(ending.otherwise);
    for (const target of [...warm, ...links]) {
      wanted.push(target);
      dynamic.add(target);
    }
  }
  // A block that begins with an instruction of the interpreter's is nowhere to enter.
  const targets = [...dynamic].flatMap((pc) => numbers.get(pc) ?? []).filter((n) => blocks[n]!.instructions > 0);
  return { blocks, targets: targets.slice(0, MAX_TARGETS) };
}

/**
 * `jumps`: where its jump to a register has led, returns apart; `calls`: the functions it calls; `links`: the addresses to which they, or the
 * functions at `jumps`, return.
 */
function translateBlock(
  pc: bigint,
  source: CodeSource,
  exits: Exits,
  writer: BlockWriter,
  mostBeforeFollowed: number,
): { block: Block; jumps: readonly bigint[]; calls: readonly bigint[]; links: readonly bigint[] } {
  const code = new Code();
  const branches: ExitBranch[] = [];
  const taken: { number: number; executed: number }[] = [];
  const stretches: Stretch[] = [{ from: pc, to: pc }];
  let count = 0;
  let at = pc;
  const exitHere = (): number => {
    const number = exits.add({
      pc: at,
      executed: count,
      unexecuted: 0,
      fetched: writer.fetchedTwice,
      notEntered: false,
    });
    taken.push({ number, executed: count });
    return number;
  };
  const headExit = exits.add({ pc, executed: 0, unexecuted: 0, fetched: false, notEntered: true });
  writer.beginBlock(pc, source, code, branches, exitHere);
  let ending: Ending | undefined;
  let jumps: readonly bigint[] = [];
  const calls: bigint[] = [];
  const links: bigint[] = [];
  while (ending === undefined) {
    const op = source.at(at);
    if (op === undefined || count >= LONGEST_PIECE || !writer.continues(at, source)) {
      ending = { kind: "goto", target: at };
      break;
    }
    const start = code.length;
    const exitsBefore = branches.length;
    if (!writer.instruction(at, op, source)) {
      code.truncate(start);
      branches.length = exitsBefore;
      writer.exit(0);
      ending = { kind: "exit" };
      break;
    }
    count += 1;
    ending = writer.ending;
    const next = BigInt.asUintN(64, at + BigInt(op.bytes));
    stretches.at(-1)!.to = next;
    const isCall = (ending?.kind === "goto" || ending?.kind === "dynamic") && op.decoded.rd !== 0;
    if (isCall) links.push(next);
    if (isCall && ending?.kind === "goto") calls.push(ending.target);
    if (ending?.kind === "dynamic" && !isReturn(packTraits(op.decoded))) jumps = source.jumpsTo(at);
    at = next;
    if (ending?.kind !== "goto" || stretches.length > MAX_FOLLOWED || count > mostBeforeFollowed) continue;
    const { target } = ending;
    const isLeft = isCall && (!source.isWarm(target) || source.isElsewhere(target));
    if (isLeft || !writer.follow(target, source)) continue;
    stretches.push({ from: target, to: target });
    ending = undefined;
    at = target;
  }
  for (const { number, executed } of taken) exits.get(number).unexecuted = count - executed;
  const { timed, readsCounter } = writer;
  const block = { pc, stretches, code, branches, ending, instructions: count, headExit, timed, readsCounter };
  return { block, jumps, calls, links };
}
