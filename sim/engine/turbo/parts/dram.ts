// The code of DRAM: what sim/timing/dram.ts does, on the same words.
import { CLOSED, DramEvent, type DramLayout } from "../../../timing/dram.ts";
import { element, f64, i32, i64, NUMBER_BYTES, WORD_BYTES, type Local, type Statements, type Term } from "../terms.ts";
import { numberIn, type Line, type PartCode } from "./part-code.ts";

export function dramCode(dram: DramLayout): PartCode {
  return {
    read: (f, line, at) => f.let(f64.add(served(f, dram, "reads", line, at), f64.const(dram.controllerCycles))),
    write: (f, line, at) => void served(f, dram, "writes", line, at),
  };
}

/** `read` and `write`, but that both give what `#transfer` gives. */
function served(f: Statements, dram: DramLayout, event: "reads" | "writes", line: Line, at: Local): Local {
  const { counts, openRow, bankFree, busFree, rowBytes, banks, casCycles, rcdCycles, rpCycles } = dram;
  const count = (name: keyof typeof DramEvent, times = 1): void =>
    f.count(counts.byteOffset + NUMBER_BYTES * DramEvent[name], f64.const(times));
  const bytes = 2 ** line.bits;
  const burstCycles = f64.const(dram.burstCycles(bytes));
  count(event);
  const rowNumber = f.let(numberIn(line, Math.log2(rowBytes)));
  const bank = f.let(i32.and(rowNumber, i32.const(banks - 1)));
  const row = f.let(i32.shr(rowNumber, i32.const(Math.log2(banks))));
  const openAt = f.let(element(openRow.byteOffset, bank, Math.log2(WORD_BYTES)));
  const open = f.let(i32.load(openAt));
  // Which rows come is as good as random, and so are the times: nothing here is a branch that the host would have to predict.
  const isOther = f.let(i32.ne(open, row));
  const activateCycles = f.let(where(isOther, rpCycles + rcdCycles));
  f.block((done) => {
    f.rarely(i32.eq(open, i32.const(CLOSED)), () => {
      f.set(activateCycles, f64.const(rcdCycles));
      done();
    });
    const countAt = f.let(i32.shl(isOther, i32.const(Math.log2(NUMBER_BYTES))));
    const countsAt = counts.byteOffset + NUMBER_BYTES * DramEvent.rowHits;
    f.store(countAt, countsAt, f64.add(f64.load(countAt, countsAt), f64.const(1)));
  });
  f.store(openAt, 0, row);
  count("bytes", bytes);
  const freeAt = f.let(element(bankFree.byteOffset, bank, Math.log2(NUMBER_BYTES)));
  const column = f.let(f64.add(f64.either(at, f64.load(freeAt)), activateCycles));
  const dataAt = f64.either(f64.add(column, f64.const(casCycles)), f64.at(busFree.byteOffset));
  const done = f.let(f64.add(dataAt, burstCycles));
  f.store(freeAt, 0, f64.add(column, burstCycles));
  f.storeAt(busFree.byteOffset, done);
  return done;
}

/** A number where a condition is 1, and 0 where it is 0. */
function where(condition: Term, value: number): Term {
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0]!;
  return f64.withBits(i64.and(i64.sub(i64.const(0n), i64.of(condition)), i64.const(bits)));
}
