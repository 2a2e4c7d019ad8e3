// The code that finds shortcuts for late accesses from near states (shortcuts.ts), and goes the long way where there is none.
import { SCRIPT_SPREAD, STATE_SPREAD } from "../../timing/transitions.ts";
import type { Access } from "./late-access.ts";
import { takingsOf, type LateCode } from "./late-code.ts";
import { slotWord } from "./memo-code.ts";
import { ROW_SHIFT } from "./rows.ts";
import { NOTHING_BEFORE, POINT, POINT_BITS, POINT_SHIFT } from "./points.ts";
import { APPROACH, APPROACH_BITS, APPROACH_SHIFT, ARRIVAL, ARRIVAL_BITS, ARRIVAL_SHIFT } from "./shortcuts.ts";
import { i32x4 } from "./lanes.ts";
import {
  element,
  f64,
  i32,
  i64,
  type Callee,
  type Functions,
  type Local,
  type Statements,
  type Term,
} from "./terms.ts";
import { NO_OVERLAP } from "../../timing/storebuffer.ts";
import { F64, I32 } from "./wasm.ts";

const { const: word } = i32;

/** The outcomes that an approach is with. */
const OUTCOMES = ["translateCycles", "blockedCycles", "overlapAge"] as const;
export type ApproachOutcomes = Readonly<Record<(typeof OUTCOMES)[number], Term>>;

export function outcomesOf(approach: Term): ApproachOutcomes {
  const [translateCycles, blockedCycles, overlapAge] = OUTCOMES.map((name) => i32.load(approach, APPROACH[name]));
  return { translateCycles: translateCycles!, blockedCycles: blockedCycles!, overlapAge: overlapAge! };
}

export interface ShortcutCode {
  /** Where the approach of an access lies. */
  readonly approach: (f: Statements, a: Access, ask: () => void) => Local;
  /** Where that lies of the same access with other outcomes, `onTime` being its script on time; 0 where that is not known. */
  readonly own: (approach: Term, onTime: Term, outcomes: Partial<ApproachOutcomes>) => Term;
  /** Where the arrival of an access lies; goes to `finish`, which does not return, where that is not known. */
  readonly arrival: (f: Statements, a: Answered, finish: () => void) => Local;
}

interface Answered extends Pick<Access, "record"> {
  readonly approach: Local;
  readonly accessCycles: Local;
  readonly tagCycles: Local;
}

export function shortcutCode(module: Functions, code: LateCode): ShortcutCode {
  const findApproach = findApproachFunction(module, code);
  const ownApproach = ownApproachFunction(module, code);
  const findArrival = findArrivalFunction(module, code);
  const { approachesAt, arrivalsAt } = code.tables.points.shortcuts;
  return {
    approach: (f, { point, row, age, state }, ask) => {
      const place = f.let(
        i32.or(i32.shl(i32.sub(row, word(code.tables.rows.at)), word(POINT_BITS - ROW_SHIFT)), point),
      );
      const hash = i32.xor(i32.mul(state, word(STATE_SPREAD)), i32.mul(place, word(SCRIPT_SPREAD)));
      const at = f.let(element(approachesAt, i32.shrU(hash, word(32 - APPROACH_BITS)), APPROACH_SHIFT));
      const differences = [
        i32.ne(i32.load(at, APPROACH.state), state),
        i32.ne(i32.load(at, APPROACH.place), place),
        ...(code.ordersLoads ? [f64.lt(age, f64.load(at, APPROACH.waitingBefore))] : []),
      ];
      ifAny(f, differences, () => {
        f.set(at, findApproach(at, place, age, state));
        f.rarely(i32.not(at), ask);
      });
      return at;
    },
    own: (approach, onTime, outcomes) => {
      const all = { ...outcomesOf(approach), ...outcomes };
      return ownApproach(approach, onTime, ...OUTCOMES.map((name) => all[name]));
    },
    arrival: (f, { record, approach, accessCycles, tagCycles }, finish) => {
      const [access, tags] = [f.let(i64.bits(accessCycles)), f.let(i64.bits(tagCycles))];
      const transition = f.let(i32.load(approach, APPROACH.transition));
      const cycles = i32.low(i64.shrU(i64.add(access, i64.shrU(tags, i64.const(5n))), i64.const(32n)));
      const hash = i32.mul(i32.add(cycles, transition), word(STATE_SPREAD));
      const at = f.let(element(arrivalsAt, i32.shrU(hash, word(32 - ARRIVAL_BITS)), ARRIVAL_SHIFT));
      const differences = [
        i32.ne(i32.load(at, ARRIVAL.transition), transition),
        i64.ne(i64.load(at, ARRIVAL.accessCycles), access),
        i64.ne(i64.load(at, ARRIVAL.tagCycles), tags),
      ];
      ifAny(f, differences, () => {
        const found = findArrival(at, approach, i32.load(record, POINT.onTime), accessCycles, tagCycles);
        f.rarely(i32.not(found), finish);
      });
      return at;
    },
  };
}

/** Does something rare that is right where any of these holds. */
function ifAny(f: Statements, conditions: readonly Term[], then: () => void): void {
  f.block((none) => {
    f.block((some) => {
      for (const condition of conditions) f.rarely(condition, some);
      none();
    });
    then();
  });
}

/** `findApproach(at, place, age, state)`: has that of a place, from a state, lie at `at`, or elsewhere; gives where. 0: it is not known. */
function findApproachFunction(module: Functions, code: LateCode): Callee {
  const { timing, tables, memo } = code;
  return module.define([I32, I32, F64, I32], I32, (f, at, place, age, state) => {
    const unknown = (): void => f.return(word(0));
    const record = f.let(element(tables.points.at, i32.and(place, word((1 << POINT_BITS) - 1)), POINT_SHIFT));
    const row = f.let(i32.shrU(place, word(POINT_BITS)));
    const script = code.scriptBefore(f, "tellAccess", record, row, unknown);
    const next = f.let(state);
    const taken = f.let(word(tables.points.shortcuts.uncountedAt));
    const [cycles, waiting] = [f.let(f64.const(0)), f.let(f64.const(0))];
    f.if(i32.ne(script, word(NOTHING_BEFORE)), () => {
      const slot = f.let(word(0));
      f.set(waiting, code.findNear(f, slot, { record, row, age, state, script }, unknown));
      if (code.ordersLoads) f.if(f64.lt(age, waiting), () => f.set(at, word(tables.points.shortcuts.ownAt)));
      f.set(taken, takingsOf(timing, slot));
      f.set(cycles, f64.of(slotWord(slot, "cycles")));
      f.set(next, slotWord(slot, "next"));
    });
    const slot = f.let(memo.slotOf(next, i32.load(record, POINT.onTime)));
    f.rarely(i32.not(slot), unknown);
    f.store(at, APPROACH.state, state);
    f.store(at, APPROACH.place, place);
    f.store(at, APPROACH.taken, taken);
    f.store(at, APPROACH.cycles, cycles);
    f.store(at, APPROACH.waitingBefore, waiting);
    f.store(at, APPROACH.next, next);
    f.store(at, APPROACH.translateCycles, word(0));
    f.store(at, APPROACH.blockedCycles, word(0));
    f.store(at, APPROACH.overlapAge, word(NO_OVERLAP));
    noteInstruction(f, at, slot);
    return at;
  });
}

/** What an approach says of the instruction. */
function noteInstruction(f: Statements, approach: Term, slot: Local): void {
  f.store(approach, APPROACH.transition, slotWord(slot, "transition"));
  f.store(approach, APPROACH.accessAt, f64.of(slotWord(slot, "accessAt")));
  f.store(approach, APPROACH.waiting, slotWord(slot, "waiting"));
  f.store(approach, APPROACH.blockedAt, slotWord(slot, "blockedAt"));
}

/** `ownApproach(approach, onTime, translateCycles, blockedCycles, overlapAge)`: as `ShortcutCode.own`. */
function ownApproachFunction(module: Functions, { tables, memo }: LateCode): Callee {
  const own = word(tables.points.shortcuts.ownAt);
  return module.define([I32, I32, I32, I32, I32], I32, (f, approach, onTime, ...outcomes) => {
    const variant = memo.variantOf(onTime, ...outcomes, word(0), word(0));
    const slot = f.let(memo.slotOf(i32.load(approach, APPROACH.next), variant));
    f.if(i32.not(slot), () => f.return(word(0)));
    for (let at = 0; at < 1 << APPROACH_SHIFT; at += 16) f.store(own, at, i32x4.load(approach, at));
    OUTCOMES.forEach((name, n) => f.store(own, APPROACH[name], outcomes[n]!));
    noteInstruction(f, own, slot);
    return own;
  });
}

/**
 * `findArrival(at, approach, onTime, accessCycles, tagCycles)`: has the arrival from an approach lie at `at`; `onTime` is the script of the
 * instruction. Gives whether it is known.
 */
function findArrivalFunction(module: Functions, { timing, memo }: LateCode): Callee {
  return module.define([I32, I32, I32, F64, F64], I32, (f, at, approach, onTime, accessCycles, tagCycles) => {
    const { translateCycles, blockedCycles, overlapAge } = outcomesOf(approach);
    const isAwaited = i32.or(i32.or(translateCycles, blockedCycles), i32.ne(overlapAge, word(NO_OVERLAP)));
    const isOnTime = i32.and(f64.eq(accessCycles, f64.const(0)), i32.not(isAwaited));
    // Where these are more than a word tells, no script has them.
    const late = [translateCycles, blockedCycles, overlapAge, i32.of(accessCycles), i32.of(tagCycles)];
    const script = f.let(onTime);
    f.if(i32.not(isOnTime), () => f.set(script, memo.variantOf(onTime, ...late)));
    const slot = f.let(memo.slotOf(i32.load(approach, APPROACH.next), script));
    f.if(i32.not(slot), () => f.return(word(0)));
    f.store(at, ARRIVAL.accessCycles, accessCycles);
    f.store(at, ARRIVAL.tagCycles, tagCycles);
    f.store(at, ARRIVAL.transition, i32.load(approach, APPROACH.transition));
    f.store(at, ARRIVAL.taken, takingsOf(timing, slot));
    f.store(at, ARRIVAL.cycles, slotWord(slot, "cycles"));
    f.store(at, ARRIVAL.next, slotWord(slot, "next"));
    return word(1);
  });
}
