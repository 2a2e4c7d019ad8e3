// Random initial contents of registers: capabilities of every kind that a program can build, and integers that break things.
import { ASR, C, CT, GL, infiniteMeta, LG, LM, R, setBounds, SL, u64, W, X } from "../model/capability.ts";
import type { Random } from "./random.ts";

/** What a register holds when the body begins; a tagged one must be buildable from Infinite by YBLD. */
export interface Preset {
  readonly tag: boolean;
  readonly meta: bigint;
  readonly addr: bigint;
}

/** Addresses that presets point at. */
export interface Places {
  readonly ram: bigint;
  readonly ramBytes: bigint;
  readonly body: bigint;
  readonly bodyBytes: bigint;
  readonly data: bigint;
  readonly dataBytes: bigint;
}

const EDGES = [0n, 1n, 2n, 7n, 8n, 15n, 16n, 63n, 64n, 0x7fn, 0x80n, 0xfffn, 0x1000n, 0x7fff_ffffn, 0x8000_0000n];
const PERMISSIONS = [R, W, C, X, ASR, LM];
const LEVELS = [LG, SL];
const BOUNDS = 0x7ff_ffffn;

/** What no rule of #sec_permission_transitions would clear further: what YPERMC may leave. */
function legal(meta: bigint, zylevels1: boolean): bigint {
  const all = (bits: bigint): boolean => (meta & bits) === bits;
  let m = meta;
  if ((m & (R | W)) === 0n) m &= ~C;
  const loads = all(R) && (m & C) !== 0n;
  if (!loads) m &= ~LM;
  if (!all(X)) m &= ~ASR;
  if (zylevels1 && !loads) m &= ~LG;
  if (zylevels1 && !(all(W) && (m & C) !== 0n)) m &= ~SL;
  return m;
}

/** Metadata with bounds around [base, base + length). */
export function bounded(meta: bigint, base: bigint, length: bigint): bigint {
  const from = { tag: true, meta, addr: base };
  return (meta & ~BOUNDS) | (setBounds(from, length, false, true).meta & BOUNDS);
}

function permissions(random: Random, zylevels1: boolean): bigint {
  let meta = infiniteMeta(zylevels1);
  if (random.chance(0.5)) meta &= ~random.pick(PERMISSIONS);
  if (random.chance(0.2)) meta &= ~random.pick(PERMISSIONS);
  if (random.chance(0.3)) meta &= ~(BigInt(random.below(16)) << 60n);
  if (zylevels1 && random.chance(0.4)) meta &= ~random.pick([...LEVELS, GL, LG | SL]);
  return legal(meta, zylevels1);
}

/** A capability to data in RAM; `whole`: loads and stores through it succeed, mostly. */
export function dataCapability(random: Random, places: Places, zylevels1: boolean, whole: boolean): Preset {
  const meta = whole && random.chance(0.7) ? infiniteMeta(zylevels1) : permissions(random, zylevels1);
  const offset = BigInt(random.below(Number(places.dataBytes)));
  const length = whole
    ? 512n + BigInt(random.below(2048))
    : BigInt(random.pick([0, 1, 8, 16, 24, 64, 100, 4095, 5000]));
  const aligned = random.chance(0.75) ? offset & ~15n : offset;
  const base = places.data + aligned;
  const within = whole ? BigInt(random.below(8)) * 32n : BigInt(random.below(Number(length) + 40)) - 16n;
  const skew = random.chance(0.2) ? BigInt(random.below(16)) : 0n;
  return { tag: true, meta: bounded(meta, base, length), addr: u64(base + within + skew) };
}

/** Around the end of RAM, the end of the address space, or anywhere. */
function farCapability(random: Random, places: Places, zylevels1: boolean): Preset {
  const meta = permissions(random, zylevels1);
  const end = places.ram + places.ramBytes;
  if (random.chance(0.15)) return { tag: true, meta, addr: u64(end - BigInt(random.between(-1, 20))) };
  const length = random.bits64() >> BigInt(random.below(64));
  const base = random.pick([end - 32n, places.ram, 0n, u64(-4096n), u64(-length), random.bits64(), 0xffffn << 48n]);
  const near = random.pick([0n, -8n, 8n, -1n, length, length - 4n, end - base]);
  const cut = base + length > 1n << 64n ? (1n << 64n) - base : length;
  return { tag: true, meta: bounded(meta, base, cut), addr: u64(base + near) };
}

function sealedCapability(random: Random, places: Places, zylevels1: boolean): Preset {
  const data = dataCapability(random, places, zylevels1, random.chance(0.5));
  const target = places.body + BigInt(random.below(Number(places.bodyBytes))) - (random.chance(0.1) ? 64n : 0n);
  const code = infiniteMeta(zylevels1) & ~(random.chance(0.2) ? X | ASR : 0n);
  const meta = random.chance(0.5) ? code : bounded(code, places.body, places.bodyBytes);
  const entry = { tag: true, meta, addr: random.chance(0.85) ? target & ~3n : target };
  const chosen = random.chance(0.6) ? entry : data;
  return { ...chosen, meta: chosen.meta | CT };
}

function untagged(random: Random, places: Places, zylevels1: boolean): Preset {
  const sound = dataCapability(random, places, zylevels1, false);
  const meta = random.pick([
    random.bits64(),
    sound.meta ^ (1n << BigInt(random.below(64))),
    sound.meta,
    (sound.meta & ~BOUNDS) | (random.bits64() & BOUNDS),
    infiniteMeta(zylevels1) | BigInt(random.below(0x400_0000)),
    infiniteMeta(!zylevels1),
  ]);
  return { tag: false, meta, addr: random.chance(0.7) ? sound.addr : random.bits64() };
}

/** Lengths, offsets, masks, edges. */
export function integer(random: Random): bigint {
  switch (random.below(5)) {
    case 0:
      return u64(random.pick(EDGES) * (random.chance(0.5) ? 1n : -1n));
    case 1:
      return random.bits64() >> BigInt(random.below(64));
    case 2:
      return 1n << BigInt(random.below(64));
    case 3:
      return BigInt(random.below(128));
    default:
      return BigInt(random.below(0x80_0000));
  }
}

/** Anything at all. */
export function preset(random: Random, places: Places, zylevels1: boolean): Preset {
  switch (random.below(10)) {
    case 0:
    case 1:
      return dataCapability(random, places, zylevels1, false);
    case 2:
      return farCapability(random, places, zylevels1);
    case 3:
    case 4:
      return sealedCapability(random, places, zylevels1);
    case 5:
      return untagged(random, places, zylevels1);
    case 6: {
      const meta = permissions(random, zylevels1);
      return { tag: true, meta, addr: random.chance(0.5) ? places.data : random.bits64() };
    }
    default:
      return { tag: false, meta: 0n, addr: integer(random) };
  }
}

/** A pcc for the body: Infinite mostly, or with less of something. */
export function bodyPcc(random: Random, places: Places, zylevels1: boolean): Preset {
  const infinite = infiniteMeta(zylevels1);
  const cut = random.chance(0.2) ? ASR : random.chance(0.15) ? C | LM | LG | SL : random.chance(0.1) ? R : 0n;
  const meta = zylevels1 ? legal(infinite & ~cut, true) : legal(infinite & ~(cut & ~(LG | SL)), false);
  const length = random.chance(0.5) ? places.ramBytes : places.bodyBytes;
  const base = length === places.ramBytes ? places.ram : places.body;
  return { tag: true, meta: random.chance(0.6) ? meta : bounded(meta, base, length), addr: places.body };
}
