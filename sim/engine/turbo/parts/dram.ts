// The code of DRAM: what sim/timing/dram.ts does, on the same words.
import { CLOSED, DramCycles, DramEvent, type DramLayout } from "../../../timing/dram.ts";
import { element, f64, i32, NUMBER_BYTES, WORD_BYTES, type Local, type Statements, type Term } from "../terms.ts";
import { numberIn, type Line, type PartCode } from "./part-code.ts";

export function dramCode(dram: DramLayout): PartCode {
  return {
    read: (f, line, at) => f.let(f64.add(served(f, dram, "reads", line, at), takes(dram, "controller"))),
    write: (f, line, at) => void served(f, dram, "writes", line, at),
  };
}

const takes = ({ cycles }: DramLayout, what: keyof typeof DramCycles): Term =>
  f64.at(cycles.byteOffset + NUMBER_BYTES * DramCycles[what]);

/** `read` and `write`, but that both give what `#transfer` gives. */
function served(f: Statements, dram: DramLayout, event: "reads" | "writes", line: Line, at: Local): Local {
  const { counts, openRow, bankFree, busFree, rowBytes, banks } = dram;
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
  const isOther = i32.ne(open, row);
  const found = f.let(i32.shl(isOther, i32.const(Math.log2(NUMBER_BYTES))));
  f.block((done) => {
    f.rarely(i32.eq(open, i32.const(CLOSED)), () => {
      f.set(found, i32.const(NUMBER_BYTES * DramCycles.closedRow));
      done();
    });
    const countsAt = counts.byteOffset + NUMBER_BYTES * DramEvent.rowHits;
    f.store(found, countsAt, f64.add(f64.load(found, countsAt), f64.const(1)));
  });
  f.store(openAt, 0, row);
  count("bytes", bytes);
  const freeAt = f.let(element(bankFree.byteOffset, bank, Math.log2(NUMBER_BYTES)));
  const column = f.let(f64.add(f64.either(at, f64.load(freeAt)), f64.load(found, dram.cycles.byteOffset)));
  const dataAt = f64.either(f64.add(column, takes(dram, "column")), f64.at(busFree.byteOffset));
  const done = f.let(f64.add(dataAt, burstCycles));
  f.store(freeAt, 0, f64.add(column, burstCycles));
  f.storeAt(busFree.byteOffset, done);
  return done;
}
