// Building a machine: what an image must be to run on it, and what the host can read of it afterwards.
import { describe, expect, test } from "vitest";
import { createMachine, imageMisfit, RAM_BASE } from "../../../sim/machine/machine.ts";
import { flatImage } from "../../drivers/instruction-vectors.ts";
import { PASS, run } from "../../drivers/machine.ts";

const RAM_BYTES = 0x10000;

describe("images", () => {
  test("an image fits that ends where RAM ends, and one byte more does not", () => {
    const sized = (bytes: number): string | undefined => imageMisfit(flatImage(new Uint8Array(bytes)), RAM_BYTES);
    expect([sized(RAM_BYTES), sized(RAM_BYTES + 1)]).toEqual([
      undefined,
      "65537 bytes at 0x80000000 do not lie in RAM, which is [0x80000000, 0x80010000)",
    ]);
  });

  test("an image below RAM, or with its entry outside, does not fit", () => {
    expect(imageMisfit(flatImage(new Uint8Array(4), 0x1000), RAM_BYTES)).toContain("4 bytes at 0x1000");
    expect(imageMisfit({ ...flatImage(new Uint8Array(4)), entry: 0 }, RAM_BYTES)).toContain("the entry 0x0");
  });

  test("a machine cannot be built from what does not fit", () => {
    const image = flatImage(new Uint8Array(4), 0x1000);
    expect(() => createMachine({ isa: "rv64i", ramBytes: RAM_BYTES, image })).toThrow("do not lie in RAM");
    expect(() => createMachine({ isa: "x86", ramBytes: RAM_BYTES, image: flatImage(new Uint8Array(4)) })).toThrow(
      "x86",
    );
  });
});

describe("the host", () => {
  test("reads back a copy of RAM", () => {
    const { machine, symbol } = run(` la a0, data\n li a1, 0x0102\n sh a1, 0(a0)\n${PASS}\n .data\ndata: .zero 4`);
    const copy = machine.readMemory(Number(symbol("data")), 4);
    expect([...copy]).toEqual([2, 1, 0, 0]);
    copy[0] = 9;
    expect([...machine.readMemory(Number(symbol("data")), 1)]).toEqual([2]);
    expect(() => machine.readMemory(RAM_BASE - 1, 1)).toThrow("does not lie in RAM");
  });

  test("counts cycles and instructions since reset", () => {
    const { machine } = run(` nop\n nop\n${PASS}`);
    expect([machine.instructions, machine.cycles]).toEqual([6, 6]);
  });
});
