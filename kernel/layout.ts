// Regions of memory whose bounds a capability can state exactly, and that no other region shares.
import { alignUp } from "./abi.ts";

/** The bytes from `base` up to `base + bytes`. */
export interface Region {
  readonly base: number;
  readonly bytes: number;
}

/** A capability is stored in granules of this size, so a region that holds one begins and ends on it. */
export const GRANULE_BYTES = 16;

/** Lengths below this have exact bounds at any byte (rvy64-encoding.adoc: a mantissa of 14 bits, the top two implied). */
const EXACT_BELOW_BYTES = 4096;
/** From there on, base and length must be multiples of 1/512 of the power of two below the length. */
const MANTISSA_STEPS = 512;

/** The alignment that exact bounds of this length need, and capabilities stored in it. */
export function exactAlignment(bytes: number): number {
  if (bytes < EXACT_BELOW_BYTES) return GRANULE_BYTES;
  return Math.max(GRANULE_BYTES, 2 ** Math.floor(Math.log2(bytes)) / MANTISSA_STEPS);
}

/** The first region at or above `base`, of at least `bytes`, whose bounds are exact. */
export function exactRegion(base: number, bytes: number): Region {
  const once = alignUp(bytes, exactAlignment(bytes));
  // Rounding up may reach the next power of two, whose alignment is coarser: it satisfies that alignment as it stands.
  return { base: alignUp(base, exactAlignment(once)), bytes: once };
}

export const regionEnd = (r: Region): number => r.base + r.bytes;

/** Does `outer` hold every byte of `inner`? */
export const holds = (outer: Region, inner: Region): boolean =>
  inner.base >= outer.base && regionEnd(inner) <= regionEnd(outer);

/** Two regions that share a byte, if there are any. */
export function overlap<R extends Region>(regions: readonly R[]): readonly [R, R] | undefined {
  const sorted = regions.filter((r) => r.bytes > 0).sort((a, b) => a.base - b.base);
  for (const [i, next] of sorted.entries()) {
    const previous = sorted[i - 1];
    if (previous !== undefined && regionEnd(previous) > next.base) return [previous, next];
  }
  return undefined;
}
