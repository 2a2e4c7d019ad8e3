// The second model's physical memory protection (machine.adoc #pmp): sixteen entries, grains of four bytes.
import { MACHINE, PMP_ENTRIES, type PmpRange, type State } from "./state.ts";

export const PMP_R = 1;
export const PMP_W = 2;
export const PMP_X = 4;
const LOCKED = 0x80;
const IMPLEMENTED = 0x9f;
const TOR = 1;
const NA4 = 2;
const NAPOT = 3;
const ADDRESS = (1n << 54n) - 1n;

const matching = (cfg: number): number => (cfg >> 3) & 3;

/** pmpcfg0 or pmpcfg2, by its number: eight entries. */
export function readPmpcfg(s: State, n: number): bigint {
  const first = (n - 0x3a0) * 4;
  let value = 0n;
  for (let i = 0; i < 8; i += 1) value |= BigInt(s.pmpcfg[first + i]!) << BigInt(8 * i);
  return value;
}

/** A locked entry ignores writes; R=0 with W=1 is reserved, and W becomes 0. */
export function writePmpcfg(s: State, n: number, value: bigint): void {
  const first = (n - 0x3a0) * 4;
  for (let i = 0; i < 8; i += 1) {
    if ((s.pmpcfg[first + i]! & LOCKED) !== 0) continue;
    const cfg = Number((value >> BigInt(8 * i)) & 0xffn) & IMPLEMENTED;
    s.pmpcfg[first + i] = (cfg & PMP_R) === 0 ? cfg & ~PMP_W : cfg;
  }
  s.pmp = ranges(s);
}

/** The address of a locked entry stays, and so does one that bounds a locked top-of-range entry from below. */
export function writePmpaddr(s: State, n: number, value: bigint): void {
  const entry = n - 0x3b0;
  const above = s.pmpcfg[entry + 1] ?? 0;
  const bounds = (above & LOCKED) !== 0 && matching(above) === TOR;
  if ((s.pmpcfg[entry]! & LOCKED) !== 0 || bounds) return;
  s.pmpaddr[entry] = value & ADDRESS;
  s.pmp = ranges(s);
}

/** The ranges of the entries that match something. */
function ranges(s: State): PmpRange[] {
  return Array.from({ length: PMP_ENTRIES }, (_, entry) => {
    const [from, to] = range(s, entry);
    return { from: Number(from), to: Number(to), cfg: s.pmpcfg[entry]! };
  }).filter(({ from, to }) => from < to);
}

function range(s: State, entry: number): readonly [from: bigint, to: bigint] {
  const addr = s.pmpaddr[entry]!;
  switch (matching(s.pmpcfg[entry]!)) {
    case TOR:
      return [entry === 0 ? 0n : s.pmpaddr[entry - 1]! << 2n, addr << 2n];
    case NA4:
      return [addr << 2n, (addr + 1n) << 2n];
    case NAPOT: {
      let bytes = 8n;
      let rest = addr;
      for (; (rest & 1n) === 1n; rest >>= 1n) bytes *= 2n;
      const from = ((addr << 2n) / bytes) * bytes;
      return [from, from + bytes];
    }
    default:
      return [0n, 0n];
  }
}

/** The lowest-numbered entry that matches any byte decides, and must match all; M-mode is held by locked ones alone. */
export function pmpAllows(s: State, mode: number, phys: number, bytes: number, needed: number): boolean {
  for (const { from, to, cfg } of s.pmp) {
    if (phys >= to || phys + bytes <= from) continue;
    if (phys < from || phys + bytes > to) return false;
    return (mode === MACHINE && (cfg & LOCKED) === 0) || (cfg & needed) !== 0;
  }
  return mode === MACHINE;
}
