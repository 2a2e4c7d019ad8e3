// The turbo engine against the reference engine: random programs, and those that once made an engine differ.
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { randomProgram } from "../arbitrary/program.ts";
import { alike, TURBO_ISAS } from "./alike.ts";
import { runOf, runOfText } from "./assembly.ts";

/** The campaign in docs/validation.md is the long run. */
const PROGRAMS = Number(process.env["MESHSIM_TURBO_PROGRAMS"] ?? 40);
const REGRESS = new URL("../regress/", import.meta.url);
const regressions = readdirSync(REGRESS).filter((name) => name.endsWith(".S"));

test(`the turbo engine is like the reference engine wherever ${PROGRAMS} random programs are cut`, () => {
  const translated: number[] = [];
  fc.assert(
    fc.property(fc.integer(), fc.nat(), fc.constantFrom(...TURBO_ISAS), (seed, index, isa) => {
      const likeness = alike(runOf(randomProgram(seed, index, isa)), { seed });
      translated.push(likeness.translated / likeness.instructions);
      expect(likeness.divergence).toBeUndefined();
    }),
    { numRuns: PROGRAMS },
  );
  // Without generated code there would be nothing to compare.
  expect(translated.reduce((sum, share) => sum + share) / translated.length).toBeGreaterThan(0.4);
});

test.each(regressions)("the turbo engine runs %s like the reference engine", (name) => {
  const run = runOfText(readFileSync(new URL(name, REGRESS), "utf8"));
  expect(alike(run, { seed: 1 }).divergence).toBeUndefined();
});
