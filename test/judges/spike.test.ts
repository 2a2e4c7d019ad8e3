// The parts of the judge that is Spike which need no Spike: the programs, and the comparison of logs.
import { expect, test } from "vitest";
import { program, run } from "../drivers/machine.ts";
import { SPIKE_ISA, spikeProgram } from "./spike-program.ts";
import { compareCommits } from "./spike.ts";

test("random programs end by themselves, whatever traps they take", () => {
  for (const number of [0, 1, 2]) {
    const { stop } = run(spikeProgram(7, number, 40), { isa: SPIKE_ISA, ramBytes: 16 << 20 });
    expect(stop.kind).toBe("exit");
  }
});

test("a seed and a number give one program, another number another", () => {
  const bytes = (number: number): Uint8Array => program(spikeProgram(7, number, 10), SPIKE_ISA).segments[0]!.bytes;
  expect(bytes(3)).toEqual(bytes(3));
  expect(bytes(3)).not.toEqual(bytes(4));
});

const HEAD = "core   0: 3 0x0000000080000000 (0x34415073)";

test("logs are equal up to the order of fields and to CSRs that are ignored", () => {
  const ours = [`${HEAD} x5  0x0000000000000001 c836_mip 0x0000000000000002`];
  const theirs = [`${HEAD} c836_mip 0x0000000000000082 x5  0x0000000000000001 `];
  expect(compareCommits(ours, theirs, new Set(["c836_mip"]))).toEqual({ instructions: 1, difference: [] });
  expect(compareCommits(ours, theirs, new Set()).difference).toHaveLength(2);
});

test("a log that ends early differs there, with what came before as context", () => {
  const line = `${HEAD} x5  0x0000000000000001`;
  expect(compareCommits([line, line], [line], new Set())).toEqual({
    instructions: 1,
    difference: [`  ${line}`, `< ${line}`, "> (Spike's log ends)"],
  });
});
