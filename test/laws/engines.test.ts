// I21: what executes a program does not show in its outcome.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resolveMachine } from "../../sim/config/machine.ts";
import { createMachine, RAM_BASE, type Machine, type MachineOptions } from "../../sim/machine/machine.ts";
import { Core } from "../../sim/timing/core.ts";
import { arbHoldings, arbHostileCode, ISAS, RAM_BYTES, type Holdings, type HostileIsa } from "./hostile.ts";
import { codeCapability, toCapability } from "./watched.ts";

const STEPS = 300;

function machine(
  isa: HostileIsa,
  words: readonly number[],
  holdings: Holdings,
  extra: Partial<MachineOptions>,
): Machine {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  // A short instruction is followed by C.NOP.
  words.forEach((word, i) => view.setUint32(4 * i, ((word & 3) === 3 ? word : word | 0x0001_0000) >>> 0, true));
  const segment = { address: RAM_BASE, bytes, memoryBytes: bytes.length, executable: true, writable: true };
  const image = { entry: RAM_BASE, segments: [segment], symbols: new Map(), categories: ["other"], ranges: [] };
  const made = createMachine({ isa, ramBytes: RAM_BYTES, image, ...extra });
  holdings.registers.forEach((c, i) => made.engine.setY(i + 1, toCapability(c)));
  for (const [granule, c] of holdings.memory)
    made.memory.storeCapability(0x1000 + 16 * granule, Number(c.tag), c.meta, c.addr);
  made.engine.resume(toCapability(codeCapability(isa)));
  return made;
}

function core(): Core {
  const resolved = resolveMachine({ preset: "cva6@1" });
  if (resolved.kind === "diagnostics") throw new Error("no such machine");
  return new Core(resolved.config, { categories: 1 });
}

/** All that a program could know of itself. */
function outcome({ engine, memory, instructions }: Machine): Record<string, unknown> {
  const registers = Array.from({ length: 32 }, (_, r) => engine.y(r)).concat(engine.pcc);
  const tags = [...memory.tags].flatMap((tag, granule) => (tag === 1 ? [granule] : []));
  return {
    instructions,
    registers: registers.map(({ tag, meta, addr }) => [tag, meta, addr].map(String).join(" ")),
    tags,
    bytes: Buffer.from(memory.bytes).toString("base64"),
  };
}

describe.each(ISAS)("%s", (isa) => {
  // A program that reads a clock may tell one machine from another, and so may one that arms a timer.
  const timeless = (name: string): boolean => name.startsWith("csr");

  test("I21: a program ends in the same state stepped or run, logged or not, timed or not", () => {
    fc.assert(
      fc.property(arbHoldings(isa), arbHostileCode(isa, timeless), (holdings, words) => {
        const make = (extra: Partial<MachineOptions> = {}): Machine => machine(isa, words, holdings, extra);
        const run = make();
        run.run({ maxInstructions: STEPS });
        const stepped = make();
        while (stepped.instructions < run.instructions) stepped.step();
        const logged = make({ onCommit: () => {} });
        logged.run({ maxInstructions: STEPS });
        const timed = make({ timing: core() });
        timed.run({ maxInstructions: STEPS });
        const expected = outcome(run);
        expect(outcome(logged)).toEqual(expected);
        expect(outcome(timed)).toEqual(expected);
        // A run ends where a trap comes for ever; single steps may have stopped before that trap, in other respects alike.
        expect({ ...outcome(stepped), registers: [] }).toEqual({ ...expected, registers: [] });
      }),
      { numRuns: 25 },
    );
  });
});
