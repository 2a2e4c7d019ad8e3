// Random instruction sequences: single instructions of every kind, and idioms that single ones would seldom form.
import type { Extensions } from "../model/capability.ts";
import * as idioms from "./idioms.ts";
import * as privileged from "./idioms-privileged.ts";
import type { Random } from "./random.ts";
import { oddWord, single } from "./single.ts";

type Idiom = (random: Random) => number[];

const TRANSLATION: readonly Idiom[] = [
  ...[privileged.remap, privileged.remap, privileged.translationState, idioms.pageEnd],
];

const IDIOMS: readonly Idiom[] = [
  ...[idioms.sealedJump, idioms.throughMemory, idioms.throughMemory, idioms.reserved, idioms.selfModifying],
  ...[idioms.loop, idioms.narrowing, idioms.built, idioms.ramEnd],
  ...[privileged.lowerPrivilege, privileged.privilegedState, privileged.interrupt, privileged.protection],
  ...[privileged.counters, privileged.vector],
];

/** What a body can rely on. */
export interface Features {
  readonly x: Extensions;
  readonly translated: boolean;
  /** Svyrg is on, where pages are translated. */
  readonly generations: boolean;
}

/** A random body of about so many instructions. */
export function randomBody(random: Random, instructions: number, features: Features): number[] {
  const { x, translated } = features;
  const generations = translated && features.generations;
  const body: number[] = [];
  while (body.length < instructions) {
    if (x.zyhybrid && random.chance(0.08)) body.push(...privileged.modes(random));
    if (translated && random.chance(0.05)) body.push(...random.pick(TRANSLATION)(random));
    if (generations && random.chance(0.05)) body.push(...privileged.generation(random));
    if (random.chance(0.14)) body.push(...random.pick(IDIOMS)(random));
    else if (random.chance(0.01)) body.push(oddWord(random));
    else body.push(single(random));
  }
  return body;
}
