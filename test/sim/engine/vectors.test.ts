// The reference engine against an outside machine: its instruction vectors one by one, its programs retire by retire.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readVectors, VectorMachine } from "../../drivers/instruction-vectors.ts";
import { shared } from "../../drivers/shared.ts";

const files = [
  { file: "vectors/instructions.jsonl.gz", isa: "rv64y", count: 40_000, excused: 1_430 },
  { file: "vectors/instructions-zylevels1.jsonl.gz", isa: "rv64y_zylevels1", count: 20_000, excused: 35 },
];
const programs = ["lv0-seed1", "lv0-seed2", "lv0-seed3", "lv0-seed4", "lv1-seed101"];

describe("instruction vectors", () => {
  for (const { file, isa, count, excused } of files) {
    test.skipIf(!shared(file))(`every instruction of ${file} does on ${isa} what the outside machine did`, () => {
      const machine = new VectorMachine(isa);
      const vectors = readVectors(shared(file)!);
      const differing = vectors
        .map((v) => ({ v, differences: machine.runAlone(v), excuse: machine.knownCorner(v) || machine.outsideRam(v) }))
        .filter(({ differences }) => differences.length > 0);
      const failures = differing.filter(({ excuse }) => !excuse);
      expect(failures.slice(0, 5)).toEqual([]);
      expect({ vectors: vectors.length, excused: differing.length }).toEqual({ vectors: count, excused });
    });
  }
});

describe("whole programs", () => {
  for (const name of programs) {
    const path = shared(`vectors/programs/${name}.bin`);
    test.skipIf(!path)(`${name} retires every instruction as on the outside machine and then passes`, () => {
      const isa = name.startsWith("lv1") ? "rv64y_zylevels1" : "rv64y";
      const machine = new VectorMachine(isa, readFileSync(path!));
      for (const v of readVectors(shared(`vectors/programs/${name}.trace.jsonl.gz`)!)) {
        const differences = machine.step(v);
        if (differences.length > 0 && (machine.knownCorner(v) || machine.outsideRam(v))) machine.adopt(v);
        else expect({ v, differences }).toEqual({ v, differences: [] });
      }
      expect(machine.machine.run({ maxInstructions: machine.machine.instructions + 10 })).toEqual({
        kind: "exit",
        status: 0,
      });
    });
  }
});
