// The code of DRAM: what sim/timing/dram.ts does, on the same words.
import { CLOSED, DramEvent, type DramLayout } from "../../../timing/dram.ts";
import { dropped, f64, i32, i64, type Callee, type Functions, type Term } from "../terms.ts";
import { F64, I64 } from "../wasm.ts";
import type { PartCode } from "./part-code.ts";

export function dramCode(module: Functions, dram: DramLayout): PartCode {
  const [read, write] = [servedFunction(module, dram, "reads"), servedFunction(module, dram, "writes")];
  const burst = (bytes: number): [Term, Term] => [f64.const(bytes), f64.const(dram.burstCycles(bytes))];
  return {
    read: (phys, bytes, at) => f64.add(read(phys, ...burst(bytes), at), f64.const(dram.controllerCycles)),
    write: (phys, bytes, at) => dropped(write(phys, ...burst(bytes), at)),
  };
}

/** `read(phys, bytes, burstCycles, at)` and `write`, but that both give what `#transfer` gives. */
function servedFunction(module: Functions, dram: DramLayout, served: "reads" | "writes"): Callee {
  const { counts, openRow, bankFree, busFree, rowBytes, banks, casCycles, rcdCycles, rpCycles } = dram;
  const event = (name: keyof typeof DramEvent): number => counts.byteOffset + 8 * DramEvent[name];
  return module.define([I64, F64, F64, F64], F64, (f, phys, bytes, burstCycles, at) => {
    f.count(event(served));
    const rowNumber = f.let(i32.low(i64.shrU(phys, i64.const(BigInt(Math.log2(rowBytes))))));
    const bank = f.let(i32.and(rowNumber, i32.const(banks - 1)));
    const row = f.let(i32.shr(rowNumber, i32.const(Math.log2(banks))));
    const openAt = f.let(i32.add(i32.const(openRow.byteOffset), i32.shl(bank, i32.const(2))));
    const open = f.let(i32.load(openAt));
    const activateCycles = f.let(f64.const(0));
    f.if(
      i32.eq(open, row),
      () => f.count(event("rowHits")),
      () => {
        f.set(activateCycles, f64.const(rcdCycles));
        f.if(i32.ne(open, i32.const(CLOSED)), () => {
          f.count(event("rowConflicts"));
          f.set(activateCycles, f64.const(rpCycles + rcdCycles));
        });
      },
    );
    f.store(openAt, 0, row);
    f.count(event("bytes"), bytes);
    const freeAt = f.let(i32.add(i32.const(bankFree.byteOffset), i32.shl(bank, i32.const(3))));
    const column = f.let(f64.add(f64.max(at, f.let(f64.load(freeAt))), activateCycles));
    const dataAt = f64.max(f.let(f64.add(column, f64.const(casCycles))), f.let(f64.at(busFree.byteOffset)));
    const done = f.let(f64.add(dataAt, burstCycles));
    f.store(freeAt, 0, f64.add(column, burstCycles));
    f.storeAt(busFree.byteOffset, done);
    return done;
  });
}
