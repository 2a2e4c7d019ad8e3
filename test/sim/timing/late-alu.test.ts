// Late ALUs: who waits for operands that come after issue, and until when; and what may share the cycle of a branch.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Core } from "../../../sim/timing/core.ts";
import { MemoCore } from "../../../sim/timing/memo-core.ts";
import { CoreDriver, machine, op, RAM } from "./harness.ts";

const DATA = RAM + 0x10000;
const LATE = 2;
const MISPREDICT = 5;

/** Loads take `hitCycles`, late ALUs stand two cycles behind issue, and the line is in hand. */
function driver(hitCycles: number, ...sets: string[]): CoreDriver {
  const timed = [`l1d.hitCycles=${hitCycles}`, `frontend.mispredictCycles=${MISPREDICT}`, "scoreboard.mulCycles=3"];
  const d = new CoreDriver(machine([...timed, `issue.lateAluCycles=${LATE}`, ...sets])).warm();
  d.load(19, DATA);
  for (let i = 0; i < 5; i += 1) d.step(op("fence"));
  return d;
}

const add = (d: CoreDriver, rd: number, rs1 = 0, rs2 = 0): number => d.step(op("add", { rd, rs1, rs2 }));
const data = { dataVirt: DATA, dataPhys: DATA, dataBytes: 8 } as const;
const loadFrom = (d: CoreDriver, base: number): number =>
  d.step(op("ld", { rd: 20, rs1: base }), { ...data, access: "load" });
const store = (d: CoreDriver, base: number, value: number): number =>
  d.step(op("sd", { rs1: base, rs2: value }), { ...data, access: "store" });
const taken = (d: CoreDriver): { nextPc: number } => ({ nextPc: d.pc + 16 });

/** Cycles of what follows a load of x5 whose value is there so many cycles after its issue. */
const after = (hitCycles: number, use: (d: CoreDriver) => number, ...sets: string[]): number => {
  const d = driver(hitCycles, ...sets);
  d.load(5, DATA);
  return use(d);
};

describe("waits for nothing that is there in the late slot, and a cycle for what is there a cycle later:", () => {
  test.each<readonly [string, (d: CoreDriver) => number]>([
    ["an ALU instruction, of its first operand", (d) => add(d, 6, 5)],
    ["of its second", (d) => add(d, 6, 0, 5)],
    ["a capability instruction", (d) => d.step(op("yaddrw", { rd: 6, rs1: 5 }))],
    ["a branch", (d) => d.step(op("beq", { rs1: 5 }))],
    ["a store, of its data", (d) => store(d, 2, 5)],
    ["whatever writes the register, in order", (d) => add(d, 5)],
  ])("%s", (_, use) => {
    const ordered = "scoreboard.ordersWrites=true";
    expect([LATE + 1, LATE + 2, LATE + 3].map((hit) => after(hit, use, ordered))).toEqual([1, 2, 3]);
  });
});

describe("what needs its operands when it issues", () => {
  test.each<readonly [string, (d: CoreDriver) => number]>([
    ["an address of a load", (d) => loadFrom(d, 5)],
    ["an address of a store", (d) => store(d, 5, 2)],
    ["a factor", (d) => d.step(op("mul", { rd: 6, rs2: 5 }))],
    ["a divisor", (d) => d.step(op("div", { rd: 6, rs2: 5 }))],
    ["a CSR's operand", (d) => d.step(op("csrrs", { rd: 6, rs1: 5 }))],
    [
      "data of an atomic operation",
      (d) => d.step(op("amoadd.d", { rd: 6, rs1: 2, rs2: 5 }), { ...data, access: "atomic" }),
    ],
    ["a jump's target", (d) => d.step(op("jalr", { rd: 6, rs1: 5 })) - MISPREDICT - LATE],
  ])("is %s", (_, use) => {
    expect([1, 2, LATE + 1].map((hit) => after(hit, use))).toEqual([1, 2, LATE + 1]);
  });
});

describe("a result of a late ALU", () => {
  test("is there at once for another of them, however long the chain", () => {
    const d = driver(LATE + 1);
    d.load(5, DATA);
    expect([1, 2, 3, 4, 5].map(() => add(d, 5, 5))).toEqual([1, 1, 1, 1, 1]);
  });

  test("is there for an address as many cycles later", () => {
    for (let between = 0; between <= LATE + 1; between += 1) {
      const d = driver(LATE + 1);
      d.load(5, DATA);
      add(d, 6, 5);
      for (let i = 0; i < between; i += 1) add(d, 7);
      expect(loadFrom(d, 6)).toBe(1 + Math.max(0, LATE - between));
    }
  });

  test("of one whose operands are there is not late", () => {
    const d = driver(LATE + 1);
    add(d, 5);
    expect(loadFrom(d, 5)).toBe(1);
  });

  test("of a capability instruction takes capCycles from there", () => {
    const d = driver(LATE + 1, "scoreboard.capCycles=2");
    d.load(5, DATA);
    d.step(op("yaddrw", { rd: 6, rs1: 5 }));
    expect(loadFrom(d, 6)).toBe(1 + LATE + 1);
  });
});

describe("a misprediction", () => {
  const branch = (d: CoreDriver): number => d.step(op("beq", { rs1: 5 }), taken(d));

  test("of a branch is found in the late slot where the branch executes there, else at once", () => {
    expect(after(LATE + 1, branch)).toBe(1 + MISPREDICT + LATE);
    expect(after(1, branch)).toBe(1 + MISPREDICT);
  });

  test("of a jump to a register is found there always", () => {
    const jump = (d: CoreDriver): number => d.step(op("jalr", { rs1: 6 }), taken(d));
    expect(after(1, jump)).toBe(1 + MISPREDICT + LATE);
    expect(after(1, jump, "issue.lateAluCycles=0")).toBe(1 + MISPREDICT);
  });
});

describe("a wait for a miss", () => {
  test("ends so many cycles earlier, and is charged to what is missing then", () => {
    const d = driver(LATE + 2, "dram.controllerNs=50");
    d.load(5, DATA + 0x1000);
    const before = d.causes;
    expect(add(d, 6, 5)).toBe(LATE + 2 + 50 - LATE);
    expect(d.causes.dependency - before.dependency).toBe(1);
    expect(d.causes.dcache - before.dcache).toBe(50);
  });
});

describe("of two instructions that could share a cycle", () => {
  const pair = ["issue.width=2", "scoreboard.ordersWrites=true"];

  test("the second may execute late", () => {
    const d = driver(LATE + 1, ...pair);
    d.load(5, DATA);
    d.step(op("fence"));
    expect([add(d, 6), add(d, 7, 5)]).toEqual([1, 0]);
    expect(loadFrom(d, 7)).toBe(1 + LATE);
  });

  test("the second does not where the late slot is too early", () => {
    const d = driver(LATE + 3, ...pair);
    d.load(5, DATA);
    d.step(op("fence"));
    expect([add(d, 6), add(d, 7, 5)]).toEqual([1, 1]);
  });

  test.each<readonly [string, (d: CoreDriver) => number]>([
    ["reads the first's result", (d) => add(d, 7, 6)],
    ["reads it as its second operand", (d) => add(d, 7, 0, 6)],
    ["stores it", (d) => store(d, 2, 6)],
    ["writes the same register", (d) => add(d, 6)],
  ])("the second does not where it %s, late as it could execute", (_, second) => {
    const d = driver(LATE + 1, ...pair);
    expect([add(d, 6), second(d), add(d, 8)]).toEqual([1, 1, 0]);
  });

  test("both write one register where writes are not ordered, and what writes x0 stands in nobody's way", () => {
    const d = driver(LATE + 1, "issue.width=2", "scoreboard.ordersWrites=false");
    expect([add(d, 6), add(d, 6), add(d, 0), add(d, 0, 0, 0)]).toEqual([1, 0, 1, 0]);
  });
});

describe("the cycle of a branch or jump", () => {
  const past = ["issue.width=2", "issue.pastTransfers=true"];
  const beq = (d: CoreDriver): number => d.step(op("beq", { rs1: 28, rs2: 29 }));

  test("is shared by what follows, but by no other of them", () => {
    const d = driver(1, ...past);
    expect([beq(d), add(d, 6), beq(d), d.load(20, DATA), beq(d), beq(d)]).toEqual([1, 0, 1, 0, 1, 1]);
  });

  test("is not shared by default, nor where the second reads the link", () => {
    const alone = driver(1, "issue.width=2");
    expect([beq(alone), add(alone, 6)]).toEqual([1, 1]);
    const d = driver(1, ...past);
    const call = d.step(op("jal", { rd: 1 }));
    expect([call, add(d, 6, 1), add(d, 7)]).toEqual([1, 1, 0]);
  });

  test("is shared across a fetch bubble that the queue hides, and not across one that it does not", () => {
    for (const [queueEntries, cycles] of [
      [1, 0],
      [0, 1],
    ] as const) {
      const d = driver(4, ...past, "frontend.predecodeCycles=1", `frontend.queueEntries=${queueEntries}`);
      d.load(5, DATA);
      loadFrom(d, 5);
      d.step(op("fence"));
      const jump = d.step(op("jal"), taken(d));
      expect([jump, add(d, 6)], `${queueEntries}`).toEqual([1 + cycles, cycles]);
    }
  });

  test("is not shared with what follows a misprediction", () => {
    const d = driver(1, ...past);
    expect([d.step(op("beq"), taken(d)), add(d, 6)]).toEqual([1 + MISPREDICT, 1]);
  });
});

type Move = { readonly kind: number; readonly rd: number; readonly rs1: number; readonly rs2: number };
const register = fc.integer({ min: 5, max: 9 });
const move = (kinds: number): fc.Arbitrary<Move> =>
  fc.record({ kind: fc.nat(kinds - 1), rd: register, rs1: register, rs2: register });

/** Loads and stores of one line; the first kinds have no address that anything computes. */
function go(d: CoreDriver, { kind, rd, rs1, rs2 }: Move): number {
  if (kind <= 1) return add(d, rd, rs1, rs2);
  if (kind === 2) return d.load(rd, DATA);
  if (kind === 3) return store(d, 2, rs2);
  if (kind === 4) return d.step(op("beq", { rs1, rs2 }));
  if (kind === 5) return loadFrom(d, rs1);
  return d.step(op("beq", { rs1, rs2 }), taken(d));
}

describe("of every stream", () => {
  test("late ALUs as far behind as a load takes hide all of it but from addresses", () => {
    const moves = fc.array(move(5), { maxLength: 60 });
    fc.assert(
      fc.property(moves, fc.integer({ min: 1, max: 2 }), fc.boolean(), (steps, width, past) => {
        const pairs = [`issue.width=${width}`, `issue.pastTransfers=${past}`, "scoreboard.ordersWrites=true"];
        const hidden = driver(LATE + 1, ...pairs);
        const quick = driver(1, ...pairs, "issue.lateAluCycles=0");
        expect(steps.map((step) => go(hidden, step))).toEqual(steps.map((step) => go(quick, step)));
      }),
    );
  });

  test("what a machine with late ALUs remembers is what it does", () => {
    const config = machine(["l1d.hitCycles=3", "dram.controllerNs=9"], "server@1");
    fc.assert(
      fc.property(fc.array(move(7), { maxLength: 40 }), (steps) => {
        const again = Array.from({ length: 6 }, () => steps).flat();
        const [plain, remembering] = [Core, MemoCore].map((core) => {
          const d = new CoreDriver(config, 1, new core(config, { categories: 1 }));
          for (const step of again) go(d, step);
          return d.core.snapshot();
        });
        expect(remembering).toEqual(plain);
      }),
    );
  });
});
