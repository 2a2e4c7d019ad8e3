// Puts a machine back to its beginning with another program, which is far cheaper than building one; and hands over to a body.
import type { Image } from "../../isa/image.ts";
import { Capability } from "../../sim/machine/capability.ts";
import { Hart } from "../../sim/machine/hart.ts";
import { HELD } from "../../sim/machine/held.ts";
import type { Machine } from "../../sim/machine/machine.ts";
import type { Handover } from "../arbitrary/program.ts";
import { metaOf, type Cap } from "../model/capability.ts";
import { GRANULE, RAM_BASE } from "../model/state.ts";

const toCapability = (c: Cap): Capability => new Capability(c.tag ? 1n : 0n, metaOf(c), c.addr, undefined);

type Saved = Partial<Record<keyof Hart, unknown>>;
/** Registers of the hart that are not fields of it. */
const HELD_NAMES = Object.keys(HELD).filter((name) => name in Hart.prototype) as (keyof Hart)[];
/** The registers of each machine's hart as they were at reset. */
const atReset = new WeakMap<Machine, Saved>();

/** Notes a new machine's reset state; its hart must not have run yet. */
export function noteReset(machine: Machine): void {
  const parts: readonly string[] = ["clock", "clint", "pmp", "held"]; // which stay
  const fields = Object.entries(machine.hart).filter(([name]) => !parts.includes(name));
  const held = HELD_NAMES.map((name) => [name, machine.hart[name]] as const);
  atReset.set(machine, Object.fromEntries([...fields, ...held]));
}

/** Devices are left as they are: a machine whose program reached one is not for another. */
export function restart(machine: Machine, image: Image): void {
  const { memory, engine } = machine;
  let end = 0;
  for (const { address, bytes } of image.segments) {
    memory.write(address - RAM_BASE, bytes);
    end = address - RAM_BASE + bytes.length;
  }
  memory.zero(end, memory.sizeBytes - end);
  resetRegisters(machine);
  engine.reset();
}

/** Puts its own program back: memory is written only where it has changed, so that what was made of the code stays. Time goes on. */
export function rewind(machine: Machine, image: Image): void {
  const { memory } = machine;
  const ram = new Uint8Array(memory.sizeBytes);
  for (const { address, bytes } of image.segments) ram.set(bytes, address - RAM_BASE);
  for (let at = 0; at < ram.length; at += GRANULE) {
    const granule = ram.subarray(at, at + GRANULE);
    const same = granule.every((byte, i) => byte === memory.bytes[at + i]);
    if (!same || memory.tags[at / GRANULE] !== 0) memory.write(at, granule);
  }
  resetRegisters(machine);
}

function resetRegisters(machine: Machine): void {
  Object.assign(machine.hart, atReset.get(machine));
  machine.hart.pmp.reset();
}

/** The state that the program's prologue leaves, at its last instruction. */
export function handOver(machine: Machine, pcc: Cap, { registers, settings }: Handover): void {
  const { engine, csrs } = machine;
  registers.forEach((y, i) => engine.setY(i + 1, toCapability(y)));
  for (const { csr, value } of settings) csrs.write(csr, toCapability(value), true);
  engine.resume(toCapability(pcc));
}
