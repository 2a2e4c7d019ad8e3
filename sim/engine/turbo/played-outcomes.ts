// The outcomes of a step as a script tells them, for the code of a pipeline: what `Player` of sim/timing/script.ts answers and notes.
import { PLAYED, type BenchLayout } from "../../timing/bench.ts";
import { LATE_WORD } from "../../timing/script.ts";
import type { OutcomesCode } from "./parts/data-access.ts";
import { StoreBufferCode } from "./parts/store-buffer.ts";
import { f64, i32, NUMBER_BYTES, WORD_BYTES, type Local, type Statements, type Term } from "./terms.ts";

const { const: word } = i32;

export const playedAt = ({ played }: BenchLayout, name: keyof typeof PLAYED): number =>
  played.byteOffset + NUMBER_BYTES * PLAYED[name];

export function playedOutcomes(bench: BenchLayout): OutcomesCode {
  const { pipeline, playing } = bench;
  const { hitCycles } = pipeline.config.l1d;
  const buffer = new StoreBufferCode(pipeline.stores);
  const outcome = (name: keyof typeof LATE_WORD): Term =>
    i32.load(i32.at(playing.byteOffset), WORD_BYTES * LATE_WORD[name]);
  const cyclesOf = (name: keyof typeof LATE_WORD): Term => f64.of(outcome(name));
  const note = (f: Statements, name: keyof typeof PLAYED, at: Term): void => f.storeAt(playedAt(bench, name), at);
  const access = (f: Statements, at: Local): Term => {
    note(f, "accessAt", at);
    return f64.add(at, f64.add(f64.const(hitCycles), cyclesOf("accessCycles")));
  };
  return {
    translate: (f, at, wait) => {
      note(f, "translateAt", at);
      wait(f64.add(at, cyclesOf("translateCycles")));
    },
    block: (f, at, wait) => {
      note(f, "blockedAt", at);
      wait(f64.add(at, cyclesOf("blockedCycles")));
    },
    // The youngest store is the one that matters where times are kept elsewhere.
    overlapAge: (f) => {
      const age = f.let(f64.const(0));
      f.if(i32.not(i32.at(playing.byteOffset + WORD_BYTES)), () => {
        const waiting = f.let(f64.of(buffer.waitingAt(f, f64.at(pipeline.clock.now.byteOffset))));
        f.if(f64.gt(waiting, f64.at(playedAt(bench, "waiting"))), () => note(f, "waiting", waiting));
        // NO_OVERLAP is more than there are entries then.
        f.set(age, f64.of(i32.and(outcome("overlapAge"), word(2 ** 31 - 1))));
      });
      return age;
    },
    read: access,
    write: access,
    tagCycles: () => cyclesOf("tagCycles"),
  };
}
