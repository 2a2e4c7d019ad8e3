// Engines against the second model: random programs, and the programs that once made them differ.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decoderFor } from "../../isa/table.ts";
import { createMachine } from "../../sim/machine/machine.ts";
import { arbProgram, extensionsOf, programImage, PROGRAM_RAM_BYTES, randomProgram } from "../arbitrary/program.ts";
import { permits } from "../model/csr.ts";
import { Model } from "../model/model.ts";
import { programText, runOf, runOfText, wholeRunOf } from "./assembly.ts";
import { againstModel, type Contest } from "./contests.ts";
import { CONTESTANTS, lockstep, type Contestant } from "./lockstep.ts";
import { describe as describeDivergence, finalState, minimise } from "./report.ts";

/** The campaign in docs/validation.md is the long run. */
const PROGRAMS = Number(process.env["MESHSIM_LOCKSTEP_PROGRAMS"] ?? 10_000);
const CAMPAIGN_TIMEOUT_MS = 1_800_000;
const SEED = 20260723;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CAMPAIGN = ["--import", "./test/typescript.js", "test/lockstep/campaign.ts"];
const REGRESS = new URL("../regress/", import.meta.url);
const regressions = readdirSync(REGRESS).filter((name) => name.endsWith(".S"));

/** Runs programs of a campaign; a failure says what to look at, already small. */
function campaign(contest: Contest, seed: number, programs: number): string[] {
  for (let index = 0; index < programs; index += 1) {
    const program = contest.program(seed, index);
    if (contest.hold(program, index, false).divergence === undefined) continue;
    const small = minimise(contest, program, index);
    return [`seed ${seed}, program ${index}`, ...describeDivergence(small.program, small.divergence)];
  }
  return [];
}

describe.each(CONTESTANTS)("the $name engine", (contestant) => {
  test(
    `agrees with the second model on ${PROGRAMS} random programs, step by step`,
    () => {
      // In a process of its own: under the test runner the same programs take five times as long.
      const count = ["--programs", `${PROGRAMS}`, "--seed", `${SEED}`, "--engine", contestant.name, "--discard"];
      const { stdout, status } = spawnSync(process.execPath, [...CAMPAIGN, ...count], { cwd: ROOT, encoding: "utf8" });
      expect(stdout).toMatch(
        new RegExp(`^${PROGRAMS} programs, \\d+ instructions, \\d+ traps, 0 divergences\\n$`, "m"),
      );
      expect(status).toBe(0);
    },
    CAMPAIGN_TIMEOUT_MS,
  );

  test("agrees with it on unrelated instructions in any order", () => {
    fc.assert(
      fc.property(arbProgram, (program) => lockstep(contestant, runOf(program), true).divergence === undefined),
      {
        numRuns: 60,
      },
    );
  });

  test.each(regressions)("ends %s in the state that is written beside it", (name) => {
    const { divergence, model } = lockstep(contestant, runOfText(readFileSync(new URL(name, REGRESS), "utf8")), true);
    expect(divergence).toBeUndefined();
    expect(finalState(model)).toBe(readFileSync(new URL(name.replace(/\.S$/, ".expected"), REGRESS), "utf8"));
  });
});

test("the second model has the registers that the machine has, for reading and for writing", () => {
  const { isa, image } = runOf(randomProgram(SEED, 0));
  const machine = createMachine({ isa, image, ramBytes: PROGRAM_RAM_BYTES });
  const platform = { ...extensionsOf(isa), misalignedTraps: false };
  const model = new Model(platform, new Uint8Array(PROGRAM_RAM_BYTES), 0n);
  for (let n = 0; n < 4096; n += 1) {
    for (const write of [false, true]) {
      expect({ n, write, has: permits(model, n, write) }).toEqual({
        n,
        write,
        has: machine.csrs.permits(n, write, true),
      });
    }
  }
});

describe("a wrong engine", () => {
  /** Stores every capability with a tag. */
  const forging: Contestant = {
    name: "forging",
    restarts: false,
    create: (options) => {
      const machine = createMachine(options);
      const { memory } = machine;
      const store = memory.storeCapability.bind(memory);
      memory.storeCapability = (offset, _tag, meta, addr) => store(offset, 1, meta, addr);
      return machine;
    },
  };

  test("is found by few programs, and what shows it shrinks to a few instructions", () => {
    const lines = campaign(againstModel(forging), SEED, 20);
    expect(lines[1]).toMatch(/^memory at 0x[0-9a-f]+ differs after/);
    expect(lines.length).toBeLessThanOrEqual(4 + 6);
  });
});

describe("a short way", () => {
  const [reference] = CONTESTANTS;
  const programs = Array.from({ length: 24 }, (_, i) => randomProgram(SEED + 1, i));

  test("to the body leaves what the program's own prologue leaves", () => {
    for (const program of programs) {
      const short = runOf(program);
      const pc = Number(short.handover!.pc);
      const whole = { ...wholeRunOf(program), end: { from: pc, to: pc + 4 } };
      const [a, b] = [
        lockstep(reference!, { ...short, maxSteps: 0 }).model,
        lockstep({ ...reference!, restarts: false }, whole).model,
      ];
      expect(finalState(a)).toBe(finalState(b));
      expect(a.x).toEqual(b.x);
      expect(a.ram).toEqual(b.ram);
    }
  });

  test("to the next program leaves nothing of the last one", () => {
    const states = (restarts: boolean): unknown[] =>
      programs.map((program) => {
        const { steps, traps, model, divergence } = lockstep({ ...reference!, restarts }, runOf(program));
        return { steps, traps, state: finalState(model), divergence };
      });
    expect(states(true)).toEqual(states(false));
  });
});

describe("random programs", () => {
  const programs = Array.from({ length: 200 }, (_, i) => randomProgram(SEED, i));

  test("have at least 64 instructions, more than half of which are capability instructions", () => {
    const decode = decoderFor("rv64y_zylevels1");
    const words = programs.flatMap((p) => p.body);
    const capability = words.filter((w) => {
      const insn = decode(w)?.insn;
      return insn !== undefined && (insn.ext === "Y" || insn.with === "Y");
    });
    expect(Math.min(...programs.map((p) => p.body.length))).toBeGreaterThanOrEqual(64);
    expect(capability.length / words.length).toBeGreaterThan(0.5);
  });

  test("are the same for the same seed, and others for another", () => {
    expect(randomProgram(7, 3)).toEqual(randomProgram(7, 3));
    expect(randomProgram(7, 4)).not.toEqual(randomProgram(7, 3));
    expect(randomProgram(8, 3)).not.toEqual(randomProgram(7, 3));
  });

  test("as text assemble to the same bytes, and end at the same place", () => {
    for (const program of programs.slice(0, 20)) {
      const wanted = programImage(program);
      const run = runOfText(programText(program, ["a note"]));
      expect(run.end).toEqual(wanted.end);
      expect(run.isa).toBe(program.isa);
      const bytes = new Uint8Array(wanted.image.segments[0]!.bytes.length);
      bytes.set(run.image.segments[0]!.bytes);
      expect(bytes).toEqual(wanted.image.segments[0]!.bytes);
    }
  });
});
