// Timed runs of random programs on random machines, for the test and for the campaign.
import type { MemoLimits } from "../../../../sim/timing/memo-core.ts";
import { randomMachine, type RandomMachine } from "../../../arbitrary/machine.ts";
import { programImage, PROGRAM_ISAS, PROGRAM_RAM_BYTES, randomProgram } from "../../../arbitrary/program.ts";
import { randomHeat } from "../../../arbitrary/heat.ts";
import { HOT_RAM_BYTES, hotProgram, withCategories } from "../../../arbitrary/hot.ts";
import { Random } from "../../../arbitrary/random.ts";
import type { Slice, TimedRun } from "./timing.ts";

/** What turbo runs by itself. */
const ISAS = PROGRAM_ISAS.filter((isa) => !isa.includes("zyhybrid"));

export interface RandomRun {
  readonly run: TimedRun;
  readonly machine: RandomMachine;
}

/** Run number `index`: a random program, gone through again and again in slices of all kinds. */
export function randomRun(seed: number, index: number): RandomRun {
  const random = Random.of(seed, index);
  const machine = randomMachine(random);
  const isa = random.pick(ISAS);
  const program = randomProgram(seed, index, isa);
  const image = withCategories(random, programImage(program).image);
  const slices = [1, 2, 3, 4].flatMap((): Slice[] => [...randomSlices(random, 400), { again: true }]);
  return {
    machine,
    run: {
      ...{ isa, image, slices, ramBytes: PROGRAM_RAM_BYTES, misaligned: program.misaligned, core: machine.config },
      ...{ ...randomHeat(random), memoLimits: randomLimits(random) },
    },
  };
}

/** So many instructions at most, in a few slices. */
export function randomSlices(random: Random, instructions: number): Slice[] {
  const slices: Slice[] = [];
  for (let left = instructions; left > 0;) {
    const some = Math.min(left, random.chance(0.5) ? left : random.between(1, instructions >> 1));
    left -= some;
    if (random.chance(0.2)) slices.push({ cycles: random.between(1, 20 * some) });
    else if (random.chance(0.1)) slices.push({ steps: Math.min(some, 20) });
    else slices.push({ instructions: some });
  }
  return slices;
}

/** Often so few that what is remembered is forgotten time and again. */
export function randomLimits(random: Random): MemoLimits {
  const stores = random.chance(0.7) ? { nearStores: random.pick([0, 3]) } : {};
  if (random.chance(0.4)) return stores;
  return {
    ...stores,
    ...(random.chance(0.5) ? { mostTransitions: random.pick([1, 2, 7, 100]) } : {}),
    ...(random.chance(0.5) ? { mostScripts: random.pick([1, 3, 20]) } : {}),
    ...(random.chance(0.5)
      ? { allowed: random.pick([0, 1, 20]), cyclesATransition: random.pick([1, 10, 1000, 1e9]) }
      : {}),
  };
}

/** Run number `index` of a hot program. */
export function hotRun(seed: number, index: number): RandomRun & { readonly source: string } {
  const random = Random.of(seed, index);
  const machine = randomMachine(random);
  const { isa, image, source } = hotProgram(random);
  return {
    ...{ machine, source },
    run: {
      ...{ isa, image, ramBytes: HOT_RAM_BYTES, misaligned: random.chance(0.2) ? "trap" : "split" },
      slices: randomSlices(random, 6000),
      ...{ ...randomHeat(random), memoLimits: randomLimits(random), core: machine.config },
    },
  };
}
