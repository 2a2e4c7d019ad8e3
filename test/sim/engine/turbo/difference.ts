// What two machines differ in: clock, registers, CSRs, memory with its tags, and all that their cores have counted.
import { csrName } from "../../../../isa/csr.ts";
import type { Capability } from "../../../../sim/machine/capability.ts";
import type { Machine } from "../../../../sim/machine/machine.ts";
import { GRANULE_BYTES } from "../../../../sim/machine/memory.ts";
import { CAUSES } from "../../../../sim/stats/causes.ts";
import type { Counters } from "../../../../sim/stats/counters.ts";

const CSRS = Array.from({ length: 4096 }, (_, n) => n).filter((n) => csrName(n) !== undefined);

/** Bytes of RAM: [from, to), both multiples of a granule. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The first thing that differs, as text: a machine's value, then the other's. `ram`: all that is looked at of it. */
export function difference(
  a: Machine,
  b: Machine,
  ram: readonly Stretch[] = [{ from: 0, to: a.memory.sizeBytes }],
): string | undefined {
  return state(a, b) ?? memory(a, b, ram) ?? (a.core && b.core && counters(a.core.snapshot(), b.core.snapshot()));
}

const said = (what: string, a: unknown, b: unknown): string => `${what}: ${String(a)} instead of ${String(b)}`;
const show = ({ tag, meta, addr }: Capability): string => `${tag} 0x${meta.toString(16)} 0x${addr.toString(16)}`;

function state(a: Machine, b: Machine): string | undefined {
  const registers = (m: Machine): [string, string][] => [
    ...[["instructions", `${m.instructions}`] as [string, string]],
    ...[["cycles", `${m.cycles}`] as [string, string]],
    ...[["mode", `${m.hart.mode}`] as [string, string]],
    ...[["pcc", show(m.engine.pcc)] as [string, string]],
    ...Array.from({ length: 32 }, (_, r): [string, string] => [`x${r}`, show(m.engine.y(r))]),
  ];
  const [ours, theirs] = [registers(a), registers(b)];
  for (const [i, [name, value]] of ours.entries()) if (value !== theirs[i]![1]) return said(name, value, theirs[i]![1]);
  for (const n of CSRS) {
    if (!a.csrs.permits(n, false, true, true)) continue; // not in this ISA, or not in this mode
    const [x, y] = [show(a.csrs.read(n)), show(b.csrs.read(n))];
    if (x !== y) return said(csrName(n)!, x, y);
  }
  return undefined;
}

function memory(a: Machine, b: Machine, ram: readonly Stretch[]): string | undefined {
  for (const { from, to } of ram) {
    const [firstTag, endTag] = [from / GRANULE_BYTES, to / GRANULE_BYTES];
    const found =
      bytes("byte", a.memory.bytes, b.memory.bytes, from, to) ??
      bytes("tag", a.memory.tags, b.memory.tags, firstTag, endTag);
    if (found !== undefined) return found;
  }
  return undefined;
}

function bytes(what: string, a: Uint8Array, b: Uint8Array, from: number, to: number): string | undefined {
  const [ours, theirs] = [a.subarray(from, to), b.subarray(from, to)];
  if (Buffer.compare(ours, theirs) === 0) return undefined;
  const at = ours.findIndex((byte, i) => byte !== theirs[i]);
  return said(`${what} 0x${(from + at).toString(16)} of memory`, ours[at], theirs[at]);
}

function counters(a: Counters, b: Counters): string | undefined {
  if (a.now !== b.now) return said("now", a.now, b.now);
  for (let i = 0; i < b.instructions.length; i += 1) {
    if (a.instructions[i] !== b.instructions[i])
      return said(`instructions of category ${i}`, a.instructions[i], b.instructions[i]);
  }
  for (let i = 0; i < b.cycles.length; i += 1) {
    if (a.cycles[i] === b.cycles[i]) continue;
    const category = Math.floor(i / CAUSES.length);
    return said(`cycles of category ${category}, ${CAUSES[i % CAUSES.length]}`, a.cycles[i], b.cycles[i]);
  }
  for (const [i, name] of b.eventNames.entries()) {
    if (a.eventNames[i] !== name) return said("event", a.eventNames[i], name);
    if (a.events[i] !== b.events[i]) return said(name, a.events[i], b.events[i]);
  }
  return undefined;
}
