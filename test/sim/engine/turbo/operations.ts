// Executes one instruction as an operation of the interpreter in WebAssembly, and on the reference engine, from the same state.
import { decoderFor, parseIsa } from "../../../../isa/table.ts";
import { CodeCache, type Op } from "../../../../sim/engine/code.ts";
import type { MisalignedAccess } from "../../../../sim/engine/data.ts";
import { boundsModule } from "../../../../sim/engine/turbo/bounds-module.ts";
import { TranslatedCode } from "../../../../sim/engine/turbo/code-cache.ts";
import { Contexts, inOnePage } from "../../../../sim/engine/turbo/contexts.ts";
import { OPERATION, RAM_AT, STATE, TLB, tlbAt } from "../../../../sim/engine/turbo/layout.ts";
import { LinearMemory } from "../../../../sim/engine/turbo/linear.ts";
import { Outcome } from "../../../../sim/engine/turbo/operation-translator.ts";
import { Operations } from "../../../../sim/engine/turbo/operations.ts";
import { retireOf } from "../../../../sim/engine/turbo/retire-record.ts";
import { createMachine, RAM_BASE, type Machine } from "../../../../sim/machine/machine.ts";
import { GRANULE_BYTES, Mark, PAGE_BYTES } from "../../../../sim/machine/memory.ts";
import type { Retire } from "../../../../sim/machine/retire.ts";
import { DATA, RAM_BYTES, type Holdings } from "../../../laws/hostile.ts";
import type { Cap } from "../../../laws/standard.ts";
import { toCapability } from "../../../laws/watched.ts";

/** Stores to this granule somebody wants to hear of. */
const MARKED_OFFSET = Number(DATA) - RAM_BASE + 0x100;

interface State {
  readonly registers: readonly Cap[];
  readonly bytes: Uint8Array;
  readonly tags: Uint8Array;
}

/** What timing is told of a data access. */
type Accessed = Pick<Retire, "access" | "dataVirt" | "dataPhys" | "dataBytes" | "capability">;

/** What an instruction has done. */
export interface Done {
  /** Registers and granules that have changed, with what they hold. */
  readonly changes: readonly string[];
  readonly access: Accessed;
  /** Where execution goes on. */
  readonly next: Cap;
}

export interface Executed {
  readonly outcome: number;
  /** Of which `next` has the tag of the pcc. */
  readonly operation: Done;
  /** What the reference engine has done; undefined where the instruction trapped. */
  readonly reference: Done | undefined;
  /** An access in two pages, or a store that somebody wants to hear of. */
  readonly rare: boolean;
}

export class OperationBench {
  readonly operations: Operations;
  readonly decode: (word: number) => Op | undefined;
  readonly #linear = new LinearMemory(RAM_BYTES);
  readonly #machine: Machine;
  #access: Accessed | undefined;

  constructor(isa: string, misaligned: MisalignedAccess) {
    const parsed = parseIsa(isa);
    if (typeof parsed === "string") throw new Error(parsed);
    const linear = this.#linear;
    const image = { entry: RAM_BASE, segments: [], symbols: new Map(), categories: ["other"], ranges: [] };
    const retire = (r: Retire): void => void (this.#access = r.trap ? undefined : accessed(r));
    const timing = { now: 0, retire, idle: () => undefined };
    this.#machine = createMachine({ isa, ramBytes: RAM_BYTES, image, misaligned, timing });
    const rvy = parsed.extensions.has("Y");
    const zylevels1 = parsed.extensions.has("Zylevels1");
    const shared = (): Readonly<Record<string, unknown>> => (rvy ? boundsModule(linear, zylevels1) : {});
    const code = new TranslatedCode(linear, fill, shared);
    new Contexts(linear, code).use(this.#machine.hart.translation);
    this.operations = new Operations({
      linear,
      imports: () => code.imports,
      surroundings: {
        ...{ capabilityMode: rvy, tagged: rvy, zylevels1, layout: linear.layout, ramBase: RAM_BASE, timed: true },
        ...{ instructionAlignment: parsed.extensions.has("Zca") ? 2 : 4, trapsMisaligned: misaligned === "trap" },
      },
    });
    const cache = new CodeCache(this.#machine.memory, decoderFor(isa), []);
    this.decode = (word) => cache.op(word);
    new Uint8Array(linear.buffer)[linear.layout.marksAt + MARKED_OFFSET / GRANULE_BYTES] = Mark.code;
  }

  /** Both execute an op at a pcc in RAM; undefined where it has no operation. */
  execute(op: Op, pcc: Cap, { registers, memory: granules }: Holdings): Executed | undefined {
    const record = this.operations.recordOf(op);
    if (record === 0) return undefined;
    this.operations.make();
    const { memory, engine } = this.#machine;
    registers.forEach((c, i) => engine.setY(i + 1, toCapability(c)));
    for (const [granule, c] of granules) {
      const offset = Number(DATA) - RAM_BASE + GRANULE_BYTES * granule;
      memory.storeCapability(offset, Number(c.tag), c.meta, c.addr);
    }
    memory.store(Number(pcc.addr) - RAM_BASE, op.bytes, BigInt(op.decoded.word));
    engine.resume(toCapability(pcc));
    const now = this.#referenceState();
    const before = { ...now, bytes: now.bytes.slice(), tags: now.tags.slice() };
    const { outcome, operation } = this.#operate(op, record, pcc, before);
    return { outcome, operation, reference: this.#step(before), rare: this.#isRare() };
  }

  /**
   * What a load gives of an address whose page the TLB of one context has at an offset of RAM, and that of another at another: it finds the
   * number of the context there.
   */
  loadInContexts(op: Op, address: bigint, offsets: readonly number[]): bigint[] {
    const { doubles, words, xs } = this.#linear;
    const record = this.operations.recordOf(op);
    this.operations.make();
    const page = address / BigInt(PAGE_BYTES);
    return offsets.map((offset, context) => {
      const inPage = Number(address) % PAGE_BYTES;
      doubles[(RAM_AT + offset + inPage) >>> 3] = BigInt(context);
      const entry = tlbAt(context) + ((Number(page) & ((1 << TLB.indexBits) - 1)) << TLB.entryBits);
      doubles[entry >>> 3] = page;
      words[(entry + TLB.delta) >>> 2] = RAM_AT + offset + inPage - Number(BigInt.asIntN(32, address));
      words[STATE.tlb >>> 2] = tlbAt(context);
      xs[op.decoded.rs1] = address;
      this.#call(record);
      return xs[op.decoded.rd]!;
    });
  }

  #call(record: number): number {
    const table = this.operations.table as unknown as { get(index: number): (record: number) => number };
    return table.get(this.#linear.words[(record + OPERATION.function) >>> 2]!)(record);
  }

  #operate(op: Op, record: number, pcc: Cap, before: State): Pick<Executed, "outcome" | "operation"> {
    const linear = this.#linear;
    const { xs, metas, tags, doubles, buffer, layout } = linear;
    before.registers.forEach((y, r) => ([xs[r], metas[r], tags[r]] = [y.addr, y.meta, Number(y.tag)]));
    const all = new Uint8Array(buffer);
    all.set(before.bytes, RAM_AT);
    all.set(before.tags, layout.tagsAt);
    doubles[STATE.pc >>> 3] = pcc.addr;
    doubles[STATE.meta >>> 3] = pcc.meta;
    const outcome = this.#call(record);
    const after = {
      registers: Array.from(xs, (addr, r) => ({ tag: BigInt(tags[r]!), meta: metas[r]!, addr })),
      bytes: all.subarray(RAM_AT, layout.tagsAt),
      tags: all.subarray(layout.tagsAt, layout.marksAt),
    };
    const next =
      outcome === Outcome.jumped || outcome === Outcome.jumpedWithMeta
        ? doubles[STATE.next >>> 3]!
        : BigInt.asUintN(64, pcc.addr + BigInt(op.bytes));
    const meta = outcome === Outcome.jumpedWithMeta ? doubles[STATE.nextMeta >>> 3]! : pcc.meta;
    const access = accessed(retireOf(linear, op.decoded, RAM_BASE));
    return {
      outcome,
      operation: { changes: changesOf(before, after), access, next: { tag: pcc.tag, meta, addr: next } },
    };
  }

  #step(before: State): Done | undefined {
    const machine = this.#machine;
    this.#access = undefined;
    machine.step();
    const { tag, meta, addr } = machine.engine.pcc;
    const changes = changesOf(before, this.#referenceState());
    return this.#access && { changes, access: this.#access, next: { tag, meta, addr } };
  }

  #isRare(): boolean {
    if (this.#access === undefined || this.#access.access === "none") return false;
    const { access, dataPhys, dataBytes } = this.#access;
    if (!inOnePage(dataPhys % PAGE_BYTES, dataBytes)) return true;
    const offset = dataPhys - RAM_BASE;
    return access !== "load" && offset + dataBytes > MARKED_OFFSET && offset < MARKED_OFFSET + GRANULE_BYTES;
  }

  #referenceState(): State {
    const { engine, memory } = this.#machine;
    const registers = Array.from({ length: 32 }, (_, r) => engine.y(r));
    return { registers, bytes: memory.bytes, tags: memory.tags };
  }
}

/** Addresses are physical. */
function fill(address: bigint, packed: number): number {
  const offset = Number(BigInt.asUintN(64, address) - BigInt(RAM_BASE));
  return offset >= 0 && offset < RAM_BYTES && inOnePage(offset, packed >>> 2) ? RAM_AT + offset : 0;
}

function accessed({ access, dataVirt, dataPhys, dataBytes, capability }: Accessed): Accessed {
  if (access === "none") return { access, dataVirt: 0, dataPhys: 0, dataBytes: 0, capability: false };
  return { access, dataVirt, dataPhys, dataBytes, capability };
}

function changesOf(before: State, after: State): string[] {
  const changes: string[] = [];
  after.registers.forEach(({ tag, meta, addr }, r) => {
    const was = before.registers[r]!;
    if (tag === was.tag && meta === was.meta && addr === was.addr) return;
    changes.push(`x${r}: ${[tag, meta, addr].map((n) => n.toString(16)).join(" ")}`);
  });
  if (Buffer.compare(before.bytes, after.bytes) === 0 && Buffer.compare(before.tags, after.tags) === 0) return changes;
  after.tags.forEach((tag, granule) => {
    const bytesOf = ({ bytes }: State): Uint8Array => bytes.subarray(16 * granule, 16 * granule + 16);
    if (tag === before.tags[granule] && Buffer.compare(bytesOf(before), bytesOf(after)) === 0) return;
    changes.push(`granule ${granule}: ${tag} ${Buffer.from(bytesOf(after)).toString("hex")}`);
  });
  return changes;
}
