// The code of TLBs and of the walker does what the parts do: random translations by random tables, both on memories of their own.
import fc from "fast-check";
import { expect, test } from "vitest";
import { instantiate } from "../../../../sim/engine/turbo/host.ts";
import { memoryCode } from "../../../../sim/engine/turbo/parts/memory.ts";
import { translationCode, type TranslationCode } from "../../../../sim/engine/turbo/parts/translation.ts";
import { Functions } from "../../../../sim/engine/turbo/terms.ts";
import { encodeModule, F64, I32 } from "../../../../sim/engine/turbo/wasm.ts";
import { PAGE_BYTES } from "../../../../sim/machine/memory.ts";
import { DynamicParts } from "../../../../sim/timing/dynamic.ts";
import { linearStorage } from "../../../../sim/timing/part.ts";
import { machine, RAM } from "../../timing/harness.ts";
import { entries, entry, REGION_PAGES, REGIONS, Tables } from "./page-tables.ts";

const WASM_PAGES = 20;
const [ASID_AT, SATP_AT, STORAGE_AT, RAM_AT] = [8, 16, 64, 1 << 20];
const RAM_BYTES = 1 << 17;

const tlb = (name: string, ways: readonly number[]): fc.Arbitrary<string[]> =>
  fc
    .record({
      ways: fc.constantFrom(...ways),
      sets: fc.constantFrom(1, 1, 2, 4),
      superEntries: fc.constantFrom(0, 0, 1, 4),
    })
    .map(({ ways: n, sets, superEntries }) => [
      ...[`${name}.entries=${n * sets}`, `${name}.ways=${n}`, `${name}.superEntries=${superEntries}`],
    ]);

const machines = fc
  .record({
    itlb: tlb("itlb", [1, 3, 4, 8]),
    dtlb: tlb("dtlb", [1, 2, 4, 16]),
    l2tlb: fc.option(tlb("l2tlb", [1, 4, 5]), { nil: ["l2tlb.entries=0"] }),
    hitCycles: fc.constantFrom(0, 3),
    stepCycles: fc.constantFrom(0, 2),
    cacheEntries: fc.constantFrom(0, 1, 3),
    mshrs: fc.constantFrom(0, 1, 4),
  })
  .map(({ itlb, dtlb, l2tlb, hitCycles, stepCycles, cacheEntries, mshrs }) => [
    ...[...itlb, ...dtlb, ...l2tlb, `l2tlb.hitCycles=${hitCycles}`, "l1d.sizeBytes=1024", "l1d.ways=2"],
    ...[`l1d.mshrs=${mshrs}`, `walker.stepCycles=${stepCycles}`, `walker.cacheEntries=${cacheEntries}`],
  ]);

const steps = fc.array(
  fc.record({
    region: fc.nat(REGIONS),
    page: fc.oneof(fc.nat(2), fc.nat(20)),
    asid: fc.constantFrom(1, 1, 2),
    fetches: fc.boolean(),
    later: fc.oneof(fc.nat(3), fc.nat(200)),
    change: fc.option(entry, { freq: 12 }),
    fence: fc.option(
      fc.record({ page: fc.option(fc.nat(8), { nil: undefined }), asid: fc.constantFrom(undefined, 1) }),
      {
        freq: 20,
      },
    ),
  }),
  { minLength: 60, maxLength: 150 },
);

test("gives the cycles that the parts give, and leaves the state that they leave, after every translation", () => {
  fc.assert(
    fc.property(machines, entries, steps, (sets, entriesOf, stream) => {
      const config = { ...machine(sets), ramBytes: RAM_BYTES };
      const memory = new WebAssembly.Memory({ initial: WASM_PAGES + 4, maximum: WASM_PAGES + 4 });
      const own = { buffer: new ArrayBuffer(RAM_AT) };
      const [storage, ownStorage] = [linearStorage(memory, STORAGE_AT), linearStorage(own, STORAGE_AT)];
      const [ours, theirs] = [new DynamicParts(config, storage), new DynamicParts(config, ownStorage)];
      const states = [memory, own].map(({ buffer }) => new Uint8Array(buffer, STORAGE_AT, storage.end - STORAGE_AT));
      const tables = new Tables(
        { buffer: memory.buffer, asidAt: ASID_AT, satpAt: SATP_AT, ramAt: RAM_AT, ramBytes: RAM_BYTES },
        entriesOf,
      );
      const code = codeOf(ours, memory);
      let at = 0;
      for (const { region, page, asid, fetches, later, change, fence } of stream) {
        at += later;
        if (change !== null) tables.putRegion(region, change);
        const name = fetches ? "itlb" : "dtlb";
        if (fence !== null) for (const parts of [ours, theirs]) parts[name].fence(fence);
        const virt = (region * REGION_PAGES + page) * PAGE_BYTES;
        const walk = tables.enter(asid).walk(virt);
        const leaf = code.leafOf(virt / PAGE_BYTES);
        const found = leaf < 0 ? undefined : { pageBits: 12 + (leaf & 0xff), global: leaf >> 8 === 1 };
        expect(found).toEqual(walk && { pageBits: walk.pageBits, global: walk.global });
        if (walk === undefined) continue;
        const wanted = theirs[name].translate(virt, asid, at, () => walk);
        const { touch, miss } = code[name];
        const isHeld = touch(virt / PAGE_BYTES) !== 0;
        if (isHeld) ours[name].events.values[0]! += 1;
        expect(isHeld ? at : miss(virt / PAGE_BYTES, leaf, at)).toBe(wanted);
        expect(Buffer.compare(states[0]!, states[1]!)).toBe(0);
      }
    }),
    { numRuns: 100 },
  );
});

interface FirstLevel {
  readonly touch: (page: number) => number;
  readonly miss: (page: number, leaf: number, at: number) => number;
}

function codeOf(
  parts: DynamicParts,
  memory: WebAssembly.Memory,
): Record<"itlb" | "dtlb", FirstLevel> & {
  readonly leafOf: (page: number) => number;
} {
  const module = new Functions();
  const paging = { asidAt: ASID_AT, satpAt: SATP_AT, ramAt: RAM_AT, ramBase: RAM, ramBytes: RAM_BYTES };
  const code: TranslationCode = translationCode(
    module,
    parts.translation,
    memoryCode(module, parts.memory).l1d,
    paging,
  );
  module.define([I32], I32, (_, page) => code.leafOf(page), "leafOf");
  for (const name of ["itlb", "dtlb"] as const) {
    module.define([I32], I32, (_, page) => code[name].touch(page), `${name}.touch`);
    module.define([I32, I32, F64], F64, (_, page, leaf, at) => code[name].miss(page, leaf, at), `${name}.miss`);
  }
  const bytes = encodeModule({ imports: [], functions: module.functions, memoryPages: WASM_PAGES + 4 });
  const e = instantiate(bytes, { memory }).exports as unknown as Record<string, (...args: number[]) => number>;
  const firstLevel = (name: string): FirstLevel => ({
    touch: (page) => e[`${name}.touch`]!(page),
    miss: (page, leaf, at) => e[`${name}.miss`]!(page, leaf, at),
  });
  return { itlb: firstLevel("itlb"), dtlb: firstLevel("dtlb"), leafOf: (page) => e["leafOf"]!(page) };
}
