// The turbo engine against the reference engine: random programs, and those that once made an engine differ.
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { randomProgram } from "../arbitrary/program.ts";
import { alike, TURBO_ISAS } from "./alike.ts";
import { runOf, runOfText } from "./assembly.ts";
import { configOf } from "./contests.ts";

/** The campaign in docs/validation.md is the long run. */
const PROGRAMS = Number(process.env["MESHSIM_TURBO_PROGRAMS"] ?? 40);
/** Timed ones take longer. */
const TIMED_PROGRAMS = Math.ceil(PROGRAMS / 4);
const PRESETS = ["rocket@1", "cva6@1", "server@1"].map(configOf);
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

test(`it takes the same cycles and counts the same events, whatever the core (${TIMED_PROGRAMS} programs)`, () => {
  const cores = fc.constantFrom(...PRESETS);
  fc.assert(
    fc.property(fc.integer(), fc.nat(), fc.constantFrom(...TURBO_ISAS), cores, (seed, index, isa, core) => {
      expect(alike(runOf(randomProgram(seed, index, isa)), { seed, core }).divergence).toBeUndefined();
    }),
    { numRuns: TIMED_PROGRAMS },
  );
});

test.each([
  ["no line is in hand for an address below 64 when none is in hand", 1464],
  ["a trap is told whence its instruction came, though its access has let go of the page", 1471],
])("%s", (_, index) => {
  const program = randomProgram(8802, index, TURBO_ISAS[index % TURBO_ISAS.length]);
  expect(alike(runOf(program), { seed: index, core: configOf("server@1") }).divergence).toBeUndefined();
});

test("cold code at address 0 is found in its page", () => {
  const program = randomProgram(9201, 13, TURBO_ISAS[13 % TURBO_ISAS.length]);
  expect(alike(runOf(program), { seed: 13, core: configOf("cva6@1") }).divergence).toBeUndefined();
});

test("an instruction in two lines that traps is fetched once", () => {
  const run = runOfText(`# isa: rv64y
# misaligned: trap
	auipc a0, 0
	yaddi a1, a0, handler - . + 4
	csrw mtvec, a1
	yaddi a3, a0, 1024
	j again
	.balign 64
	.zero 60
	.option rvc
again: c.addi a2, 1
	sd a2, 1(a3)
	c.j again
	.option norvc
	.balign 4
handler:
	csrr t0, mepc
	yaddi t0, t0, 4
	csrw mepc, t0
	mret
	.balign 64
over:
`);
  const { divergence, translated } = alike(run, { seed: 1, core: PRESETS[0]! });
  expect(divergence).toBeUndefined();
  expect(translated).toBeGreaterThan(0);
});

test.each(regressions)("the turbo engine runs %s like the reference engine", (name) => {
  const run = runOfText(readFileSync(new URL(name, REGRESS), "utf8"));
  expect(alike(run, { seed: 1 }).divergence).toBeUndefined();
});
