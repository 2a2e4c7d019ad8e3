// What single values cannot show: parameters of a machine that do not go together.
import { setsOf } from "../timing/cache.ts";
import type { TlbConfig } from "../timing/tlb.ts";
import type { MachineConfig } from "./machine.ts";
import { isPowerOfTwo } from "./params.ts";

export interface Misfit {
  /** The parameters that do not go together: complained of is the one set last, by file or command line. */
  readonly keys: readonly string[];
  readonly message: string;
  readonly hint?: string;
}

/** Everything that does not go together. */
export function misfits(m: MachineConfig): Misfit[] {
  return [...cacheMisfits(m), ...tlbMisfits(m), ...predictorMisfits(m), ...memoryMisfits(m)];
}

function cacheMisfits(m: MachineConfig): Misfit[] {
  const found: Misfit[] = [];
  for (const name of ["l1i", "l1d", "l2", "llc", "tagCache"] as const) {
    const { sizeBytes, lineBytes, ways, replacement } = m[name];
    if (replacement === "plru" && !isPowerOfTwo(ways)) {
      const message = `a tree of bits needs a power of two of ways, not ${ways}`;
      found.push({ keys: [`${name}.ways`, `${name}.replacement`], message });
    }
    if (setsOf(m[name]) === undefined) {
      const line = `${ways} ways of ${lineBytes}-byte lines`;
      const keys = ["sizeBytes", "ways", "lineBytes"].map((key) => `${name}.${key}`);
      const message = `${sizeBytes} bytes are not a power of two of sets of ${line}`;
      found.push({ keys, message, hint: `a set has ${ways * lineBytes} bytes` });
    }
  }
  for (const name of ["l1d", "l2", "llc"] as const) {
    if (m[name].prefetch !== "none" && m[name].mshrs < 2) {
      const message = `a prefetch needs an outstanding miss beside the one that somebody waits for; mshrs is ${m[name].mshrs}`;
      found.push({ keys: [`${name}.prefetch`, `${name}.mshrs`], message });
    }
  }
  if (m.llc.present && m.l2.lineBytes > m.llc.lineBytes) {
    const message = `${m.l2.lineBytes}-byte lines are filled from the LLC, whose lines have ${m.llc.lineBytes}`;
    found.push({ keys: ["l2.lineBytes", "llc.lineBytes"], message });
  }
  for (const name of ["l1i", "l1d"] as const) {
    if (m[name].lineBytes > m.l2.lineBytes) {
      const message = `${m[name].lineBytes}-byte lines are filled from the L2, whose lines have ${m.l2.lineBytes}`;
      found.push({ keys: [`${name}.lineBytes`, "l2.lineBytes"], message });
    }
  }
  return found;
}

function tlbMisfits(m: MachineConfig): Misfit[] {
  return (["itlb", "dtlb", "l2tlb"] as const).flatMap((name) => tlbMisfit(name, m[name]) ?? []);
}

function tlbMisfit(name: string, tlb: TlbConfig): Misfit | undefined {
  if (tlb.entries === 0 || isPowerOfTwo(tlb.entries / tlb.ways)) return undefined;
  return {
    keys: [`${name}.entries`, `${name}.ways`],
    message: `${tlb.entries} entries are not a power of two of sets of ${tlb.ways} ways`,
  };
}

function predictorMisfits({ predictor: p }: MachineConfig): Misfit[] {
  const found: Misfit[] = [];
  if (!isPowerOfTwo(p.btbEntries / p.btbWays)) {
    const message = `${p.btbEntries} entries are not a power of two of sets of ${p.btbWays} ways`;
    found.push({ keys: ["predictor.btbEntries", "predictor.btbWays"], message });
  }
  if (p.direction === "gshare" && 2 ** p.historyBits > p.entries) {
    const message = `${p.historyBits} bits of history do not fit the index of ${p.entries} counters`;
    found.push({ keys: ["predictor.historyBits", "predictor.entries", "predictor.direction"], message });
  }
  return found;
}

function memoryMisfits(m: MachineConfig): Misfit[] {
  if (m.ramBytes % 4096 === 0) return [];
  return [{ keys: ["ramBytes"], message: `${m.ramBytes} bytes are not whole 4 KiB pages` }];
}
