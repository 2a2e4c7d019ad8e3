// What pieces of code on time take at most: random ones on random machines, after anything, take no more.
import { expect, test } from "vitest";
import { Clock } from "../../../sim/timing/clock.ts";
import { OnTimeBound } from "../../../sim/timing/on-time-bound.ts";
import { heapStorage } from "../../../sim/timing/part.ts";
import { Pipeline, type Outcomes } from "../../../sim/timing/pipeline.ts";
import { stepWord } from "../../../sim/timing/step.ts";
import { NO_OVERLAP } from "../../../sim/timing/storebuffer.ts";
import { Class } from "../../../sim/timing/traits.ts";
import { randomMachine } from "../../arbitrary/machine.ts";
import { Random } from "../../arbitrary/random.ts";

const CLASSES = Object.values(Class);
const ACCESSES: readonly number[] = [Class.load, Class.store, Class.atomic, Class.cbo];

/** An instruction of any class, of few registers; one that transfers is `last`. */
function randomWord(random: Random, last: boolean): number {
  const timingClass = random.pick(CLASSES);
  if (!last && (timingClass === Class.branch || timingClass === Class.jump)) return randomWord(random, last);
  const register = (): number => random.between(0, 4);
  const traits = register() | (register() << 5) | (register() << 10) | (timingClass << 15);
  const bytes = ACCESSES.includes(timingClass) ? 2 ** random.between(0, 6) : 0;
  return stepWord(traits, bytes, last ? random.between(0, 3) : 0);
}

test("a piece on time, and a fresh start that waits for what it began, are over within the cycles that are allowed for them", () => {
  let nearest = Infinity;
  for (let index = 0; index < 400; index += 1) {
    const random = Random.of(77, index);
    const { config } = randomMachine(random);
    const bound = new OnTimeBound(config);
    const pipeline = new Pipeline(config, new Clock(1, heapStorage), heapStorage);
    let answered = 0;
    let late = 0;
    const answer = (at: number): number => {
      const ready = at + config.l1d.hitCycles + (random.chance(0.3) ? random.between(0, late) : 0);
      answered = Math.max(answered, ready);
      return ready;
    };
    const outcomes: Outcomes = {
      ...{ translate: (at) => at, device: () => false, blockedUntil: () => 0, tagCycles: () => 0 },
      overlapAge: () => (random.chance(0.3) ? random.between(0, config.storeBuffer.entries - 1) : NO_OVERLAP),
      ...{ read: answer, write: answer },
    };
    for (let round = 0; round < 12; round += 1) {
      late = random.pick([0, 5, 300]);
      for (let n = random.between(0, 12); n > 0; n -= 1) pipeline.step(randomWord(random, n === 1), outcomes);
      late = 0;
      const length = random.between(1, 12);
      const words = Array.from({ length }, (_, i) => randomWord(random, i === length - 1));
      const restarts = random.chance(0.5);
      const until = Math.max(pipeline.clock.now, answered) + bound.cycles(words, restarts);
      for (const word of words) pipeline.step(word, outcomes);
      if (restarts && random.chance(0.5)) pipeline.trap(1);
      else if (restarts) pipeline.flush();
      expect(pipeline.clock.now).toBeLessThanOrEqual(until);
      nearest = Math.min(nearest, until - pipeline.clock.now);
    }
  }
  // The bound is no further away than need be.
  expect(nearest).toBeLessThan(8);
});
