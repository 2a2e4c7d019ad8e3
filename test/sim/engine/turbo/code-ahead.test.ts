// What a region would have, told by its code.
import { expect, test } from "vitest";
import { codeAhead, type CodeAhead } from "../../../../sim/engine/turbo/code-ahead.ts";
import { decoded } from "./decoded.ts";

/**
 * From the first instruction on.
 *
 * @param warm - labels that are jumped to often.
 * @param led - where jumps to a register have led, whichever they are.
 */
function ahead(source: string, warm: readonly string[] = [], led: readonly string[] = []): CodeAhead {
  const { head, at, address } = decoded(source);
  const isWarm = (pc: bigint): boolean => warm.map(address).includes(pc);
  return codeAhead(head, { at, jumpsTo: () => led.map(address), isWarm });
}

const way = (...code: Parameters<typeof ahead>): number => ahead(...code).longestWay;

test("it ends behind a jump to a register that is not known to have led anywhere, with a return and with a trap", () => {
  for (const end of ["jr t1", "ret", "ecall", "jalr ra, (t1)"]) expect(way(`nop\n nop\n ${end}\n nop`)).toBe(3);
});

test("it ends where nothing has been decoded", () => {
  expect(way("nop\n nop")).toBe(2);
});

test("of two ways the longer one counts", () => {
  expect(way("beqz a0, 1f\n nop\n nop\n ret\n 1: ret")).toBe(4);
  expect(way("beqz a0, 1f\n ret\n 1: nop\n nop\n ret")).toBe(4);
});

test("it goes on where a jump leads", () => {
  expect(way("j 1f\n nop\n nop\n 1: nop\n ret")).toBe(3);
});

test("a loop has no end, wherever it is gone into and whichever way leads out", () => {
  expect(way("nop\n 1: nop\n bnez a0, 1b\n ret")).toBe(Infinity);
  expect(way("1: beqz a0, 2f\n nop\n j 1b\n 2: ret")).toBe(Infinity);
});

test("two ways that meet again are no loop", () => {
  expect(way("beqz a0, 1f\n nop\n j 2f\n 1: j 2f\n 2: nop\n ret")).toBe(5);
});

test("a function that is called often is gone through, and what follows the call", () => {
  const source = "nop\n jal f\n nop\n nop\n ret\n f: nop\n ret";
  expect(way(source)).toBe(2);
  expect(way(source, ["f"])).toBe(7);
});

test("a function that calls itself has no end", () => {
  expect(way("f: nop\n jal f\n ret", ["f"])).toBe(Infinity);
});

test("of the functions that a register has led to, the longest counts of those that are called often", () => {
  const source = "jalr ra, (t1)\n nop\n ret\n f: ret\n g: nop\n ret\n h: nop\n nop\n ret";
  expect(way(source, [], ["f", "g", "h"])).toBe(1);
  expect(way(source, ["f", "g"], ["f", "g", "h"])).toBe(5);
  expect(way(source.replace("jalr ra, (t1)", "jr t1"), ["f", "g"], ["f", "g", "h"])).toBe(3);
});

test("each instruction is counted once, on whatever ways it lies", () => {
  expect(ahead("beqz a0, 1f\n nop\n j 2f\n 1: j 2f\n 2: nop\n ret").instructions).toBe(6);
  expect(ahead("1: nop\n bnez a0, 1b\n ret\n nop").instructions).toBe(3);
});
