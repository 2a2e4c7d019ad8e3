// Svyrg: what each value of pte.rvy does to capabilities loaded and stored, by hand from the standard's tables (cheri-pte-ext).
import { describe, expect, test } from "vitest";
import { infiniteMeta, PERMISSION } from "../../../isa/cap/format.ts";
import { csrNumber } from "../../../isa/csr.ts";
import { Capability } from "../../../sim/machine/capability.ts";
import type { Machine } from "../../../sim/machine/machine.ts";
import { Mode, type TranslationState } from "../../../sim/machine/mmu.ts";
import { load } from "../../drivers/machine.ts";
import { DATA, LEAVES, BASE, PTE, Tables } from "./tables.ts";

const { V, R, W, X, U, A, D, YD, YW, YRG, YR } = PTE;
const RW = V | R | W | A | D;
const SVYRG = "rv64y_svyrg";
const [LOAD_PAGE, STORE_PAGE, LOAD_CAPABILITY, CHERI_STORE_PAGE] = [13, 15, 35, 36];
/** Fields of mstatus and sstatus (#mstatusreg_pte). */
const STATUS = { MPRV: 1n << 17n, SUM: 1n << 18n, MXR: 1n << 19n, YRGE: 1n << 59n, SYRG: 1n << 60n, UYRG: 1n << 61n };

const ALL_STATUS = Object.values(STATUS).reduce((all, field) => all | field) | (3n << 11n);

const VIRT = 0x4000_0000n;
const [A0, A1, A2, A3] = [10, 11, 12, 13];
const INFINITE = infiniteMeta(false);
const capability = (addr: bigint, tag = 1n, meta = INFINITE): Capability => new Capability(tag, meta, addr, undefined);
/** What lies in memory before, and what a0 holds. */
const [OLD, NEW] = [0x1110n, 0x2220n];

interface Setting {
  readonly status?: bigint;
  readonly mode?: number;
  readonly isa?: string;
  readonly adue?: boolean;
  /** Tags of what lies in memory, and of a0. */
  readonly old?: bigint;
  readonly stored?: bigint;
  /** Metadata of a1, which authorises. */
  readonly authority?: bigint;
}

type Kind = "load" | "store" | "swap";
/** The bits of an entry and of sstatus, the tags in memory and in a0, whether a1 grants C, and menvcfg.ADUE. */
type Case = Readonly<
  Record<"yr" | "yrg" | "yw" | "yd" | "user" | "uyrg" | "syrg" | "old" | "stored" | "c" | "adue", boolean>
>;

interface Outcome {
  readonly cause: number;
  /** Tag of a2. */
  readonly tag: bigint;
  readonly memory: { readonly tag: number; readonly addr: bigint };
  readonly entry: bigint;
  readonly machine: Machine;
}

/** A machine whose first instruction is this one. */
const withInstruction = (instruction: string, isa = SVYRG): Machine => load(instruction, { isa }).machine;

/** One instruction through a1 at VIRT, on a page whose entry has these bits; the code's own page has none of pte.rvy. */
function step(instruction: string, bits: bigint, o: Setting = {}): Outcome {
  return stepOn(withInstruction(instruction, o.isa), bits, o);
}

function stepOn(machine: Machine, bits: bigint, o: Setting): Outcome {
  const { hart, memory, engine } = machine;
  const [root, middle, leaves, frame] = [0x10_0000, 0x10_1000, 0x10_2000, 0x10_3000];
  const put = (offset: number, leads: number, flags: bigint): void =>
    memory.store(offset, 8, (BigInt((BASE + leads) >>> 12) << 10n) | flags);
  put(root + 8 * 2, 0, V | R | X | A | (o.mode === Mode.user ? U : 0n));
  put(root + 8 * 1, middle, V);
  put(middle, leaves, V);
  put(leaves, frame, bits);
  memory.storeCapability(frame, Number(o.old ?? 1n), INFINITE, OLD);
  hart.satp = (8n << 60n) | BigInt((BASE + root) >>> 12);
  hart.mode = o.mode ?? Mode.supervisor;
  hart.mstatus = (hart.mstatus & ~ALL_STATUS) | (o.status ?? STATUS.YRGE);
  hart.menvcfg = o.adue ? 1n << 61n : 0n;
  engine.resume(capability(BigInt(BASE)));
  engine.setY(A0, capability(NEW, o.stored ?? 1n));
  engine.setY(A1, capability(VIRT, 1n, o.authority ?? INFINITE));
  engine.setX(A2, 0n);
  const { retired } = engine;
  machine.step();
  return {
    cause: engine.retired > retired ? 0 : Number(hart.mcause),
    tag: engine.y(A2).tag,
    memory: { tag: memory.tag(frame), addr: memory.load(frame, 8) },
    entry: memory.load(leaves, 8),
    machine,
  };
}
const causeOf = (...given: Parameters<typeof step>): number => step(...given).cause;

const LOADS = ["ly a2, 0(a1)", "lr.y a2, (a1)", "amoswap.y a2, zero, (a1)"];
const STORES = ["sy a0, 0(a1)", "sc.y a2, a0, (a1)", "amoswap.y a2, a0, (a1)"];
const { YRGE, SYRG, UYRG, SUM, MXR, MPRV } = STATUS;

describe("a capability load (#pte_rvy_load_summary)", () => {
  // Bits of pte.rvy, the fields of sstatus, the loaded tag; then the cause or 0, and the tag that arrives.
  test.each<[string, bigint, bigint, bigint, number, bigint]>([
    ["YR=0 YRG=0 strips a set tag", 0n, 0n, 1n, 0, 0n],
    ["YR=0 YRG=0 leaves a clear tag", 0n, 0n, 0n, 0, 0n],
    ["YR=0 YRG=0 strips, whatever the generation", 0n, SYRG, 1n, 0, 0n],
    ["YR=0 YRG=1 keeps a set tag", YRG, 0n, 1n, 0, 1n],
    ["YR=0 YRG=1 keeps, whatever the generation", YRG, SYRG, 1n, 0, 1n],
    ["YR=0 YRG=1 leaves a clear tag", YRG, 0n, 0n, 0, 0n],
    ["YR=1 YRG=0 traps in generation 1", YR, SYRG, 1n, LOAD_CAPABILITY, 0n],
    ["YR=1 YRG=0 lets a clear tag through in generation 1", YR, SYRG, 0n, 0, 0n],
    ["YR=1 YRG=0 keeps in generation 0", YR, 0n, 1n, 0, 1n],
    ["YR=1 YRG=1 traps in generation 0", YR | YRG, 0n, 1n, LOAD_CAPABILITY, 0n],
    ["YR=1 YRG=1 keeps in generation 1", YR | YRG, SYRG, 1n, 0, 1n],
  ])("%s", (_, rvy, generation, old, cause, tag) => {
    for (const instruction of LOADS) {
      const outcome = step(instruction, RW | rvy, { status: YRGE | generation, old });
      expect([instruction, outcome.cause, outcome.tag]).toEqual([instruction, cause, tag]);
    }
  });

  test("of a clear tag never traps", () => {
    for (const instruction of LOADS) expect(causeOf(instruction, RW | YR | YRG, { old: 0n })).toBe(0);
  });

  test("of a user page looks at UYRG, of another at SYRG, whatever mode loads", () => {
    const user = (status: bigint, mode: number): number =>
      causeOf("ly a2, 0(a1)", RW | U | YR, { status: YRGE | SUM | status, mode });
    for (const mode of [Mode.user, Mode.supervisor]) {
      expect([user(SYRG, mode), user(UYRG, mode)]).toEqual([0, LOAD_CAPABILITY]);
    }
    const other = (status: bigint): number => causeOf("ly a2, 0(a1)", RW | YR, { status: YRGE | status });
    expect([other(SYRG), other(UYRG)]).toEqual([LOAD_CAPABILITY, 0]);
  });

  test("through an authority without C traps for no tag, and brings none", () => {
    const authority = INFINITE & ~(PERMISSION.C | PERMISSION.LM);
    for (const instruction of LOADS) {
      const outcome = step(instruction, RW | YR | YRG, { authority });
      expect([outcome.cause, outcome.tag]).toEqual([0, 0n]);
    }
  });

  test("that traps changes nothing, and names the lowest byte", () => {
    for (const instruction of LOADS) {
      const { cause, memory, machine, tag } = step(instruction, RW | YR | YRG);
      expect([cause, machine.hart.mtval, tag, machine.engine.x(A2)]).toEqual([LOAD_CAPABILITY, VIRT, 0n, 0n]);
      expect(memory).toEqual({ tag: 1, addr: OLD });
    }
  });

  test("traps last: after what is wrong with the page, with the authority, and with the address", () => {
    const rvy = YR | YRG;
    expect(causeOf("ly a2, 0(a1)", (RW | rvy) & ~A)).toBe(LOAD_PAGE);
    expect(causeOf("ly a2, 0(a1)", RW | rvy | U)).toBe(LOAD_PAGE);
    expect(causeOf("ly a2, 8(a1)", RW | rvy)).toBe(5);
    expect(causeOf("ly a2, 0(a1)", RW | rvy, { authority: INFINITE & ~PERMISSION.R })).toBe(33);
    // AMOSWAP.Y of a tagged capability onto a page that takes none, from which none may be loaded: the store's comes first.
    expect(causeOf("amoswap.y a2, a0, (a1)", RW | rvy)).toBe(CHERI_STORE_PAGE);
    expect(causeOf("amoswap.y a2, a0, (a1)", RW | rvy | YW | YD)).toBe(LOAD_CAPABILITY);
  });

  test("with MXR reaches an executable page, whose bits hold as those of any other", () => {
    const bits = V | X | A | YR | YRG;
    const status = YRGE | MXR;
    expect(causeOf("ly a2, 0(a1)", bits, { status })).toBe(LOAD_CAPABILITY);
    expect(causeOf("ly a2, 0(a1)", bits, { status: status | SYRG })).toBe(0);
    expect(causeOf("ly a2, 0(a1)", bits)).toBe(LOAD_PAGE);
  });

  test("of an integer asks for no generation", () => {
    for (const instruction of ["ld a2, 0(a1)", "lr.d a2, (a1)", "amoadd.d a2, zero, (a1)"]) {
      expect(causeOf(instruction, RW | YR | YRG)).toBe(0);
    }
  });
});

describe("a capability store (#pte_rvy_store_summary)", () => {
  const updates = [false, true] as const;

  test("YW=0: a set tag faults, whatever YD says, and a clear one does not", () => {
    for (const adue of updates) {
      for (const instruction of STORES) {
        for (const rvy of [0n, YD]) {
          expect(causeOf(instruction, RW | rvy, { adue })).toBe(CHERI_STORE_PAGE);
          expect(causeOf(instruction, RW | rvy, { adue, stored: 0n })).toBe(0);
        }
      }
    }
  });

  test("YW=1 YD=1: any tag is stored", () => {
    for (const adue of updates) {
      for (const stored of [0n, 1n]) {
        const { cause, memory } = step("sy a0, 0(a1)", RW | YW | YD, { adue, stored });
        expect([cause, memory]).toEqual([0, { tag: Number(stored), addr: NEW }]);
      }
    }
  });

  test("YW=1 YD=0, Svade: a set tag faults and a clear one does not", () => {
    for (const instruction of STORES) {
      expect(causeOf(instruction, RW | YW)).toBe(CHERI_STORE_PAGE);
      expect(causeOf(instruction, RW | YW, { stored: 0n })).toBe(0);
    }
  });

  test("YW=1 YD=0, Svadu: a set tag sets YD, A and D, also by an SC.Y that fails; a clear tag sets A and D alone", () => {
    for (const instruction of STORES) {
      const entry = (stored: bigint): bigint =>
        step(instruction, (RW | YW) & ~(A | D), { adue: true, stored }).entry & (YD | A | D);
      expect([entry(1n), entry(0n)]).toEqual([YD | A | D, A | D]);
    }
  });

  test("neither an integer store nor a capability stored without C makes a page dirty with capabilities", () => {
    for (const [instruction, authority] of [
      ["sd a0, 0(a1)", INFINITE],
      ["sy a0, 0(a1)", INFINITE & ~(PERMISSION.C | PERMISSION.LM)],
    ] as const) {
      const { cause, entry } = step(instruction, RW | YW, { adue: true, authority });
      expect([cause, entry & YD]).toEqual([0, 0n]);
      expect(causeOf(instruction, RW, { authority })).toBe(0);
    }
  });

  test("of a page first dirty otherwise still sets YD", () => {
    const tables = new Tables().mapSmall(RW | YW).use({ yrge: true, adue: true });
    const leaf = (): bigint => tables.memory.load(LEAVES + 8 * 3 - BASE, 8) & YD;
    expect([tables.access("store"), leaf(), tables.access("taggedStore"), leaf()]).toEqual([DATA, 0n, DATA, YD]);
  });
});

describe("the order of faults in translation (#sv32algorithm)", () => {
  const store = (bits: bigint, state: Partial<TranslationState> = {}): number =>
    new Tables().mapSmall(bits).use(state).access("taggedStore");

  test("a page of the other mode, then one that takes no tagged capability, then one that is not writable, then A and D", () => {
    const yrge = true;
    expect(store(RW | U, { yrge })).toBe(-STORE_PAGE);
    expect(store(V | R | A | D, { yrge })).toBe(-CHERI_STORE_PAGE);
    expect(store(V | R | A | D | YW, { yrge })).toBe(-STORE_PAGE);
    expect(store(V | R | W, { yrge })).toBe(-CHERI_STORE_PAGE);
    expect(store(V | R | W | YW | YD, { yrge })).toBe(-STORE_PAGE);
  });

  test("the same holds of Y, where Svyrg is off", () => {
    expect(store(RW | U)).toBe(-STORE_PAGE);
    expect(store(V | R | A | D)).toBe(-CHERI_STORE_PAGE);
    expect(store(V | R | A | D | PTE.Y)).toBe(-STORE_PAGE);
    expect(store(V | R | W)).toBe(-CHERI_STORE_PAGE);
    expect(store(V | R | W | PTE.Y)).toBe(-STORE_PAGE);
  });

  test("Svade: a tagged store to a page without D or YD faults for want of YD", () => {
    expect(store(V | R | W | A | YW, { yrge: true })).toBe(-CHERI_STORE_PAGE);
    expect(store(V | R | W | A | YW | YD, { yrge: true })).toBe(-STORE_PAGE);
  });

  test("Svadu: a page that is not writable gets no YD", () => {
    const tables = new Tables().mapSmall(V | R | A | YW).use({ yrge: true, adue: true });
    const leaf = (): bigint => tables.memory.load(LEAVES + 8 * 3 - BASE, 8) & (YD | D);
    expect([tables.access("taggedStore"), leaf()]).toEqual([-STORE_PAGE, 0n]);
  });
});

describe("every value of pte.rvy, U and the generations, every tag, with C and without, for Svade and Svadu", () => {
  const both = [false, true];
  const bit = (on: boolean): bigint => (on ? 1n : 0n);

  /** The text's sentences, one by one; what they leave out is normal operation. */
  function expected(kind: Kind, o: Case): { cause: number; tag: bigint; dirty: boolean } {
    const stores = kind !== "load" && o.stored && o.c;
    if (stores && !o.yw) return { cause: CHERI_STORE_PAGE, tag: 0n, dirty: o.yd };
    if (stores && !o.yd && !o.adue) return { cause: CHERI_STORE_PAGE, tag: 0n, dirty: false };
    const dirty = o.yd || stores;
    const generation = o.user ? o.uyrg : o.syrg;
    const loads = kind !== "store" && o.old && o.c;
    if (loads && o.yr && o.yrg !== generation) return { cause: LOAD_CAPABILITY, tag: 0n, dirty };
    return { cause: 0, tag: bit(loads && (o.yr || o.yrg)), dirty };
  }

  test.each<[Kind, string]>([
    ["load", "ly a2, 0(a1)"],
    ["load", "lr.y a2, (a1)"],
    ["store", "sy a0, 0(a1)"],
    ["store", "sc.y a3, a0, (a1)"],
    ["swap", "amoswap.y a2, a0, (a1)"],
  ])("a %s: %s", (kind, instruction) => {
    const machine = withInstruction(instruction);
    const flags = ["yr", "yrg", "yw", "yd", "user", "uyrg", "syrg", "old", "stored", "c", "adue"] as const;
    for (let n = 0; n < 2 ** flags.length; n += 1) {
      const o = Object.fromEntries(flags.map((flag, i) => [flag, both[(n >> i) & 1]])) as unknown as Case;
      const rvy = (o.yr ? YR : 0n) | (o.yrg ? YRG : 0n) | (o.yw ? YW : 0n) | (o.yd ? YD : 0n);
      const { cause, tag, entry } = stepOn(machine, RW | rvy | (o.user ? U : 0n), {
        status: YRGE | SUM | (o.uyrg ? UYRG : 0n) | (o.syrg ? SYRG : 0n),
        adue: o.adue,
        old: bit(o.old),
        stored: bit(o.stored),
        authority: o.c ? INFINITE : INFINITE & ~(PERMISSION.C | PERMISSION.LM),
      });
      expect({ ...o, cause, tag, dirty: (entry & YD) !== 0n }).toEqual({ ...o, ...expected(kind, o) });
    }
  });
});

describe("where Svyrg has no say", () => {
  test("YRGE=0: bit 58 is Y, and 57 to 55 are reserved", () => {
    const status = SYRG | UYRG;
    for (const instruction of LOADS) {
      expect(step(instruction, RW | PTE.Y, { status }).tag).toBe(1n);
      const plain = step(instruction, RW, { status });
      expect([plain.cause, plain.tag]).toEqual([0, 0n]);
    }
    expect(causeOf("sy a0, 0(a1)", RW, { status })).toBe(CHERI_STORE_PAGE);
    expect(causeOf("sy a0, 0(a1)", RW | PTE.Y, { status })).toBe(0);
    for (const bit of [YR, YRG, YW]) expect(causeOf("ld a2, 0(a1)", RW | bit, { status })).toBe(LOAD_PAGE);
  });

  test("untranslated memory keeps and takes tags, in M-mode and without satp", () => {
    for (const instruction of ["ly a2, 0(a1)", "sy a0, 0(a1)"]) {
      const { machine } = load(`${instruction}\n.balign 16\ndata: .dword 0, 0`, { isa: SVYRG });
      machine.hart.mstatus |= YRGE | SYRG;
      machine.engine.setY(A0, capability(NEW));
      machine.engine.setY(A1, capability(BigInt(BASE + 16)));
      machine.memory.storeCapability(16, 1, INFINITE, OLD);
      machine.step();
      expect(machine.engine.retired).toBe(1);
      expect(machine.memory.tag(16)).toBe(1);
    }
  });

  test("MPRV: M-mode loads and stores as MPP would", () => {
    const o = { mode: Mode.machine, status: YRGE | MPRV | (1n << 11n) };
    expect(causeOf("ly a2, 0(a1)", RW | YR | YRG, o)).toBe(LOAD_CAPABILITY);
    expect(causeOf("sy a0, 0(a1)", RW, o)).toBe(CHERI_STORE_PAGE);
    expect(causeOf("ly a2, 0(a1)", RW | YR | YRG, { ...o, status: o.status | SYRG })).toBe(0);
  });
});

describe("the fields of the status registers", () => {
  const RVY = YRGE | SYRG | UYRG;
  const after = (isa: string, register: string): bigint[] => {
    const { machine } = load(`csrs ${register}, a0\n csrr a2, mstatus\n csrr a3, sstatus`, { isa });
    machine.engine.setX(A0, (1n << 64n) - 1n);
    for (let i = 0; i < 3; i += 1) machine.step();
    return [machine.engine.x(A2), machine.engine.x(A3)].map((value) => value >> 56n);
  };

  test.each(["mstatus", "sstatus"])("are written through %s and seen in both; without Svyrg they are 0", (register) => {
    expect(after(SVYRG, register)).toEqual([RVY >> 56n, RVY >> 56n]);
    expect(after("rv64y", register)).toEqual([0n, 0n]);
  });

  test("are in force at the next instruction", () => {
    const { machine } = step("nop\n csrs sstatus, a3\n ly a2, 0(a1)", RW | YR);
    machine.engine.setX(A3, SYRG);
    machine.step();
    machine.step();
    expect(Number(machine.hart.mcause)).toBe(LOAD_CAPABILITY);
  });

  test("a load capability fault can be delegated", () => {
    const { machine } = step("nop\n ly a2, 0(a1)", RW | YR | YRG);
    machine.csrs.write(csrNumber("medeleg")!, capability(-1n & ((1n << 64n) - 1n), 0n, 0n), true);
    machine.step();
    const { mode, scause, stval, sepc } = machine.hart;
    expect([mode, scause, stval, sepc.addr]).toEqual([Mode.supervisor, 35n, VIRT, BigInt(BASE + 4)]);
  });
});
