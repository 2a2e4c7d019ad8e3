// Writes the blocks of a region by running the meanings of their instructions.
import type { Op as Operation } from "../code.ts";
import { virt48 } from "../data.ts";
import type { CounterCode } from "./counter-code.ts";
import { UNTRANSLATABLE } from "./emit.ts";
import type { Ending } from "./ending.ts";
import type { ExprWriter } from "./expr.ts";
import type { TimedBlock } from "./timed-block.ts";
import type { BlockWriter, CodeSource } from "./regions.ts";
import type { Translator } from "./system.ts";
import type { TimingCode } from "./timing-code.ts";
import { Op, type Code } from "./wasm.ts";

export class TranslatingBlockWriter implements BlockWriter {
  readonly translator: Translator;
  readonly #writer: ExprWriter;
  readonly #timing: TimingCode | undefined;
  readonly #counters: CounterCode;
  /** Does the block begin with an instruction that reads a counter? */
  readsCounter = false;
  #isEmpty = true;
  #branches: { at: number; depth: number }[] = [];
  #exitNumber: () => number = () => 0;

  constructor(translator: Translator, writer: ExprWriter, timing: TimingCode | undefined, counters: CounterCode) {
    this.#counters = counters;
    this.translator = translator;
    this.#writer = writer;
    this.#timing = timing;
    translator.exit = (depth) => this.exit(depth);
    if (timing !== undefined) timing.exit = translator.exit;
  }

  get ending(): Ending | undefined {
    return this.translator.ending;
  }

  get timed(): TimedBlock | undefined {
    return this.#timing?.block;
  }

  get fetchedTwice(): boolean {
    return this.#timing?.fetchedTwice === true;
  }

  beginBlock(
    pc: bigint,
    source: CodeSource,
    code: Code,
    branches: { at: number; depth: number }[],
    exitNumber: () => number,
  ): void {
    this.#writer.code = code;
    this.#branches = branches;
    this.#exitNumber = exitNumber;
    this.#isEmpty = true;
    this.readsCounter = false;
    this.translator.beginBlock();
    this.#timing?.beginBlock(source.where(pc));
  }

  continues(pc: bigint, source: CodeSource): boolean {
    if (this.#isEmpty) return true;
    if (this.#counters.concerns(source.at(pc)!)) return false;
    return this.#timing === undefined || this.#timing.block.category === source.where(pc).category;
  }

  instruction(pc: bigint, op: Operation, source: CodeSource): boolean {
    const { translator } = this;
    if (this.#isEmpty && this.#counters.concerns(op)) {
      this.readsCounter = true;
      if (this.#timing !== undefined) this.#counters.keepClock(this.#timing.clock);
    }
    this.#isEmpty = false;
    translator.beginInstruction(pc, op.bytes);
    translator.rd = op.decoded.rd;
    this.#timing?.beginInstruction(op.decoded, source.where(pc));
    let kept = false;
    try {
      op.exec(translator, op.operands);
      kept = true;
    } catch (error) {
      if (error !== UNTRANSLATABLE) throw error;
    }
    translator.endInstruction();
    this.#timing?.endInstruction(kept, kept ? restartOf(translator.ending) : undefined);
    return kept;
  }

  follow(target: bigint, source: CodeSource): boolean {
    if (source.at(target) === undefined || !this.continues(target, source)) return false;
    return this.#timing?.follow(virt48(target)) ?? true;
  }

  exit(depth: number): void {
    const { code } = this.#writer;
    code.i32(this.#exitNumber()).op(Op.br);
    this.#branches.push({ at: code.length, depth });
    code.fixed(0);
  }
}

function restartOf(ending: Ending | undefined): TimedBlock["restart"] {
  if (ending?.kind === "restartIf") return "flush";
  return ending?.kind !== "restart" ? undefined : ending.trap ? "trap" : "flush";
}
