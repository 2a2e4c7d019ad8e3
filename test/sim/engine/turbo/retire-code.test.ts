// The code that retires instructions does what the core does: random instructions on random machines, both on memories of their own.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Decoded } from "../../../../isa/codec.ts";
import { emptyRecord, virt48 } from "../../../../sim/engine/data.ts";
import { PRESETS } from "../../../../sim/config/presets/table.ts";
import { resolveMachine, type MachineConfig } from "../../../../sim/config/machine.ts";
import { BRANCHES_BYTES, BranchTable } from "../../../../sim/engine/turbo/branch-table.ts";
import { instantiate } from "../../../../sim/engine/turbo/host.ts";
import { PageCode } from "../../../../sim/engine/turbo/late-page.ts";
import { HELD_AT, RAM_AT, STATE } from "../../../../sim/engine/turbo/layout.ts";
import { LinearMemory } from "../../../../sim/engine/turbo/linear.ts";
import { memoryCode } from "../../../../sim/engine/turbo/parts/memory.ts";
import { rememberTargetFunction } from "../../../../sim/engine/turbo/parts/predictor.ts";
import { translationCode } from "../../../../sim/engine/turbo/parts/translation.ts";
import { retireFunction } from "../../../../sim/engine/turbo/retire-code.ts";
import { CAPABILITY, forgetKnown, RETIRE, retireOf } from "../../../../sim/engine/turbo/retire-record.ts";
import { Functions } from "../../../../sim/engine/turbo/terms.ts";
import { encodeModule } from "../../../../sim/engine/turbo/wasm.ts";
import { HELD } from "../../../../sim/machine/held.ts";
import { PAGE_BYTES } from "../../../../sim/machine/memory.ts";
import type { Retire, TlbFence } from "../../../../sim/machine/retire.ts";
import { Clock } from "../../../../sim/timing/clock.ts";
import { Core } from "../../../../sim/timing/core.ts";
import { DynamicParts } from "../../../../sim/timing/dynamic.ts";
import { linearStorage, storageBytes } from "../../../../sim/timing/part.ts";
import { Pipeline } from "../../../../sim/timing/pipeline.ts";
import { packTraits } from "../../../../sim/timing/traits.ts";
import { op, RAM } from "../../timing/harness.ts";
import { entries, REGION_PAGES, REGIONS, Tables, UPPER_HALF, type Entry } from "./page-tables.ts";

const RAM_BYTES = 1 << 17;
const RAM_PAGES = RAM_BYTES / PAGE_BYTES;
const CATEGORIES = 3;
const MOST_BYTES = 64;

/** Settings that make what is rare frequent. */
const SETTINGS: Readonly<Record<string, readonly (string | number | boolean)[]>> = {
  "issue.width": [1, 2],
  "issue.lateAluCycles": [0, 2],
  "scoreboard.entries": [0, 4],
  "scoreboard.ordersWrites": [true],
  "storeBuffer.entries": [2, 8],
  "storeBuffer.drainCycles": [2, 9],
  "storeBuffer.onOverlap": ["wait", "forward"],
  "frontend.queueEntries": [0, 3],
  "l1d.portBytes": [8, 16],
  "l1d.mshrs": [0, 1, 4],
  "l1d.mshrTargets": [1],
  "l1d.replacement": ["plru", "random"],
  "l1d.prefetch": ["stride", "next-line"],
  "l1d.hitCycles": [0, 2],
  "l1i.prefetch": ["next-line"],
  "l2.mshrs": [0, 3],
  "llc.present": [true],
  "tagCache.present": [true, false],
  "tagCache.table": ["root-and-leaves"],
  "tagCache.hitCycles": [60],
  "dtlb.superEntries": [0, 2],
  "walker.cacheEntries": [0, 2],
  "predictor.direction": ["static", "gshare"],
  "predictor.btbHolds": ["indirect"],
  "predictor.rasEntries": [0, 2],
  "predictor.clearsOnTrap": [true],
};
const SMALL = ["l1i.sizeBytes=512 l1i.ways=2", "l1d.sizeBytes=1KiB l1d.ways=2", "l2.sizeBytes=4KiB l2.ways=4"];
const LINES = [16, 32, 64].map((bytes) => `l1i.lineBytes=${bytes} l1d.lineBytes=${bytes}`);
const TLBS = [
  "itlb.entries=2 itlb.ways=1",
  "dtlb.entries=4 dtlb.ways=4",
  "l2tlb.entries=0",
  "l2tlb.entries=8 l2tlb.ways=4",
];

/** Those that are no machine are left out. */
const machines = fc
  .record({
    preset: fc.constantFrom(...PRESETS.map(({ name }) => name)),
    settings: fc.subarray(Object.keys(SETTINGS)).chain((keys) => fc.tuple(...keys.map(settingOf))),
    sizes: fc.subarray([...SMALL, ...LINES, ...TLBS]),
  })
  .map(({ preset, settings, sizes }) => ({ preset, sets: [...settings, ...sizes.flatMap((size) => size.split(" "))] }))
  .filter((options) => machineOf(options) !== undefined);

const settingOf = (key: string): fc.Arbitrary<string> =>
  fc.constantFrom(...SETTINGS[key]!).map((value) => `${key}=${value}`);

function machineOf(options: { readonly preset: string; readonly sets: readonly string[] }): MachineConfig | undefined {
  const resolved = resolveMachine(options);
  return resolved.kind === "machine" ? { ...resolved.config, ramBytes: RAM_BYTES } : undefined;
}

const place = fc.record({
  region: fc.nat(REGIONS),
  page: fc.oneof(fc.nat(1), fc.nat(1), fc.nat(40)),
  offset: fc.oneof(fc.nat(15), fc.nat(255), fc.nat(PAGE_BYTES - 1), fc.constantFrom(4092, 4094, 62, 30)),
});
type Place = typeof place extends fc.Arbitrary<infer T> ? T : never;

const register = fc.oneof(fc.nat(4), fc.nat(31));
const link = fc.constantFrom(0, 1, 5);
const insns = {
  plain: fc.tuple(
    fc.constantFrom("add", "add", "mul", "div", "yaddrw", "csrrs", "fence"),
    register,
    register,
    register,
  ),
  access: fc.tuple(
    fc.constantFrom("ld", "ld", "sd", "sd", "ly", "sy", "amoadd.d", "sc.d", "cbo.zero"),
    ...[register, register, register],
  ),
  jump: fc.tuple(fc.constantFrom("jal", "jalr"), link, link, fc.constant(0)),
};
const operands = ([name, rd, rs1, rs2]: readonly [string, number, number, number]): Decoded =>
  op(name, { rd, rs1, rs2 });

const instruction = fc.record({
  kind: fc.constant("instruction" as const),
  insn: fc.oneof(
    { weight: 3, arbitrary: insns.plain.map(operands) },
    { weight: 4, arbitrary: insns.access.map(operands) },
    { weight: 1, arbitrary: insns.jump.map(operands) },
    { weight: 1, arbitrary: fc.constantFrom(-8n, 8n).map((imm) => op("beq", { rs1: 1, rs2: 2, imm })) },
  ),
  isShort: fc.boolean(),
  accesses: fc.oneof(fc.constant(true), fc.boolean()),
  data: place,
  size: fc.nat(3),
  isAligned: fc.oneof(fc.constant(true), fc.boolean()),
  target: fc.option(place.map((to) => ({ ...to, offset: to.offset & ~1 }))),
  category: fc.oneof(fc.constant(0), fc.nat(CATEGORIES - 1)),
});
/** What is left to the core, and what is between two runs of code. */
const rest = fc.record({
  kind: fc.constantFrom("trap", "interrupt", "fetchFence", "fence", "enter"),
  asid: fc.constantFrom(1, 2),
  translatedFetch: fc.boolean(),
  translatedData: fc.boolean(),
  changed: fc.nat(REGIONS),
  to: fc.record({ kind: fc.constantFrom("none", "table", "large"), global: fc.boolean() }),
});
const streams = fc.array(fc.oneof({ weight: 20, arbitrary: instruction }, { weight: 1, arbitrary: rest }), {
  minLength: 60,
  maxLength: 160,
});
type Instruction = typeof instruction extends fc.Arbitrary<infer T> ? T : never;
type Rest = typeof rest extends fc.Arbitrary<infer T> ? T : never;

test("leaves the state, the clock and the counts that the core leaves, after every instruction", () => {
  let retired = 0;
  let left = 0;
  fc.assert(
    fc.property(machines, entries, fc.boolean(), streams, (options, entriesOf, isUpper, stream) => {
      const run = new Run(machineOf(options)!, entriesOf, isUpper);
      for (const event of stream) {
        if (event.kind !== "instruction") run.rest(event);
        else if (run.instruction(event)) retired += 1;
        else left += 1;
        expect(run.difference(), `${event.kind} ${"insn" in event ? event.insn.insn.name : ""}`).toBe(-1);
      }
    }),
    { numRuns: 60 },
  );
  expect(left).toBeGreaterThan(0);
  expect(retired).toBeGreaterThan(2 * left);
});

type RetireCode = (traits: number, bytes: number, pc: bigint, nextPc: bigint, place: number) => number;

/** A machine in code, and one in TypeScript. */
class Run {
  readonly #linear: LinearMemory;
  /** The same words as the code's. */
  readonly #ours: Core;
  readonly #theirs: Core;
  readonly #states: readonly Uint8Array[];
  readonly #tables: Tables;
  readonly #retire: RetireCode;
  readonly #base: bigint;
  readonly #record: Retire = emptyRecord();
  #at: Place = { region: 0, page: 0, offset: 0 };
  #walk: (virt: number) => ReturnType<ReturnType<Tables["enter"]>["walk"]>;

  constructor(config: MachineConfig, entriesOf: readonly Entry[], isUpper: boolean) {
    const options = { categories: CATEGORIES };
    const bytes = storageBytes((storage) => new Core(config, { ...options, storage }));
    const linear = new LinearMemory(RAM_BYTES, bytes + BRANCHES_BYTES);
    const { timingAt } = linear.layout;
    const own = new ArrayBuffer(bytes);
    this.#linear = linear;
    this.#retire = codeOf(config, linear);
    this.#ours = new Core(config, { ...options, storage: linearStorage(linear.memory, timingAt) });
    this.#theirs = new Core(config, { ...options, storage: linearStorage({ buffer: own }, 0) });
    this.#states = [new Uint8Array(linear.buffer, timingAt, bytes), new Uint8Array(own)];
    const places = { buffer: linear.buffer, asidAt: STATE.asid, satpAt: HELD_AT + HELD.satp, ramAt: RAM_AT };
    this.#tables = new Tables({ ...places, ramBytes: RAM_BYTES }, entriesOf);
    this.#base = isUpper ? UPPER_HALF : 0n;
    this.#walk = () => undefined;
    this.#enter(1, true, true);
  }

  /** Where the states differ. */
  difference(): number {
    const [ours, theirs] = this.#states as [Uint8Array, Uint8Array];
    return Buffer.compare(ours, theirs) === 0 ? -1 : ours.findIndex((byte, i) => byte !== theirs[i]);
  }

  rest({ kind, asid, translatedFetch, translatedData, changed, to }: Rest): void {
    const fence: TlbFence | undefined = kind === "fence" ? { page: undefined, asid: 1 } : undefined;
    const insn = kind === "interrupt" ? undefined : op(kind === "fetchFence" ? "fence.i" : "sfence.vma");
    const traps = kind === "trap" || kind === "interrupt";
    if (kind === "fence") this.#tables.putRegion(changed, to);
    if (kind !== "enter") {
      Object.assign(this.#record, { ...this.#fetched(4), insn, access: "none", trap: traps, flush: true, fence });
      for (const core of [this.#ours, this.#theirs]) core.retire(this.#record, this.#walk);
    }
    this.#enter(asid, translatedFetch, translatedData);
  }

  /** Did the code retire it? */
  instruction(i: Instruction): boolean {
    const { words, doubles } = this.#linear;
    const traits = packTraits(i.insn);
    const bytes = i.isShort ? 2 : 4;
    const insn = { ...i.insn, bytes } as const;
    const record = { ...this.#fetched(bytes), insn, category: i.category, ...this.#data(i) };
    const pc = this.#virtOf(this.#at, record.translatedFetch);
    const transfers = ["beq", "jal", "jalr"].includes(insn.insn.name);
    const next = (transfers ? i.target : null) ?? after(this.#at, bytes);
    const nextPc = next === i.target ? this.#virtOf(next, record.translatedFetch) : pc + BigInt(bytes);
    Object.assign(this.#record, { ...record, nextPc: virt48(nextPc), trap: false, flush: false, fence: undefined });
    words[RETIRE.category >>> 2] = i.category;
    if (record.access !== "none") {
      words[RETIRE.access >>> 2] = record.dataBytes | (record.capability ? CAPABILITY : 0);
      words[RETIRE.dataPlace >>> 2] = record.dataPhys - RAM + RAM_AT;
      doubles[RETIRE.dataVirt >>> 3] = BigInt.asUintN(64, BigInt.asIntN(48, BigInt(record.dataVirt)));
    }
    this.#theirs.retire(this.#record, this.#walk);
    const isDone = this.#retire(traits, bytes, pc, nextPc, record.fetchPhys - RAM + RAM_AT) === 1;
    if (!isDone) {
      const told = retireOf(this.#linear, insn, RAM);
      const expected = record.access === "none" ? { ...told, ...dataOf(this.#record) } : told;
      expect(expected).toEqual(this.#record);
      this.#ours.retire(told, this.#walk);
      forgetKnown(this.#linear);
    }
    expect(words[RETIRE.access >>> 2]).toBe(0);
    this.#at = next;
    return isDone;
  }

  #enter(asid: number, translatedFetch: boolean, translatedData: boolean): void {
    const { words } = this.#linear;
    const mmu = this.#tables.enter(asid);
    this.#walk = (virt) => mmu.walk(virt);
    words[RETIRE.translatedFetch >>> 2] = translatedFetch ? 1 : 0;
    words[RETIRE.translatedData >>> 2] = translatedData ? 1 : 0;
    Object.assign(this.#record, { asid, translatedFetch, translatedData });
    forgetKnown(this.#linear);
  }

  #virtOf({ region, page, offset }: Place, isTranslated: boolean): bigint {
    if (!isTranslated) return BigInt(physOf({ region, page, offset }));
    return this.#base + BigInt((region * REGION_PAGES + page) * PAGE_BYTES + offset);
  }

  #fetched(bytes: 2 | 4): Pick<Retire, "pc" | "fetchPhys" | "translatedFetch"> {
    const { translatedFetch } = this.#record;
    const at = { ...this.#at, offset: Math.min(this.#at.offset, RAM_BYTES - bytes) };
    return { pc: virt48(this.#virtOf(at, translatedFetch)), fetchPhys: physOf(at), translatedFetch };
  }

  #data({ insn, accesses, data, size, isAligned }: Instruction): Data & Pick<Retire, "translatedData"> {
    const { translatedData } = this.#record;
    const { name } = insn.insn;
    const access = ACCESS[name];
    if (access === undefined || (name === "sc.d" && !accesses)) return { ...dataOf(emptyRecord()), translatedData };
    const capability = name === "ly" || name === "sy";
    const dataBytes = name === "cbo.zero" ? MOST_BYTES : capability ? 16 : 1 << size;
    const offset = isAligned || dataBytes > 8 ? data.offset & -dataBytes : data.offset;
    const inRam = physOf({ ...data, offset }) + dataBytes <= RAM + RAM_BYTES;
    const at = { ...data, offset: inRam ? offset : 0 };
    const dataVirt = virt48(this.#virtOf(at, translatedData));
    return { access, dataVirt, dataPhys: physOf(at), dataBytes, capability, translatedData };
  }
}

type Data = Pick<Retire, "access" | "dataVirt" | "dataPhys" | "dataBytes" | "capability">;
const dataOf = ({ access, dataVirt, dataPhys, dataBytes, capability }: Retire): Data => ({
  ...{ access, dataVirt, dataPhys, dataBytes, capability },
});

const ACCESS: Readonly<Record<string, Retire["access"]>> = {
  ...{ ld: "load", ly: "load", sd: "store", sy: "store", "amoadd.d": "atomic", "sc.d": "atomic", "cbo.zero": "store" },
};

const physOf = ({ region, page, offset }: Place): number =>
  RAM + ((7 * region + page) % RAM_PAGES) * PAGE_BYTES + offset;

const after = ({ region, page, offset }: Place, bytes: number): Place => ({
  region,
  page: page + (offset + bytes >= PAGE_BYTES ? 1 : 0),
  offset: (offset + bytes) % PAGE_BYTES,
});

function codeOf(config: MachineConfig, { memory, layout }: LinearMemory): RetireCode {
  const storage = linearStorage(memory, layout.timingAt);
  const pipeline = new Pipeline(config, new Clock(CATEGORIES, storage), storage);
  const dynamic = new DynamicParts(config, storage);
  const predictor = dynamic.predictor.layout;
  const module = new Functions();
  const caches = memoryCode(module, dynamic.memory);
  const paging = { asidAt: STATE.asid, satpAt: HELD_AT + HELD.satp, ramAt: RAM_AT, ramBase: RAM, ramBytes: RAM_BYTES };
  const { itlb, dtlb, leafOf } = translationCode(module, dynamic.translation, caches.l1d, paging);
  const own = {
    ...caches,
    codePage: new PageCode(itlb, dynamic.translation.itlb, leafOf),
    dataPage: new PageCode(dtlb, dynamic.translation.dtlb, leafOf),
    rememberTarget: rememberTargetFunction(module),
  };
  const fastPaths = {
    memory: dynamic.memory,
    line: dynamic.line.fastPath,
    storeBlocks: dynamic.storeBlocks.fastPath,
    tagGroups: dynamic.tagGroups,
  };
  const branches = new BranchTable(storage, predictor.direction, 0);
  const parts = { pipeline: pipeline.layout, fastPaths, predictor, answered: dynamic.answered, ramBase: RAM, branches };
  retireFunction(module, { ...parts, own }, "retire");
  const bytes = encodeModule({ imports: [], functions: module.functions, memoryPages: layout.pages });
  return (instantiate(bytes, { memory }).exports as unknown as { readonly retire: RetireCode }).retire;
}
