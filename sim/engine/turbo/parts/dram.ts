// The code of DRAM: what sim/timing/dram.ts does, on the same words.
import { CLOSED, DramEvent, type DramLayout } from "../../../timing/dram.ts";
import { element, f64, i32, NUMBER_BYTES, WORD_BYTES, type Local, type Statements } from "../terms.ts";
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
  const activateCycles = f.let(f64.const(0));
  f.if(
    i32.eq(open, row),
    () => count("rowHits"),
    () => {
      f.set(activateCycles, f64.const(rcdCycles));
      f.if(i32.ne(open, i32.const(CLOSED)), () => {
        count("rowConflicts");
        f.set(activateCycles, f64.const(rpCycles + rcdCycles));
      });
    },
  );
  f.store(openAt, 0, row);
  count("bytes", bytes);
  const freeAt = f.let(element(bankFree.byteOffset, bank, Math.log2(NUMBER_BYTES)));
  const column = f.let(f64.add(f64.max(at, f.let(f64.load(freeAt))), activateCycles));
  const dataAt = f64.max(f.let(f64.add(column, f64.const(casCycles))), f.let(f64.at(busFree.byteOffset)));
  const done = f.let(f64.add(dataAt, burstCycles));
  f.store(freeAt, 0, f64.add(column, burstCycles));
  f.storeAt(busFree.byteOffset, done);
  return done;
}
