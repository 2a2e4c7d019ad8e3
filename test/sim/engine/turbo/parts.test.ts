// The code of timing parts does what the parts do: random accesses of random memory systems, both on memories of their own.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { instantiate } from "../../../../sim/engine/turbo/host.ts";
import { memoryCode } from "../../../../sim/engine/turbo/parts/memory.ts";
import { f64, Functions, i32, type Local, type Statements, type Term } from "../../../../sim/engine/turbo/terms.ts";
import { encodeModule, F64, I32 } from "../../../../sim/engine/turbo/wasm.ts";
import { FRESH } from "../../../../sim/timing/cache.ts";
import { DynamicParts } from "../../../../sim/timing/dynamic.ts";
import { linearStorage } from "../../../../sim/timing/part.ts";
import { machine, RAM } from "../../timing/harness.ts";

const PAGES = 16;

const cache = (name: string, sizes: readonly string[]): fc.Arbitrary<string[]> =>
  fc
    .record({
      size: fc.constantFrom(...sizes),
      ways: fc.constantFrom(1, 2, 4, 8, 16),
      replacement: fc.constantFrom("lru", "plru", "random"),
      hitCycles: fc.constantFrom(0, 2),
      mshrs: fc.constantFrom(0, 1, 3, 8),
      mshrTargets: fc.constantFrom(0, 0, 1, 2),
      prefetch: fc.constantFrom("none", "none", "next-line", "stride"),
      prefetchLines: fc.constantFrom(1, 3),
    })
    .map(({ prefetch, ...rest }) => ({ ...rest, prefetch: rest.mshrs < 2 ? "none" : prefetch }))
    .map(({ size, ...rest }) => [
      `${name}.sizeBytes=${size}`,
      ...Object.entries(rest).map(([key, value]) => `${name}.${key}=${value}`),
    ]);

const tagCache = fc
  .record({
    present: fc.boolean(),
    sizeBytes: fc.constantFrom(128, 512),
    lineBytes: fc.constantFrom(16, 64),
    ways: fc.constantFrom(1, 2),
    replacement: fc.constantFrom("lru", "plru", "random"),
    table: fc.constantFrom("flat", "root-and-leaves"),
    groupBytes: fc.constantFrom(1024, 8192),
  })
  .map((values) => Object.entries(values).map(([key, value]) => `tagCache.${key}=${value}`));

const dram = fc
  .record({
    banks: fc.constantFrom(1, 4),
    rowBytes: fc.constantFrom(256, 2048),
    bandwidthMBps: fc.constantFrom(0, 700, 16000),
    controllerNs: fc.constantFrom(0, 5),
    casNs: fc.constantFrom(3, 14),
    rcdNs: fc.constantFrom(0, 11),
    rpNs: fc.constantFrom(0, 7),
  })
  .map((values) => Object.entries(values).map(([key, value]) => `dram.${key}=${value}`));

const machines = fc
  .record({
    lineBits: fc.constantFrom(5, 6),
    belowBits: fc.constantFrom(0, 1),
    l1d: cache("l1d", ["1024", "2048"]),
    l2: cache("l2", ["2048", "4096"]),
    llc: fc.option(cache("llc", ["2048", "8192"]), { nil: [] }),
    rest: fc.tuple(tagCache, dram),
  })
  .map(({ lineBits, belowBits, l1d, l2, llc, rest }) => {
    const lineBytes = ["l1d", "l1i"].map((name) => `${name}.lineBytes=${1 << lineBits}`);
    const below = (llc.length > 0 ? ["l2", "llc"] : ["l2"]).map((n) => `${n}.lineBytes=${1 << (lineBits + belowBits)}`);
    return [...lineBytes, ...below, `llc.present=${llc.length > 0}`, ...l1d, ...l2, ...llc, ...rest.flat()];
  });

const accesses = fc.array(
  fc.record({
    line: fc.oneof(fc.nat(3), fc.nat(40), fc.nat(400)),
    stores: fc.boolean(),
    touches: fc.boolean(),
    capability: fc.boolean(),
    later: fc.oneof(fc.nat(3), fc.nat(200)),
    earlier: fc.nat(3),
  }),
  { minLength: 60, maxLength: 150 },
);

describe("the code of the memory system", () => {
  test("gives the cycles that the parts give, and leaves the state that they leave, after every access", () => {
    fc.assert(
      fc.property(machines, accesses, (sets, stream) => {
        const config = { ...machine(sets), ramBytes: 1 << 20 };
        const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
        const own = { buffer: new ArrayBuffer(PAGES << 16) };
        const [storage, ownStorage] = [linearStorage(memory, 64), linearStorage(own, 64)];
        const [ours, theirs] = [new DynamicParts(config, storage), new DynamicParts(config, ownStorage)];
        const [state, ownState] = [memory, own].map(({ buffer }) => new Uint8Array(buffer, 0, storage.end));
        const { access, touch, touchOrAccess } = codeOf(ours, memory);
        const lineBytes = config.l1d.lineBytes;
        let [at, touchedAt] = [0, 0];
        for (const { line, stores, touches, capability, later, earlier } of stream) {
          at += later;
          const phys = RAM + line * lineBytes;
          const [number, dirty] = [phys / lineBytes, stores ? 1 : 0];
          const accessed = (): number => (stores ? theirs.l1d.store(phys, at) : theirs.l1d.read(phys, 8, at));
          if (touches) {
            touchedAt = at;
            expect(touch(number, dirty, at)).toBe(touchLate(theirs, phys, stores, at));
            expect(Buffer.compare(state!, ownState!)).toBe(0);
          }
          if (capability) for (const parts of [ours, theirs]) capabilityAt(parts, phys);
          touchedAt = Math.max(touchedAt, at - earlier);
          const ready = touchOrAccess(number, dirty, touchedAt, at);
          expect(ready).toBe(touchLate(theirs, phys, stores, touchedAt) === 1 ? -1 : accessed());
          expect(Buffer.compare(state!, ownState!)).toBe(0);
          expect(access(number, dirty, at)).toBe(accessed());
          expect(Buffer.compare(state!, ownState!)).toBe(0);
        }
      }),
      { numRuns: 150 },
    );
  });
});

interface FirstLevel {
  readonly access: (line: number, dirty: number, at: number) => number;
  readonly touch: (line: number, dirty: number, at: number) => number;
  /** Touches a line at a cycle; gives -1, or if that is refused, when it is accessed at another. */
  readonly touchOrAccess: (line: number, dirty: number, touchAt: number, at: number) => number;
}

function codeOf(parts: DynamicParts, memory: WebAssembly.Memory): FirstLevel {
  const module = new Functions();
  const { l1d } = memoryCode(module, parts.memory);
  module.define([I32, I32, F64], F64, (_, line, dirty, at) => l1d.access(line, dirty, at), "access");
  const touch = (f: Statements, line: Local, dirty: Local, at: Local): Term => {
    l1d.touch(f, l1d.find(f, line), dirty, at, () => f.return(i32.const(0)));
    return i32.const(1);
  };
  module.define([I32, I32, F64], I32, touch, "touch");
  const touchOrAccess = (f: Statements, line: Local, dirty: Local, touchAt: Local, at: Local): Term => {
    const found = l1d.find(f, line);
    f.block((no) => {
      l1d.touch(f, found, dirty, touchAt, no);
      f.return(f64.const(-1));
    });
    return l1d.accessFound(f, found, dirty, at);
  };
  module.define([I32, I32, F64, F64], F64, touchOrAccess, "touchOrAccess");
  const bytes = encodeModule({ imports: [], functions: module.functions, memoryPages: PAGES });
  return instantiate(bytes, { memory }).exports as unknown as FirstLevel;
}

/** An access that hits when nothing is on its way any more, and is not counted; 0 where it would miss, or its line is on its way. */
function touchLate({ l1d }: DynamicParts, phys: number, stores: boolean, at: number): number {
  const { words, fills, lineBytes, setMask, ways } = l1d.fastPath;
  if (!l1d.holds(phys, fills === undefined ? Infinity : at)) return 0;
  if (stores) l1d.store(phys, Infinity);
  else l1d.read(phys, 8, Infinity);
  l1d.events.values[0]! -= 1;
  words[((phys / lineBytes) & setMask) * ways]! &= ~FRESH;
  return 1;
}

function capabilityAt({ tagGroups }: DynamicParts, phys: number): void {
  if (tagGroups !== undefined) tagGroups.mayHold[Math.floor((phys - RAM) / tagGroups.groupBytes)] = 1;
}
