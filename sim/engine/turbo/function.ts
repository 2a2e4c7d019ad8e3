// Makes one WebAssembly function of a region: registers loaded, blocks in structured control flow, registers stored.
import type { Csrs } from "../../machine/csrs.ts";
import type { Hart } from "../../machine/hart.ts";
import { virt48 } from "../data.ts";
import { checkpoints, type Ahead } from "./checkpoints.ts";
import { firstFetches, type FirstFetch } from "./first-fetches.ts";
import { irreducibleEdges, shapeOf, writeGraph, type Graph, type NodeWriter } from "./control.ts";
import { TranslatingBlockWriter } from "./block-writer.ts";
import { CounterCode } from "./counter-code.ts";
import { ExprWriter } from "./expr.ts";
import { GOES_ON, SWITCHES, type Exits } from "./exits.ts";
import { STATE, type Layout } from "./layout.ts";
import { MemoryPath, movesCapability } from "./memory-path.ts";
import { RegisterLocals } from "./registers.ts";
import { translateRegion, type Block, type CodeSource, type Region } from "./regions.ts";
import type { Pieces } from "./pieces.ts";
import { BUDGET, SHARED_CALLS } from "./runtime.ts";
import { Translator } from "./system.ts";
import { TimingCode, type Addressing } from "./timing-code.ts";
import { Code, I32, I64, Op, VOID, type ModuleFunction, type ValueType } from "./wasm.ts";

/** What does not change while a region is valid. */
export interface Surroundings {
  readonly hart: Hart;
  readonly csrs: Csrs;
  /** The privilege mode in force. */
  readonly mode: number;
  /** May generated code take traps and return from them? */
  readonly restarts: boolean;
  readonly capabilityMode: boolean;
  readonly tagged: boolean;
  readonly zylevels1: boolean;
  readonly instructionAlignment: 2 | 4;
  readonly trapsMisaligned: boolean;
  readonly layout: Layout;
  readonly ramBase: number;
  /** Data addresses are physical, and nothing guards them. */
  readonly direct: boolean;
  readonly addressing: Addressing;
  readonly pccMeta: bigint;
  /** Where time is modelled. */
  readonly pieces: Pieces | undefined;
}

/** Reserves so many bytes of linear memory for a table of targets; undefined where none are left. */
export type ReserveTable = (bytes: number) => { readonly at: number; readonly bytes: Uint8Array } | undefined;

export interface TranslatedFunction {
  readonly function: ModuleFunction;
  readonly region: Region;
  /** Addresses at which it can be entered: STATE.target says at which it is. */
  readonly targets: readonly bigint[];
  /** Lines of code that timing wants records of, by their addresses (low 48 bits). */
  readonly lines: readonly number[];
}

const PARCEL_SHIFT = 1n;
const NO_TARGET = 0xff;
/** Among so many places the dispatcher finds one by comparing: hosts foresee branches by what came before them, a jump through a table often not. */
const MOST_COMPARED = 64;
/** A region with returns further apart than this finds them through the trampoline. */
const MAX_SPAN_BYTES = 1n << 16n;

/** Translates the region at `head`; undefined where its first instruction is the interpreter's. */
export function translateFunction(
  head: bigint,
  source: CodeSource,
  surroundings: Surroundings,
  exits: Exits,
  reserve: ReserveTable,
): TranslatedFunction | undefined {
  const locals: ValueType[] = [];
  const newLocal = (type: ValueType): number => locals.push(type); // parameter 0 comes before
  const tlb = newLocal(I32);
  const target = newLocal(I64);
  const targetMeta = newLocal(I64);
  const number = newLocal(I32);
  const restartsLocal = newLocal(I32);
  const registers = new RegisterLocals(newLocal);
  const writer = new ExprWriter(newLocal);
  const { pieces, addressing } = surroundings;
  const timing = pieces && new TimingCode({ pieces, calls: SHARED_CALLS, newLocal, writer, ...addressing });
  const counters = new CounterCode(surroundings.csrs, writer, newLocal, timing !== undefined);
  const blocks = new TranslatingBlockWriter(
    new Translator({
      ...surroundings,
      headPc: head,
      writer,
      registers,
      functions: SHARED_CALLS,
      target,
      targetMeta,
      restartsLocal,
      counters,
    }),
    writer,
    timing,
    counters,
  );
  const path = new MemoryPath({ ...surroundings, tlb, fill: SHARED_CALLS.fill }, writer, (depth) => blocks.exit(depth));
  blocks.translator.memory = path;
  path.known = blocks.translator.known;
  if (timing !== undefined) {
    path.tellsMisaligned = true;
    path.onAccess = (addr, place, bytes, access, requireLast) =>
      timing.access({ addr, place, bytes, capability: movesCapability(access), requireLast });
  }
  const region = translateRegion(head, source, exits, blocks);
  if (region === undefined) return undefined;
  const bodyWriter = new FunctionBody(
    region,
    { ...surroundings, target, targetMeta, number, restartsLocal, timing, counters },
    reserve,
  );
  const body = bodyWriter.write();

  const code = new Code();
  registers.load(code);
  timing?.load(code);
  code.i32(0).memory(Op.i32Load, STATE.tlb).local(Op.localSet, tlb);
  code.i32(0).memory(Op.i32Load16U, STATE.target).local(Op.localSet, number);
  code.op(Op.block).byte(I32).place(body).op(Op.unreachable).op(Op.end).local(Op.localSet, number);
  registers.store(code);
  timing?.store(code);
  code.i32(0).local(Op.localGet, number).memory(Op.i32Store, STATE.exit).local(Op.localGet, BUDGET);
  return {
    function: { params: [I32], results: [I32], locals, body: code, exportName: "region" },
    region,
    targets: bodyWriter.targets,
    lines: timing?.lines ?? [],
  };
}

interface BodyOptions {
  readonly capabilityMode: boolean;
  readonly pccMeta: bigint;
  readonly target: number;
  readonly targetMeta: number;
  readonly number: number;
  readonly restartsLocal: number;
  readonly timing: TimingCode | undefined;
  readonly counters: CounterCode;
}

/** Places the blocks of a region. */
class FunctionBody implements NodeWriter {
  readonly #code = new Code();
  readonly #region: Region;
  readonly #o: BodyOptions;
  readonly #numbers: ReadonlyMap<bigint, number>;
  /** The dispatcher's ways out; its node comes after those of the blocks. */
  readonly #targets: number[];
  readonly #dispatcher: number;
  readonly #table: { readonly at: number; readonly base: bigint; readonly span: bigint } | undefined;
  /** Labels open within the function's outer block, on which an exit's number is left. */
  #depth = 0;

  constructor(region: Region, options: BodyOptions, reserve: ReserveTable) {
    this.#region = region;
    this.#o = options;
    this.#dispatcher = region.blocks.length;
    this.#numbers = new Map(region.blocks.map((b, i) => [b.pc, i]));
    this.#targets = [...new Set([0, ...region.targets])];
    this.#table = this.#makeTable(reserve);
  }

  /** Addresses of the blocks at which it can be entered, once it is written. */
  get targets(): bigint[] {
    const { blocks } = this.#region;
    return (this.#dispatches ? this.#targets : [0]).map((node) => blocks[node]!.pc);
  }

  write(): Code {
    const { blocks } = this.#region;
    const successors = blocks.map((b) => this.#successors(b));
    let dispatches = successors.some((s) => s.includes(this.#dispatcher));
    const graphOf = (): Graph =>
      dispatches ? { entry: this.#dispatcher, successors: [...successors, this.#targets] } : { entry: 0, successors };
    for (;;) {
      const graph = graphOf();
      const irreducible = irreducibleEdges(graph, shapeOf(graph));
      if (irreducible.length === 0) break;
      dispatches = true;
      for (const { from, to } of irreducible) {
        if (!this.#targets.includes(to)) this.#targets.push(to);
        successors[from] = successors[from]!.map((s) => (s === to ? this.#dispatcher : s));
      }
    }
    const graph = graphOf();
    this.#final = successors;
    this.#dispatches = dispatches;
    const shape = shapeOf(graph);
    const { timing } = this.#o;
    this.#fetches = firstFetches(blocks, graph, shape);
    this.#ahead = checkpoints(blocks, graph, shape, this.#targets, (way) => timing?.mostCycles(way) ?? 0);
    writeGraph(graph, shape, dispatches ? this.#dispatcher : -1, this);
    return this.#code;
  }
  #ahead: readonly (Ahead | undefined)[] = [];
  #fetches: readonly FirstFetch[] = [];
  #final: readonly (readonly number[])[] = [];
  #dispatches = false;

  openBlock(): void {
    this.#code.op(Op.block).byte(VOID);
    this.#depth += 1;
  }
  openLoop(node: number): void {
    if (this.#fetches[node] === "beforeLoop") this.#fetchBefore(this.#region.blocks[node]!, this.#ahead[node]!);
    this.#code.op(Op.loop).byte(VOID);
    this.#depth += 1;
  }
  close(): void {
    this.#code.op(Op.end);
    this.#depth -= 1;
  }
  branch(depth: number): void {
    this.#code.op(Op.br).unsigned(depth);
  }
  table(depths: readonly number[]): void {
    if (depths.length > MOST_COMPARED) return this.#jumpByTable(depths);
    this.#jumpByTree(depths, 0, depths.length, 0);
    this.#code.op(Op.unreachable);
  }

  /** To the place in [from, to) that the local names, out of `ifs` labels more than there were. */
  #jumpByTree(depths: readonly number[], from: number, to: number, ifs: number): void {
    const code = this.#code;
    if (to - from === 1) return void code.op(Op.br).unsigned(depths[from]! + ifs);
    const middle = (from + to) >>> 1;
    code.local(Op.localGet, this.#o.number).i32(middle).op(Op.i32LtU).op(Op.if).byte(VOID);
    this.#jumpByTree(depths, from, middle, ifs + 1);
    code.op(Op.else);
    this.#jumpByTree(depths, middle, to, ifs + 1);
    code.op(Op.end);
  }

  #jumpByTable(depths: readonly number[]): void {
    const code = this.#code;
    code
      .local(Op.localGet, this.#o.number)
      .op(Op.brTable)
      .unsigned(depths.length - 1);
    for (const depth of depths) code.unsigned(depth);
  }

  node(node: number, go: (to: number, ifs: number) => void): void {
    const block = this.#region.blocks[node]!;
    this.#charge(block, this.#ahead[node]);
    this.#place(block, this.#fetches[node]!);
    const { ending } = block;
    if (ending.kind === "goto") {
      this.#endTimed(block, ending.target);
      this.#goTo(node, ending.target, 0, go);
    } else if (ending.kind === "branch") {
      if (block.timed !== undefined) this.#o.timing!.endBranching(this.#code, block.timed, virt48(ending.target));
      this.#open(Op.if);
      this.#goTo(node, ending.target, 1, go);
      this.#code.op(Op.else);
      this.#goTo(node, ending.otherwise, 1, go);
      this.close();
    } else if (ending.kind === "dynamic") {
      if (block.timed !== undefined) this.#o.timing!.endAtLocal(this.#code, block.timed, this.#o.target);
      this.#dispatch(go);
      this.#leaveTo(() => this.#code.local(Op.localGet, this.#o.target), this.#o.capabilityMode);
    } else if (ending.kind === "restart") {
      if (ending.trap) this.#noteTrap();
      if (block.timed !== undefined) this.#o.timing!.endRestarting(this.#code, block.timed);
      this.#leaveTo(() => this.#code.local(Op.localGet, this.#o.target), this.#o.capabilityMode, SWITCHES);
    } else if (ending.kind === "restartIf") {
      this.#code.local(Op.localGet, this.#o.restartsLocal);
      this.#open(Op.if);
      if (block.timed !== undefined) this.#o.timing!.endRestarting(this.#code, block.timed);
      this.#leaveTo(() => this.#code.i64(ending.target), false, SWITCHES);
      this.close();
      this.#endTimed(block, ending.target);
      this.#goTo(node, ending.target, 0, go);
    }
  }

  #noteTrap(): void {
    const code = this.#code;
    code.i32(0).i32(0).memory(Op.i32Load, STATE.traps).i32(1).op(Op.i32Add).memory(Op.i32Store, STATE.traps);
    code.i32(0).local(Op.localGet, BUDGET).memory(Op.i32Store, STATE.trappedAt);
  }

  #endTimed({ timed }: Block, target: bigint): void {
    if (timed !== undefined) this.#o.timing!.endAt(this.#code, timed, virt48(target));
  }

  #open(opcode: number): void {
    this.#code.op(opcode).byte(VOID);
    this.#depth += 1;
  }

  /** An `if` that is rarely taken. */
  #openRarely(): void {
    this.#code.rarely(Op.if).byte(VOID);
    this.#depth += 1;
  }

  /** Takes the block's instructions off the budget; exits before, at a checkpoint, where what is ahead does not fit in. */
  #charge(block: Block, ahead: Ahead | undefined): void {
    if (block.instructions === 0) return;
    const code = this.#code;
    if (block.readsCounter) this.#o.counters.keepBudget(code);
    if (ahead !== undefined) this.#check(block, ahead);
    this.#spend(block.instructions);
  }

  /** Of the budget. */
  #spend(instructions: number): void {
    this.#code.local(Op.localGet, BUDGET).i32(instructions).op(Op.i32Sub).local(Op.localSet, BUDGET);
  }

  #check({ headExit }: Block, { instructions, way }: Ahead): void {
    const code = this.#code;
    const { timing } = this.#o;
    const exitIf = (): void => {
      this.#openRarely();
      timing?.leaveBetween(code);
      code.i32(headExit).op(Op.br).unsigned(this.#depth);
      this.close();
    };
    code.local(Op.localGet, BUDGET).i32(instructions).op(Op.i32LtS);
    exitIf();
    if (timing === undefined) return;
    timing.mayNotEnd(code, way);
    exitIf();
  }

  #place(block: Block, fetch: FirstFetch): void {
    const { code, timed } = block;
    if (fetch === "inBlock") return this.#placePart(block, 0, code.length);
    const { from, to } = timed!.firstFetch!;
    this.#placePart(block, 0, from);
    this.#placePart(block, to, code.length);
  }

  /** Fetches a block's first line before the loop of which it is the head, if that is entered. */
  #fetchBefore(block: Block, ahead: Ahead): void {
    this.#check(block, ahead);
    // Where it leaves, it takes the block's instructions for charged.
    this.#spend(block.instructions);
    this.#placePart(block, 0, block.timed!.firstFetch!.to);
    this.#spend(-block.instructions);
  }

  #placePart({ code, branches }: Block, from: number, to: number): void {
    const moved = this.#code.length - from;
    this.#code.place(code, from, to);
    for (const { at, depth } of branches)
      if (at >= from && at < to) this.#code.patchFixed(moved + at, this.#depth + depth);
  }

  #goTo(from: number, pc: bigint, ifs: number, go: (to: number, ifs: number) => void): void {
    const to = this.#numbers.get(pc);
    if (to === undefined) this.#leaveTo(() => this.#code.i64(pc), false);
    else if (this.#final[from]!.includes(to)) go(to, ifs);
    else {
      this.#code.i32(this.#targets.indexOf(to)).local(Op.localSet, this.#o.number);
      go(this.#dispatcher, ifs);
    }
  }

  /** Leaves the function; execution goes on at the address that `pc` puts on the stack. */
  #leaveTo(pc: () => void, withMeta: boolean, number = GOES_ON): void {
    const code = this.#code;
    code.i32(0);
    pc();
    code.memory(Op.i64Store, STATE.pc);
    if (withMeta) code.i32(0).local(Op.localGet, this.#o.targetMeta).memory(Op.i64Store, STATE.meta);
    this.#o.timing?.leaveBetween(code);
    code.i32(number).op(Op.br).unsigned(this.#depth);
  }

  /** Goes to the block at the local `target` if it is one of the region's targets; else falls through. */
  #dispatch(go: (to: number, ifs: number) => void): void {
    const table = this.#table;
    if (table === undefined) return;
    const code = this.#code;
    const { target, targetMeta, number } = this.#o;
    code.local(Op.localGet, target).i64(table.base).op(Op.i64Sub).i64(table.span).op(Op.i64LtU);
    if (this.#o.capabilityMode) {
      code.local(Op.localGet, targetMeta).i64(this.#o.pccMeta).op(Op.i64Eq).op(Op.i32And);
    }
    this.#open(Op.if);
    code.local(Op.localGet, target).i64(table.base).op(Op.i64Sub).i64(PARCEL_SHIFT).op(Op.i64ShrU).op(Op.i32WrapI64);
    code.memory(Op.i32Load8U, table.at).local(Op.localTee, number).i32(NO_TARGET).op(Op.i32Ne);
    this.#open(Op.if);
    go(this.#dispatcher, 2);
    this.close();
    this.close();
  }

  /** A byte for each parcel between the first and the last target: its place among the dispatcher's, or NO_TARGET. */
  #makeTable(reserve: ReserveTable): { at: number; base: bigint; span: bigint } | undefined {
    const { blocks, targets } = this.#region;
    if (!blocks.some((b) => b.ending.kind === "dynamic") || targets.length === 0) return undefined;
    const pcs = targets.map((t) => blocks[t]!.pc);
    const base = pcs.reduce((a, b) => (b < a ? b : a));
    const span = pcs.reduce((a, b) => (b > a ? b : a)) - base + 2n;
    if (span > MAX_SPAN_BYTES) return undefined;
    const table = reserve(Number(span >> PARCEL_SHIFT));
    if (table === undefined) return undefined;
    table.bytes.fill(NO_TARGET);
    pcs.forEach((pc, i) => (table.bytes[Number((pc - base) >> PARCEL_SHIFT)] = this.#targets.indexOf(targets[i]!)));
    return { at: table.at, base, span };
  }

  #successors({ ending }: Block): number[] {
    const known = (pc: bigint): number[] => {
      const node = this.#numbers.get(pc);
      return node === undefined ? [] : [node];
    };
    if (ending.kind === "goto") return known(ending.target);
    if (ending.kind === "branch") return [...known(ending.target), ...known(ending.otherwise)];
    if (ending.kind === "restartIf") return known(ending.target);
    return ending.kind === "dynamic" && this.#table !== undefined ? [this.#dispatcher] : [];
  }
}
