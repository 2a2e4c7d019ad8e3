// Random initial contents of registers: capabilities of every kind that a program can build, and integers that break things.
import {
  ASR,
  BOUNDS,
  C,
  Cap,
  CT,
  encodeBounds,
  GL,
  infinite,
  integer as integerCap,
  LG,
  LM,
  P,
  R,
  SL,
  u64,
  W,
  withMeta,
  X,
  type Extensions,
} from "../model/capability.ts";
import type { Random } from "./random.ts";

/** What a register holds when the body begins; a tagged one must be buildable from Infinite by YBLD. */
export type Preset = Cap;

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

/** What no rule of #sec_permission_transitions would clear further: what YPERMC may leave. */
function legal(high: number, x: Extensions): number {
  const all = (bits: number): boolean => (high & bits) === bits;
  let h = high;
  if ((h & (R | W)) === 0) h &= ~C;
  const loads = all(R) && (h & C) !== 0;
  if (!loads) h &= ~LM;
  if (!all(X)) h &= ~(ASR | P);
  if (x.zylevels1 && !loads) h &= ~LG;
  if (x.zylevels1 && !(all(W) && (h & C) !== 0)) h &= ~SL;
  return h;
}

/** The capability with bounds around [base, base + length). */
export function bounded(cap: Cap, base: bigint, length: bigint, addr: bigint): Cap {
  return new Cap(true, cap.high, (cap.low & ~BOUNDS) | encodeBounds(base, length).bounds, addr);
}

/** Infinite with fewer permissions. */
function permissions(random: Random, x: Extensions): Cap {
  let { high } = infinite(x, 0n);
  if (random.chance(0.5)) high &= ~random.pick(PERMISSIONS);
  if (random.chance(0.2)) high &= ~random.pick(PERMISSIONS);
  if (random.chance(0.3)) high &= ~(random.below(16) << 28);
  if (x.zylevels1 && random.chance(0.4)) high &= ~random.pick([...LEVELS, GL, LG | SL]);
  if (x.zyhybrid && random.chance(0.3)) high |= P;
  return new Cap(true, legal(high, x), 0, 0n);
}

/** A capability to data in RAM; `whole`: loads and stores through it succeed, mostly. */
export function dataCapability(random: Random, places: Places, x: Extensions, whole: boolean): Preset {
  const cap = whole && random.chance(0.7) ? infinite(x, 0n) : permissions(random, x);
  const offset = BigInt(random.below(Number(places.dataBytes)));
  const length = whole
    ? 512n + BigInt(random.below(2048))
    : BigInt(random.pick([0, 1, 8, 16, 24, 64, 100, 4095, 5000]));
  const aligned = random.chance(0.75) ? offset & ~15n : offset;
  const base = places.data + aligned;
  const within = whole ? BigInt(random.below(8)) * 32n : BigInt(random.below(Number(length) + 40)) - 16n;
  const skew = random.chance(0.2) ? BigInt(random.below(16)) : 0n;
  return bounded(cap, base, length, u64(base + within + skew));
}

/** Around the end of RAM, the end of the address space, or anywhere. */
function farCapability(random: Random, places: Places, x: Extensions): Preset {
  const cap = permissions(random, x);
  const end = places.ram + places.ramBytes;
  if (random.chance(0.15)) return new Cap(true, cap.high, 0, u64(end - BigInt(random.between(-1, 20))));
  const length = random.bits64() >> BigInt(random.below(64));
  const canonicalEnd = 1n << 38n;
  const base = random.pick([
    ...[end - 32n, places.ram, 0n, u64(-4096n), u64(-length), random.bits64(), 0xffffn << 48n],
    ...[canonicalEnd - 64n, u64(-canonicalEnd) - 64n],
  ]);
  const near = random.pick([0n, -8n, 8n, -1n, length, length - 4n, end - base]);
  const cut = base + length > 1n << 64n ? (1n << 64n) - base : length;
  return bounded(cap, base, cut, u64(base + near));
}

function sealedCapability(random: Random, places: Places, x: Extensions): Preset {
  const data = dataCapability(random, places, x, random.chance(0.5));
  const target = places.body + BigInt(random.below(Number(places.bodyBytes))) - (random.chance(0.1) ? 64n : 0n);
  const root = infinite(x, 0n);
  const integral = x.zyhybrid && random.chance(0.4) ? P : 0;
  const code = new Cap(true, legal((root.high & ~(random.chance(0.2) ? X | ASR : 0)) | integral, x), 0, 0n);
  const addr = random.chance(0.85) ? target & ~3n : target;
  const entry = random.chance(0.5)
    ? new Cap(true, code.high, 0, addr)
    : bounded(code, places.body, places.bodyBytes, addr);
  const chosen = random.chance(0.6) ? entry : data;
  return new Cap(true, chosen.high, chosen.low | CT, chosen.addr);
}

function untagged(random: Random, places: Places, x: Extensions): Preset {
  const sound = dataCapability(random, places, x, false);
  const root = infinite(x, 0n);
  const other = infinite({ ...x, zylevels1: !x.zylevels1 }, 0n);
  const addr = random.chance(0.7) ? sound.addr : random.bits64();
  switch (random.below(6)) {
    case 0:
      return withMeta(false, random.bits64(), addr);
    case 1:
      return new Cap(false, sound.high ^ (1 << random.below(32)), sound.low, addr);
    case 2:
      return new Cap(false, sound.high, sound.low, addr);
    case 3:
      return new Cap(false, sound.high, (sound.low & ~BOUNDS) | (random.bits() & BOUNDS), addr);
    case 4:
      return new Cap(false, root.high | (x.zyhybrid && random.chance(0.5) ? P : 0), random.below(0x400_0000), addr);
    default:
      return new Cap(false, other.high, 0, addr);
  }
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
export function preset(random: Random, places: Places, x: Extensions): Preset {
  switch (random.below(10)) {
    case 0:
    case 1:
      return dataCapability(random, places, x, false);
    case 2:
      return farCapability(random, places, x);
    case 3:
    case 4:
      return sealedCapability(random, places, x);
    case 5:
      return untagged(random, places, x);
    case 6: {
      const { high } = permissions(random, x);
      return new Cap(true, high, 0, random.chance(0.5) ? places.data : random.bits64());
    }
    default:
      return integerCap(integer(random));
  }
}

/** A pcc for the body: Infinite mostly, or with less of something; `integral`: in Integral Pointer Mode. */
export function bodyPcc(random: Random, places: Places, x: Extensions, integral: boolean): Preset {
  const cut = random.chance(0.2) ? ASR : random.chance(0.15) ? C | LM | LG | SL : random.chance(0.1) ? R : 0;
  const removed = x.zylevels1 ? cut : cut & ~(LG | SL);
  const high = legal((infinite(x, 0n).high & ~removed) | (integral ? P : 0), x);
  const cap = new Cap(true, high, 0, places.body);
  if (random.chance(0.6)) return cap;
  if (random.chance(0.5)) return bounded(cap, places.ram, places.ramBytes, places.body);
  return bounded(cap, places.body, places.bodyBytes, places.body);
}
