// The pieces of the pipeline that stand between records and the memory system: front end, scoreboard, store buffer, traits.
import { describe, expect, test } from "vitest";
import { FetchQueue, LineInHand } from "../../../sim/timing/frontend.ts";
import { heapStorage } from "../../../sim/timing/part.ts";
import { Producer, Scoreboard, type Arrival } from "../../../sim/timing/scoreboard.ts";
import { StoreBlocks } from "../../../sim/timing/store-blocks.ts";
import { NO_OVERLAP, StoreBuffer } from "../../../sim/timing/storebuffer.ts";
import {
  Class,
  isBackward,
  isCall,
  isIndirect,
  isReturn,
  packTraits,
  TraitCache,
  traitClass,
  traitRd,
  traitRs1,
  traitRs2,
} from "../../../sim/timing/traits.ts";
import { machine, op, RAM } from "./harness.ts";

describe("the line in hand", () => {
  const make = (): LineInHand => new LineInHand(64, heapStorage);

  test("has an instruction whose line it has taken, and no other", () => {
    const f = make();
    expect(f.holds(RAM, RAM)).toBe(false);
    f.take(0x1008, RAM + 8);
    expect(f.holds(0x1000, RAM)).toBe(true);
    expect(f.holds(0x103c, RAM + 60)).toBe(true);
    expect(f.holds(0x1040, RAM + 64)).toBe(false);
    expect(f.holds(0xffc, RAM - 4)).toBe(false);
  });

  test("does not take another page's alias of the line for the line", () => {
    const f = make();
    f.take(0x1000, RAM);
    expect(f.holds(0x2000, RAM)).toBe(false);
    expect(f.holds(0x1000, RAM + 0x1000)).toBe(false);
  });

  test("has a short instruction up to the line's end, and a long one not beyond it", () => {
    const f = make();
    f.take(0x1000, RAM);
    expect(f.holdsBytes(0x103e, RAM + 62, 2)).toBe(true);
    expect(f.holdsBytes(0x103e, RAM + 62, 4)).toBe(false);
  });

  test("is none when it has been let go", () => {
    const f = make();
    f.take(RAM, RAM);
    f.drop();
    expect(f.holds(RAM, RAM)).toBe(false);
  });
});

describe("the fetch queue", () => {
  const make = (queueEntries = 3): FetchQueue =>
    new FetchQueue(machine([`frontend.queueEntries=${queueEntries}`]).frontend, heapStorage);

  test("hides as many cycles as it has gained, and no more than it has entries", () => {
    const f = make(3);
    expect(f.hide(2)).toBe(0);
    f.gain(2);
    expect(f.hide(1)).toBe(1);
    f.gain(10);
    expect(f.hide(5)).toBe(3);
    expect(f.hide(5)).toBe(0);
  });

  test("hides nothing after it has been dropped", () => {
    const f = make();
    f.gain(2);
    f.drop();
    expect(f.hide(1)).toBe(0);
  });
});

describe("the scoreboard", () => {
  const arrival = (): Arrival => ({ producer: 0, hitAt: 0, dataAt: 0, readyAt: 0 });
  const make = (...sets: string[]): Scoreboard =>
    new Scoreboard(machine(sets.map((s) => `scoreboard.${s}`)).scoreboard, heapStorage);

  test("has a product after mulCycles, its unit free after mulBusyCycles", () => {
    const s = make("mulCycles=4", "mulBusyCycles=2");
    s.mul(5, 10);
    expect([s.ready[5], s.unitFreeAt, s.busFreeAt]).toEqual([14, 12, 0]);
  });

  test("keeps the result bus until the product or quotient is out, where they share it", () => {
    const s = make("divCycles=20", "sharedBus=true");
    s.div(5, 10);
    expect([s.ready[5], s.unitFreeAt, s.busFreeAt]).toEqual([30, 30, 30]);
  });

  test("never makes anyone wait for x0", () => {
    const s = make("mulCycles=4");
    s.plain(0, 100);
    s.mul(0, 100);
    s.missed(0, 0, 3, 50, 60);
    expect(s.ready[0]).toBe(0);
  });

  test("tells what a register waits for", () => {
    const s = make();
    s.missed(7, 10, 13, 50, 60);
    const a = arrival();
    s.arrivalOf(7, a);
    expect(a).toEqual({ producer: Producer.memory, hitAt: 13, dataAt: 50, readyAt: 60 });
  });

  test("lets as many instructions into the window as it has entries, the unfinished one included", () => {
    const s = make("entries=3");
    s.missed(7, 0, 3, 50, 50);
    const issued = [0, 1, 2, 3].map(() => {
      const full = s.windowFull;
      s.issue();
      return full;
    });
    expect(issued).toEqual([false, false, false, true]);
  });

  test("does not watch what finishes before its window could fill", () => {
    const s = make("entries=3");
    s.missed(7, 0, 1, 3, 3);
    expect(s.unfinished).toBe(0);
    s.missed(7, 0, 1, 4, 4);
    expect(s.unfinished).toBe(1);
  });

  test("waits for unfinished operations in the order of issue", () => {
    const s = make("entries=2");
    s.missed(5, 0, 3, 50, 50);
    s.issue();
    s.missed(6, 1, 4, 80, 80);
    s.issue();
    const a = arrival();
    expect(s.windowFull).toBe(true);
    s.takeOldest(a);
    expect([a.readyAt, s.windowFull]).toEqual([50, false]);
    s.issue();
    expect(s.windowFull).toBe(true);
    s.takeOldest(a);
    expect([a.readyAt, s.unfinished, s.windowFull]).toEqual([80, 0, false]);
  });

  test("does not watch an operation that an older one outlasts", () => {
    const s = make("entries=2");
    s.missed(5, 0, 3, 80, 80);
    s.issue();
    s.missed(6, 1, 4, 50, 50);
    expect(s.unfinished).toBe(1);
  });

  test("without entries has no window", () => {
    const s = make("entries=0");
    s.missed(5, 0, 3, 500, 500);
    expect([s.unfinished, s.windowFull]).toEqual([0, false]);
  });
});

describe("the store buffer", () => {
  const make = (...sets: string[]): StoreBuffer =>
    new StoreBuffer(machine(sets.map((s) => `storeBuffer.${s}`)).storeBuffer, heapStorage);

  test("writes a store that hits after drainCycles, one that misses as much later as its line", () => {
    const b = make("entries=4", "drainCycles=2");
    b.push(10, 0);
    expect(b.emptyAt).toBe(12);
    b.push(20, 30);
    expect(b.emptyAt).toBe(52);
  });

  test("writes in order, at most one a cycle", () => {
    const b = make("entries=4", "drainCycles=2");
    b.push(10, 30);
    b.push(11, 0);
    expect(b.emptyAt).toBe(43);
  });

  test("has room when the oldest of as many stores as it has entries is written", () => {
    const b = make("entries=2", "drainCycles=2");
    b.push(0, 30);
    expect(b.freeAt).toBe(0);
    b.push(1, 0);
    expect(b.freeAt).toBe(32);
  });

  test("makes a load wait until the store that it overlaps is written", () => {
    const b = make("entries=4", "drainCycles=5");
    b.push(0, 0);
    b.push(2, 0);
    expect([b.loadableAt(0, 3), b.loadableAt(1, 3), b.loadableAt(NO_OVERLAP, 3)]).toEqual([7, 5, 3]);
    expect([b.loadableAt(1, 5), b.loadableAt(1, 6)]).toEqual([5, 6]);
  });

  test("knows how many stores still wait", () => {
    const b = make("entries=4", "drainCycles=5");
    b.push(0, 0);
    b.push(2, 0);
    expect([4, 5, 6, 7].map((at) => b.waitingAt(at))).toEqual([2, 1, 1, 0]);
  });
});

describe("the blocks that waiting stores write", () => {
  const make = (...sets: string[]): StoreBlocks =>
    new StoreBlocks(machine(sets.map((s) => `storeBuffer.${s}`)).storeBuffer, 16, heapStorage);

  test("are overlapped by loads of the same block of a page, whichever page", () => {
    const b = make("entries=4", "onOverlap=wait");
    b.push(RAM + 16, 8);
    b.push(RAM + 64, 8);
    const age = (phys: number, bytes = 8): number => b.overlapAge(phys, bytes);
    expect([age(RAM + 24), age(RAM + 16 + 4096), age(RAM + 64)]).toEqual([1, 1, 0]);
    expect([age(RAM + 15, 1), age(RAM + 32), age(RAM + 8, 16)]).toEqual([NO_OVERLAP, NO_OVERLAP, 1]);
  });

  test("are those of the youngest store where several overlap", () => {
    const b = make("entries=4", "onOverlap=wait");
    b.push(RAM, 64);
    b.push(RAM + 32, 8);
    expect([b.overlapAge(RAM, 8), b.overlapAge(RAM + 40, 8), b.overlapAge(RAM + 16, 32)]).toEqual([1, 0, 0]);
  });

  test("are forgotten when as many stores came after as the buffer has entries", () => {
    const b = make("entries=2", "onOverlap=wait");
    b.push(RAM, 8);
    b.push(RAM + 64, 8);
    expect(b.overlapAge(RAM, 8)).toBe(1);
    b.push(RAM + 64, 8);
    expect(b.overlapAge(RAM, 8)).toBe(NO_OVERLAP);
  });

  test("go on at the page's beginning where a store goes beyond its end", () => {
    const b = make("entries=4", "onOverlap=wait");
    b.push(RAM + 4092, 8);
    expect([b.overlapAge(RAM + 4080, 8), b.overlapAge(RAM, 8), b.overlapAge(RAM + 16, 8)]).toEqual([0, 0, NO_OVERLAP]);
  });

  test("are nobody's concern where the buffer forwards", () => {
    const b = make("entries=4", "onOverlap=forward");
    b.push(RAM, 8);
    expect(b.overlapAge(RAM, 8)).toBe(NO_OVERLAP);
  });
});

describe("traits", () => {
  test("name an instruction's class and registers", () => {
    const t = packTraits(op("mul", { rd: 31, rs1: 17, rs2: 3 }));
    expect([traitClass(t), traitRd(t), traitRs1(t), traitRs2(t)]).toEqual([Class.mul, 31, 17, 3]);
  });

  test("know calls, returns and jumps to registers by their link registers", () => {
    const of = (rd: number, rs1: number): boolean[] => {
      const t = packTraits(op("jalr", { rd, rs1 }));
      return [isIndirect(t), isCall(t), isReturn(t)];
    };
    expect(of(0, 1)).toEqual([true, false, true]);
    expect(of(0, 7)).toEqual([true, false, false]);
    expect(of(1, 7)).toEqual([true, true, false]);
    expect(of(1, 5)).toEqual([true, true, true]);
    expect(of(5, 5)).toEqual([true, true, false]);
    const jal = packTraits(op("jal", { rd: 1, imm: 8n }));
    expect([isIndirect(jal), isCall(jal), isReturn(jal)]).toEqual([false, true, false]);
  });

  test("know which branches go backward", () => {
    expect(isBackward(packTraits(op("bne", { rs1: 1, rs2: 2, imm: -4n })))).toBe(true);
    expect(isBackward(packTraits(op("bne", { rs1: 1, rs2: 2, imm: 4n })))).toBe(false);
  });

  test("are remembered by word, and told apart where words share a slot", () => {
    const cache = new TraitCache();
    for (let round = 0; round < 2; round += 1) {
      for (let imm = -2048n; imm < 2048n; imm += 1n) {
        const rd = Number(imm & 31n);
        expect(traitRd(cache.of(op("addi", { rd, rs1: 1, imm })))).toBe(rd);
      }
    }
  });
});
