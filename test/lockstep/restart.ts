// Puts a machine back to its beginning with another program, which is far cheaper than building one; and hands over to a body.
import type { Image } from "../../isa/image.ts";
import { Capability } from "../../sim/machine/capability.ts";
import type { Hart } from "../../sim/machine/hart.ts";
import type { Machine } from "../../sim/machine/machine.ts";
import type { Handover } from "../arbitrary/program.ts";
import { metaOf, type Cap } from "../model/capability.ts";
import { RAM_BASE } from "../model/state.ts";

const toCapability = (c: Cap): Capability => new Capability(c.tag ? 1n : 0n, metaOf(c), c.addr, undefined);

/** What the reference engine keeps of a run beside the registers. */
interface Remembered {
  now: number;
  retired: number;
  unreserve(): void;
}

type Saved = Partial<Record<keyof Hart, unknown>>;
/** The fields of each machine's hart as they were at reset. */
const atReset = new WeakMap<Machine, Saved>();
/** PMP's registers, and which of them are not 0 out of reset. */
const PMPCFG0 = 0x3a0;
const PMPCFG2 = 0x3a2;
const PMPADDR0 = 0x3b0;
const PMP_ENTRIES = 16;

/** Notes a new machine's reset state; its hart must not have run yet. */
export function noteReset(machine: Machine): void {
  const parts: readonly string[] = ["clock", "clint", "pmp"]; // which stay
  atReset.set(machine, Object.fromEntries(Object.entries(machine.hart).filter(([name]) => !parts.includes(name))));
}

/** False where the machine cannot be put back: PMP entries may be locked for good. */
export function restart(machine: Machine, image: Image): boolean {
  const saved = atReset.get(machine);
  if (saved === undefined || !openPmp(machine)) return false;
  const { memory, hart, engine } = machine;
  let end = 0;
  for (const { address, bytes } of image.segments) {
    memory.write(address - RAM_BASE, bytes);
    end = address - RAM_BASE + bytes.length;
  }
  memory.zero(end, memory.sizeBytes - end);
  Object.assign(hart, saved);
  const remembered = engine as unknown as Remembered;
  remembered.now = remembered.retired = 0;
  remembered.unreserve();
  return true;
}

/** PMP as it is out of reset: entry 0 opens all of memory, the others are off. False where a locked entry forbids it. */
function openPmp(machine: Machine): boolean {
  const { csrs } = machine;
  const read = (n: number): bigint => csrs.read(n).addr;
  const write = (n: number, addr: bigint): void => void csrs.write(n, new Capability(0n, 0n, addr, undefined), false);
  const all = (1n << 54n) - 1n;
  for (let n = PMPADDR0; n < PMPADDR0 + PMP_ENTRIES; n += 1) {
    const value = n === PMPADDR0 ? all : 0n;
    if (read(n) !== value) write(n, value);
    if (read(n) !== value) return false;
  }
  if (read(PMPCFG0) !== 0x1fn) write(PMPCFG0, 0x1fn);
  if (read(PMPCFG2) !== 0n) write(PMPCFG2, 0n);
  return read(PMPCFG0) === 0x1fn && read(PMPCFG2) === 0n;
}

/** The state that the program's prologue leaves, at its last instruction. */
export function handOver(machine: Machine, pcc: Cap, { registers, settings }: Handover): void {
  const { engine, csrs } = machine;
  registers.forEach((y, i) => engine.setY(i + 1, toCapability(y)));
  for (const { csr, value } of settings) csrs.write(csr, toCapability(value), true);
  engine.resume(toCapability(pcc));
}
