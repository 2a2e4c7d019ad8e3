// The benchmark kernels compute, and compute the same with integers as with capabilities.
import { describe, expect, test } from "vitest";
import { createMachine } from "../../../sim/machine/machine.ts";
import { buildKernel, FORMS, isaOf, KERNELS, type Form, type Kernel } from "../../../workloads/micro/kernels.ts";

interface Outcome {
  readonly checksum: bigint;
  readonly instructions: number;
}

function run(kernel: Kernel, form: Form, turns: number): Outcome {
  const image = buildKernel(kernel, form, turns);
  const machine = createMachine({ isa: isaOf(form), ramBytes: 2 ** 23, image });
  expect(machine.run({ maxInstructions: 2_000_000 })).toEqual({ kind: "exit", status: 0 });
  const checksum = new DataView(machine.readMemory(image.symbols.get("micro_result")!, 8).buffer);
  return { checksum: checksum.getBigUint64(0, true), instructions: machine.instructions };
}

/** Checksums by turns that need no model of the kernel. */
const EXPECTED: Readonly<Record<string, (turns: number) => bigint>> = {
  calls: (turns) => 610n * BigInt(turns),
  "sealed-calls": (turns) => BigInt((turns * (turns + 1)) / 2),
  traps: (turns) => BigInt(turns),
  switches: (turns) => BigInt((turns * (turns + 1)) / 2),
};

describe.each(KERNELS)("$name", (kernel) => {
  test("the checksums of both forms are equal, and change with the turns", () => {
    const [integer, capability] = FORMS.map((form) => run(kernel, form, 3));
    expect(capability!.checksum).toBe(integer!.checksum);
    expect(run(kernel, "capability", 2).checksum).not.toBe(capability!.checksum);
  });

  test("more turns are more instructions", () => {
    expect(run(kernel, "integer", 3).instructions).toBeGreaterThan(run(kernel, "integer", 2).instructions);
  });
});

test.each(Object.entries(EXPECTED))("%s computes what its first lines say", (name, expected) => {
  const kernel = KERNELS.find((k) => k.name === name)!;
  for (const form of FORMS) expect(run(kernel, form, 5).checksum).toBe(expected(5));
});
