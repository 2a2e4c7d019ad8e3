// Which instructions a region has, and how often, told by its code.
import { expect, test } from "vitest";
import type { Ending } from "../../../../sim/engine/turbo/ending.ts";
import { Exits } from "../../../../sim/engine/turbo/exits.ts";
import { translateRegion, type BlockWriter } from "../../../../sim/engine/turbo/regions.ts";
import { Class, isIndirect, packTraits, traitClass } from "../../../../sim/timing/traits.ts";
import { decoded } from "./decoded.ts";

/** Writes nothing. */
class Silent implements BlockWriter {
  readonly timed = undefined;
  readonly readsCounter = false;
  readonly fetchedTwice = false;
  ending: Ending | undefined;
  readonly beginBlock = (): void => {};
  readonly continues = (): boolean => true;
  readonly follow = (): boolean => true;
  readonly exit = (): void => {};

  readonly instruction: BlockWriter["instruction"] = (pc, op) => {
    const traits = packTraits(op.decoded);
    const target = pc + BigInt(op.decoded.operands["imm"] ?? 0);
    const kind = traitClass(traits);
    this.ending = undefined;
    if (kind === Class.branch) this.ending = { kind: "branch", target, otherwise: pc + BigInt(op.bytes) };
    if (kind === Class.jump) this.ending = isIndirect(traits) ? { kind: "dynamic" } : { kind: "goto", target };
    return true;
  };
}

/** In how many places of a region from the first instruction on a label's is; functions are called often. */
function places(source: string, label: string): number {
  const { head, at, address } = decoded(source);
  const code = {
    at,
    where: () => ({ pc: 0, category: 0 }),
    jumpsTo: () => [],
    isWarm: () => true,
    isLukewarm: () => true,
  };
  const region = translateRegion(head, { ...code, isElsewhere: () => false }, new Exits(), new Silent())!;
  const stretches = region.blocks.flatMap((block) => block.stretches);
  return stretches.filter(({ from, to }) => from <= address(label) && address(label) < to).length;
}

/** Two calls of a function, each in a block that comes after so many instructions of the region. */
const calling = (before: number): string =>
  `.rept ${before - 1}\n nop\n .endr\n beqz a0, 1f\n jal function\n ret\n 1: jal function\n ret\n .balign 4\n function: nop\n ret`;

test("what is called near the head is where it stands and in each block that calls it", () => {
  expect(places(calling(100), "function")).toBe(3);
});

test("what is called far from the head is in the region once", () => {
  expect(places(calling(200), "function")).toBe(1);
});

test("a block goes on behind a jump that is among the first 128 instructions of its region, and behind no later one", () => {
  // The block at 1 comes before the other, and has 3 instructions with the function.
  expect([124, 125, 127, 128].map((before) => places(calling(before), "function"))).toEqual([3, 2, 2, 1]);
});
