// The machine against the vectors of outside machines, and the judge itself: it must find what is wrong, and read what is new.
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { inFolder } from "../drivers/cli.ts";
import { shared } from "../drivers/shared.ts";
import { readJsonLines } from "../drivers/vectors.ts";
import { filesIn, judgeFile } from "./vectors.ts";
import { verdictText, type Verdict } from "./verdict.ts";

const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);

describe("the vectors of outside machines", () => {
  // Skipped: what the README beside the vectors says they cannot settle.
  const FILES = [
    { file: "capabilities.jsonl.gz", passed: 10_000, skipped: 0 },
    { file: "instructions.jsonl.gz", passed: 39_895, skipped: 105 },
    { file: "instructions-zylevels1.jsonl.gz", passed: 19_965, skipped: 35 },
    { file: "programs/lv0-seed1.trace.jsonl.gz", passed: 4_767, skipped: 7 },
    { file: "programs/lv0-seed2.trace.jsonl.gz", passed: 4_682, skipped: 4 },
    { file: "programs/lv0-seed3.trace.jsonl.gz", passed: 4_736, skipped: 8 },
    { file: "programs/lv0-seed4.trace.jsonl.gz", passed: 4_593, skipped: 1 },
    { file: "programs/lv1-seed101.trace.jsonl.gz", passed: 4_929, skipped: 6 },
  ];
  for (const { file, passed, skipped } of FILES) {
    const path = shared(`vectors/${file}`);
    test.skipIf(path === undefined)(`all agree with the machine: ${file}`, () => {
      const verdict = judgeFile(path!);
      expect(verdict.failures).toEqual([]);
      expect([verdict.passed, verdict.failed, sum(verdict.skipped)]).toEqual([passed, 0, skipped]);
    });
  }
});

/** ymv t5, s1 */
const YMV = { pc: "0x80000080", w: "0x6048f7b", s1: [0, "0x0", "0x5"], s2: [0, "0x0", "0x0"] };
const RIGHT = { ...YMV, rd: 30, d: [0, "0x0", "0x5"] };
const WRONG = { ...YMV, rd: 30, d: [0, "0x0", "0x6"] };

function judge(name: string, content: string | Uint8Array): Verdict {
  return inFolder((folder) => {
    writeFileSync(join(folder, name), content);
    return judgeFile(join(folder, name));
  });
}
const lines = (...values: readonly unknown[]): string => values.map((v) => `${JSON.stringify(v)}\n`).join("");

describe("a judge of vectors", () => {
  test("tells place, instruction, what was expected and what was found", () => {
    expect(verdictText(judge("new.jsonl", lines(RIGHT, WRONG)))).toEqual([
      "new.jsonl: passed 1, failed 1, skipped 0",
      "new.jsonl:2: ymv t5,s1 (0x6048f7b at 0x80000080)",
      "    x30: expected 0 0x0 0x6, found 0 0x0 0x5",
    ]);
  });

  test("a vector without its fields, and a file cut short, are failures of theirs and not the end of the run", () => {
    const capabilities = judge(
      "new.jsonl",
      lines({ k: "dec" }, { k: "dec", m: "xyz", a: "0x0" }, { k: "constructor" }),
    );
    expect([capabilities.passed, capabilities.failed, sum(capabilities.skipped)]).toEqual([0, 2, 1]);
    expect(judge("new.jsonl", lines({ ...RIGHT, d: [1, "xyz", "0x5"] })).failed).toBe(1);
    expect(judge("new.jsonl.gz", gzipSync(lines(RIGHT)).subarray(0, 20)).failed).toBe(1);
    expect(judge("new.jsonl.gz", lines(RIGHT)).failed).toBe(1);
  });

  test("reads compressed files, passes over fields that it does not know, and keeps counting lines across empty ones", () => {
    const text = `${lines({ ...RIGHT, later: { any: [1] } })}\n${lines(WRONG)}`;
    const verdict = judge("new.jsonl.gz", gzipSync(text));
    expect([verdict.passed, verdict.failed, verdict.failures[0]?.line]).toEqual([1, 1, 3]);
  });

  test("fails a line that it cannot read, and skips by name what it has no rule for", () => {
    const verdict = judge("new.jsonl", `{\n${lines({ k: "seal" }, { note: "hello" }, { ...YMV, w: "0x4501" })}`);
    expect([verdict.failed, verdict.failures[0]?.subject]).toEqual([1, "unreadable"]);
    expect([...verdict.skipped]).toEqual([
      ["of unknown kind 'seal'", 1],
      ["of unknown shape", 1],
      ["compressed instruction: its registers are not in the vector", 1],
    ]);
  });

  test("sees a trap that should be, one that should not, and another cause than the one that was", () => {
    const ly = { pc: "0x80000080", w: "0x000091fb", s1: [0, "0x0", "0x80001000"], s2: [0, "0x0", "0x0"] };
    const load = { exc: 33, tval: "0x80001000" };
    const differences = (...vectors: readonly unknown[]): unknown =>
      judge("new.jsonl", lines(...vectors)).failures.map((f) => f.differences.map((d) => [d.what, d.found]));
    expect(differences({ ...ly, s1: YMV.s1, w: "0x0004917b", ...load, tval: "0x5" })).toEqual([]);
    expect(differences({ ...ly, s1: YMV.s1, w: "0x0004917b" })).toEqual([[["trap", "cause 33"]]]);
    expect(differences({ ...ly, s1: YMV.s1, w: "0x0004917b", exc: 5, tval: "0x5" })).toEqual([[["mcause", "33"]]]);
    expect(differences({ ...RIGHT, exc: 2, tval: "0x0" })).toEqual([[["trap", "none"]]]);
  });

  test("judges each vector in M-mode with the infinite pcc, whatever the one before did", () => {
    const mret = { pc: "0x80000080", w: "0x30200073", s1: [0, "0x0", "0x0"], s2: [0, "0x0", "0x0"] };
    const csrr = { ...mret, w: "0x340022f3", rd: 5, d: [0, "0x0", "0x7"] };
    // To a sealed entry with bounds of 256 bytes elsewhere: jalr zero, 0(s1)
    const jalr = { ...mret, w: "0x00048067", s1: [1, "0xf01fe00008000000", "0x80104000"] };
    expect(judge("new.jsonl", lines(mret, csrr, mret, jalr, RIGHT))).toMatchObject({ passed: 5, failed: 0 });
  });

  test("skips a trace without its program, and files that hold no vectors", () => {
    expect([...judge("p.trace.jsonl", lines(RIGHT)).skipped]).toEqual([["trace without its program p.bin", 1]]);
    expect([...judge("notes.txt", "hello").skipped]).toEqual([["not a file of vectors", 1]]);
  });

  const program = shared("vectors/programs/lv1-seed101.bin");
  test.skipIf(program === undefined)("stops a program at its first difference, and finds one that has no end", () => {
    inFolder((folder) => {
      const trace = readJsonLines(program!.replace(".bin", ".trace.jsonl.gz"));
      writeFileSync(join(folder, "lv1.bin"), readFileSync(program!));
      const at = trace.findIndex((line) => line.includes('"rd":10,'));
      const spoiled = trace.with(at, trace[at]!.replace(/"d":\[.,/, '"d":[7,'));
      writeFileSync(join(folder, "lv1.trace.jsonl"), spoiled.join("\n"));
      const verdict = judgeFile(join(folder, "lv1.trace.jsonl"));
      expect([verdict.passed, verdict.failed, verdict.failures[0]?.line]).toEqual([at, 1, at + 1]);
      expect([...verdict.skipped]).toEqual([["behind the first failure of the program", trace.length - at - 1]]);

      writeFileSync(join(folder, "lv1.trace.jsonl"), trace.slice(0, 100).join("\n"));
      expect(judgeFile(join(folder, "lv1.trace.jsonl")).failures.map((f) => f.subject)).toEqual([
        "the end of the program",
      ]);
    });
  });

  test("finds files in folders within folders, in order of their names", () => {
    const found = filesIn(shared("vectors") ?? "absent").map((path) => basename(path));
    expect(found).toEqual([...found].sort());
  });
});
