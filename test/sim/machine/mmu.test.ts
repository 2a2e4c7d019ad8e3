// Sv39: each bit of an entry, each page size, and that what is cached is never seen.
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { Clint } from "../../../sim/machine/devices/clint.ts";
import { Hart, MSTATUS } from "../../../sim/machine/hart.ts";
import { Mark } from "../../../sim/machine/memory.ts";
import { LoadedTags, Mode, type AccessType } from "../../../sim/machine/mmu.ts";
import { BASE, DATA, LEAVES, MIDDLE, PTE, ROOT, Tables, VIRT } from "./tables.ts";

const { V, R, W, X, U, G, A, D, Y } = PTE;
const RWX = V | R | W | X | A | D;
const [INSTRUCTION_PAGE, LOAD_PAGE, STORE_PAGE] = [12, 13, 15];

const FAULTS = [-INSTRUCTION_PAGE, -LOAD_PAGE, -STORE_PAGE];
const WORKS = [DATA, DATA, DATA];

describe("page sizes", () => {
  test("a 4 KiB page is found through three levels", () => {
    expect(new Tables().mapSmall(RWX).access("load", VIRT + 0xabc)).toBe(DATA + 0xabc);
  });

  test("a 2 MiB page is a leaf in the second level, a 1 GiB page one in the first", () => {
    const big = new Tables().set(ROOT, 1, MIDDLE, V).set(MIDDLE, 2, 0x4000_0000, RWX);
    expect(big.access("load", VIRT + 0x12)).toBe(0x4000_0000 + (3 << 12) + 0x12);
    const huge = new Tables().set(ROOT, 1, 0x4000_0000, RWX);
    expect(huge.access("load", VIRT + 0x12)).toBe(0x4000_0000 + (2 << 21) + (3 << 12) + 0x12);
  });

  test("a large page that does not begin at a multiple of its size faults", () => {
    expect(new Tables().set(ROOT, 1, MIDDLE, V).set(MIDDLE, 2, 0x4000_1000, RWX).all()).toEqual(FAULTS);
    expect(new Tables().set(ROOT, 1, 0x4020_0000, RWX).all()).toEqual(FAULTS);
  });

  test("a pointer in the third level faults", () => {
    expect(new Tables().mapSmall(V).all()).toEqual(FAULTS);
  });
});

describe("addresses", () => {
  test("the lower and the upper half are canonical, everything between faults", () => {
    const tables = new Tables().set(ROOT, 511, 0x4000_0000, RWX).set(ROOT, 255, 0x8000_0000, RWX);
    expect(tables.access("load", 0xffff_ffff_ffff_fff8n)).toBe(0x7fff_fff8);
    expect(tables.access("load", 0x3f_ffff_fff8n)).toBe(0xbfff_fff8);
    for (const addr of [0x40_0000_0000n, 0xffff_ffbf_ffff_fff8n, 0x8000_0000_0000_0000n, 1n << 48n]) {
      expect(tables.access("load", addr)).toBe(-LOAD_PAGE);
    }
  });

  test("an address whose low 48 bits are mapped faults where it is not canonical, also when they are cached", () => {
    const tables = new Tables().mapSmall(RWX);
    tables.access("load");
    expect(tables.access("load", BigInt(VIRT) + (1n << 50n))).toBe(-LOAD_PAGE);
  });

  test("M-mode and bare mode translate nothing, at whatever address", () => {
    const tables = new Tables().use({ mode: Mode.machine });
    expect([tables.access("load", 0x1234), tables.mmu.translatesData]).toEqual([0x1234, false]);
    expect(tables.use({ satp: 0n }).access("fetch", 0x1234)).toBe(0x1234);
  });

  test("MPRV has data accesses of M-mode, not its fetches, translate as MPP would", () => {
    const hart = new Hart({ now: 0, retired: 0 }, new Clint(() => 0));
    hart.satp = (8n << 60n) | BigInt(ROOT >>> 12);
    const tables = new Tables().mapSmall(RWX);
    const withStatus = (status: number): Tables => {
      hart.status = status;
      tables.mmu.configure(hart.translation);
      return tables;
    };
    expect(withStatus(MSTATUS.MPRV | (Mode.supervisor << 11)).all()).toEqual([VIRT, DATA, DATA]);
    expect(withStatus(MSTATUS.MPRV | (Mode.user << 11)).access("load")).toBe(-LOAD_PAGE);
    expect(withStatus(Mode.supervisor << 11).access("load")).toBe(VIRT);
    hart.mode = Mode.supervisor;
    expect(withStatus(MSTATUS.MPRV | (Mode.user << 11)).all()).toEqual([DATA, DATA, DATA]);
  });
});

describe("permissions", () => {
  test("each access needs its own permission", () => {
    const base = V | A | D;
    expect(new Tables().mapSmall(base | R).all()).toEqual([-INSTRUCTION_PAGE, DATA, -STORE_PAGE]);
    expect(new Tables().mapSmall(base | X).all()).toEqual([DATA, -LOAD_PAGE, -STORE_PAGE]);
    expect(new Tables().mapSmall(base | R | W).all()).toEqual([-INSTRUCTION_PAGE, DATA, DATA]);
  });

  test("writable without readable is reserved and faults", () => {
    expect(new Tables().mapSmall(V | A | D | W).all()).toEqual(FAULTS);
    expect(new Tables().mapSmall(V | A | D | W | X).all()).toEqual(FAULTS);
  });

  test("MXR makes executable pages readable", () => {
    expect(
      new Tables()
        .mapSmall(V | A | D | X)
        .use({ mxr: true })
        .access("load"),
    ).toBe(DATA);
  });

  test("an invalid entry faults at every level", () => {
    expect(new Tables().mapSmall(RWX & ~V).all()).toEqual(FAULTS);
    expect(new Tables().all()).toEqual(FAULTS);
  });

  test("a user page is for U-mode; S-mode reads and writes it with SUM, and never executes it", () => {
    const tables = new Tables().mapSmall(RWX | U);
    expect(tables.all()).toEqual(FAULTS);
    expect(tables.use({ sum: true }).all()).toEqual([-INSTRUCTION_PAGE, DATA, DATA]);
    expect(tables.use({ mode: Mode.user }).all()).toEqual(WORKS);
  });

  test("U-mode reaches no supervisor page", () => {
    expect(new Tables().mapSmall(RWX).use({ mode: Mode.user }).all()).toEqual(FAULTS);
  });

  test("Svade: a page not yet accessed faults, one not yet dirty faults for stores", () => {
    expect(new Tables().mapSmall(RWX & ~A).all()).toEqual(FAULTS);
    expect(new Tables().mapSmall(RWX & ~D).all()).toEqual([DATA, DATA, -STORE_PAGE]);
  });
});

describe("Svadu", () => {
  const adue = true;
  const entry = (tables: Tables): bigint => tables.memory.load(LEAVES + 8 * 3 - BASE, 8);
  const flags = RWX & ~A & ~D;

  test.each<[AccessType, bigint]>([
    ["fetch", A],
    ["load", A],
    ["store", A | D],
  ])("a %s sets in the leaf what it does to the page, and no more", (type, set) => {
    const tables = new Tables().mapSmall(flags).use({ adue });
    const before = entry(tables);
    expect([tables.access(type), entry(tables)]).toEqual([DATA, before | set]);
  });

  test("a store after a load of the same page sets D", () => {
    const tables = new Tables().mapSmall(flags).use({ adue });
    tables.access("load");
    tables.access("store");
    expect(entry(tables) & (A | D)).toBe(A | D);
  });

  test("an access that is not permitted sets nothing", () => {
    const tables = new Tables().mapSmall(V | R).use({ adue });
    expect([tables.access("store"), entry(tables) & (A | D)]).toEqual([-STORE_PAGE, 0n]);
  });

  test("a tagged capability for a page without Y faults and sets nothing; with Y, D", () => {
    const store = (bits: bigint): [number, bigint] => {
      const tables = new Tables().mapSmall(bits).use({ adue });
      const phys = tables.mmu.translateData(BigInt(VIRT), VIRT, "taggedStore");
      return [phys < 0 ? -tables.mmu.cause : phys, entry(tables) & (A | D)];
    };
    expect([store(flags), store(flags | Y)]).toEqual([
      [-36, 0n],
      [DATA, A | D],
    ]);
  });

  test("an entry that PMP lets be read and not written is an access fault", () => {
    const tables = new Tables().mapSmall(flags);
    tables.pmp.writeCfg(0, 0x19n);
    expect(tables.use({ adue }).all()).toEqual([-1, -5, -7]);
  });

  test("without ADUE the same entry faults, whatever was seen before", () => {
    const tables = new Tables().mapSmall(flags).use({ adue });
    tables.access("load");
    expect([tables.use({}).access("store"), tables.mapSmall(flags).all()]).toEqual([-STORE_PAGE, FAULTS]);
  });
});

describe("reserved bits", () => {
  test("bits 63 to 54 but Y must be zero", () => {
    for (let bit = 54n; bit <= 63n; bit += 1n) {
      expect(new Tables().mapSmall(RWX | (1n << bit)).all()).toEqual(bit === 58n ? WORKS : FAULTS);
    }
  });

  test("Y is reserved where the ISA has no capabilities", () => {
    expect(new Tables(false).mapSmall(RWX | Y).all()).toEqual(FAULTS);
  });

  test("a pointer with A, D or U set faults; Y means nothing there, as nothing is stored through it", () => {
    const pointer = (bits: bigint): number[] =>
      new Tables()
        .mapSmall(RWX)
        .set(ROOT, 1, MIDDLE, V | bits)
        .all();
    for (const bit of [A, D, U]) expect(pointer(bit)).toEqual(FAULTS);
    expect(pointer(Y)).toEqual(WORKS);
  });

  test("the two bits for software mean nothing", () => {
    expect(new Tables().mapSmall(RWX | (3n << 8n)).all()).toEqual(WORKS);
  });
});

describe("physical memory", () => {
  test("a table outside RAM is an access fault of the access's own kind", () => {
    expect(new Tables().set(ROOT, 1, 0x4000_0000, V).all()).toEqual([-1, -5, -7]);
  });
});

describe("capabilities", () => {
  test("Y says whether a page may hold them", () => {
    const tables = new Tables().mapSmall(RWX);
    tables.access("load");
    expect(tables.mmu.loadedTags).toBe(LoadedTags.strip);
    tables.mapSmall(RWX | Y).access("store");
    expect(tables.mmu.loadedTags).toBe(LoadedTags.keep);
  });

  test("untranslated memory always may", () => {
    const tables = new Tables().mapSmall(RWX);
    tables.access("load");
    tables.use({ mode: Mode.machine }).access("load");
    expect(tables.mmu.loadedTags).toBe(LoadedTags.keep);
  });
});

describe("the cache", () => {
  test("a store to an entry is in force at once, also to one of an upper level", () => {
    const tables = new Tables().mapSmall(RWX);
    expect(tables.all()).toEqual(WORKS);
    expect(tables.set(LEAVES, 3, DATA + 0x1000, RWX).access("load")).toBe(DATA + 0x1000);
    expect(tables.set(ROOT, 1, MIDDLE, 0n).all()).toEqual(FAULTS);
  });

  test("two pages that share a set do not share a translation", () => {
    const tables = new Tables().set(ROOT, 1, 0x4000_0000, RWX);
    const stride = 256 << 12;
    expect([
      tables.access("load", 1 << 30),
      tables.access("load", (1 << 30) + stride),
      tables.access("load", 1 << 30),
    ]).toEqual([0x4000_0000, 0x4000_0000 + stride, 0x4000_0000]);
  });

  test("each mode keeps its own answers", () => {
    const tables = new Tables().mapSmall(RWX);
    const seen = [Mode.supervisor, Mode.user, Mode.supervisor].map((mode) => tables.use({ mode }).access("load"));
    expect(seen).toEqual([DATA, -LOAD_PAGE, DATA]);
  });

  test("whatever was translated before, a translation is what it would be on a fresh machine", () => {
    const arbVirt = fc
      .tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 4 }))
      .map(([a, b, c]) => a * 2 ** 30 + b * 2 ** 21 + c * 2 ** 12);
    const arbBits = fc
      .tuple(fc.bigInt(0n, 255n), fc.constantFrom(0n, Y, PTE.YR, PTE.YR | PTE.YRG))
      .map(([flags, y]) => flags | V | y);
    const arbStep = fc.record({
      table: fc.constantFrom(ROOT, MIDDLE, LEAVES),
      index: fc.integer({ min: 0, max: 4 }),
      phys: fc.constantFrom(MIDDLE, LEAVES, DATA, 0x4000_0000),
      bits: fc.oneof({ arbitrary: fc.constant(V), weight: 2 }, { arbitrary: arbBits, weight: 3 }),
      virt: arbVirt,
      type: fc.constantFrom<AccessType>("fetch", "load", "store"),
      state: fc.record({
        ...{ mode: fc.constantFrom(0, 1), sum: fc.boolean(), mxr: fc.boolean() },
        ...{ yrge: fc.boolean(), uyrg: fc.boolean(), syrg: fc.boolean() },
      }),
    });
    fc.assert(
      fc.property(fc.array(arbStep, { minLength: 1, maxLength: 20 }), (steps) => {
        const used = new Tables().mapSmall(RWX);
        for (const { table, index, phys, bits, virt, type, state } of steps) {
          used.set(table, index, phys, bits).use(state);
          const fresh = new Tables();
          fresh.memory.bytes.set(used.memory.bytes);
          fresh.use(state);
          const seen = (tables: Tables): number[] => {
            const phys = tables.access(type, virt);
            return phys < 0 ? [phys] : [phys, tables.mmu.loadedTags];
          };
          expect(seen(used)).toEqual(seen(fresh));
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("walks for the timing model", () => {
  test("a walk names the entries it reads, in order, the page it ends at, and whether it is global", () => {
    const tables = new Tables().mapSmall(RWX | G);
    const entries = [ROOT + 8 * 1, MIDDLE + 8 * 2, LEAVES + 8 * 3];
    expect(tables.mmu.walk(VIRT + 5)).toEqual({ entries, pageBits: 12, global: true });
    const big = new Tables().set(ROOT, 1, MIDDLE, V).set(MIDDLE, 2, 0x4000_0000, RWX);
    expect(big.mmu.walk(VIRT)).toEqual({ entries: entries.slice(0, 2), pageBits: 21, global: false });
  });

  test("a pointer with G makes all pages below it global", () => {
    const tables = new Tables().mapSmall(RWX).set(ROOT, 1, MIDDLE, V | G);
    expect(tables.mmu.walk(VIRT)?.global).toBe(true);
  });

  test("a walk that ends in a fault, or that translation does not take, is none", () => {
    expect(new Tables().mmu.walk(VIRT)).toBeUndefined();
    expect(new Tables().mapSmall(RWX).use({ satp: 0n }).mmu.walk(VIRT)).toBeUndefined();
  });

  test("a walk leaves no mark", () => {
    const tables = new Tables().mapSmall(RWX);
    tables.mmu.walk(VIRT);
    expect([...tables.memory.marks].every((mark) => (mark & Mark.table) === 0)).toBe(true);
  });
});
