// Capabilities as the machine's registers hold them, and the capability half of the algebra on bigint.
import { BigintArithmetic } from "../engine/bigint.ts";
import { decodeBounds } from "../../isa/cap/bounds.ts";
import type { Bounds, Capabilities } from "../../isa/semantics.ts";

/** A capability never changes; its bounds are decoded when first asked for and kept. */
export class Capability {
  /** 0 or 1. */
  readonly tag: bigint;
  readonly meta: bigint;
  readonly addr: bigint;
  bounds: Bounds<bigint> | undefined;

  constructor(tag: bigint, meta: bigint, addr: bigint, bounds: Bounds<bigint> | undefined) {
    this.tag = tag;
    this.meta = meta;
    this.addr = addr;
    this.bounds = bounds;
  }
}

export const NULL_CAPABILITY = new Capability(0n, 0n, 0n, undefined);

const MEMO_ENTRIES = 256;
const NOTHING_DECODED = { meta: -1n, bounds: undefined };

/** `Capabilities` on bigint, with two caches of decoded bounds that no meaning can see. */
export class CapabilityArithmetic extends BigintArithmetic implements Capabilities<bigint, Capability> {
  readonly zylevels1: boolean;
  readonly zyhybrid: boolean;
  /** The capability whose bounds were last asked for: an address update asks for the old ones and then for the new. */
  #last: Pick<Capability, "meta" | "bounds"> = NOTHING_DECODED;
  /** Capabilities decoded lately, by some bits of their metadata. */
  readonly #memo: Pick<Capability, "meta" | "bounds">[] = new Array(MEMO_ENTRIES).fill(NOTHING_DECODED);

  constructor(zylevels1: boolean, zyhybrid = false) {
    super();
    this.zylevels1 = zylevels1;
    this.zyhybrid = zyhybrid;
  }

  cap(tag: bigint, meta: bigint, addr: bigint): Capability {
    return new Capability(tag, meta, addr, undefined);
  }
  tag(y: Capability): bigint {
    return y.tag;
  }
  meta(y: Capability): bigint {
    return y.meta;
  }
  addr(y: Capability): bigint {
    return y.addr;
  }
  keepTagIf(y: Capability, cond: bigint): Capability {
    return cond !== 0n || y.tag === 0n ? y : new Capability(0n, y.meta, y.addr, y.bounds);
  }
  selectY(cond: bigint, a: Capability, b: Capability): Capability {
    return cond !== 0n ? a : b;
  }

  bounds(y: Capability): Bounds<bigint> {
    let known = y.bounds;
    if (known === undefined) {
      known = this.#recall(y);
      // Machines share NULL, and extensions make a difference to its integrity.
      if (y !== NULL_CAPABILITY) y.bounds = known;
    }
    this.#last = y;
    return known;
  }

  /**
   * Bounds of equal metadata, decoded at another address, hold for this address too if it lies between them: the
   * representable range contains the bounds (#section_cap_representable_check).
   */
  #recall(y: Capability): Bounds<bigint> {
    if (this.#last.meta === y.meta && spans(this.#last.bounds, y.addr)) return this.#last.bounds!;
    const slot = Number((y.meta ^ (y.meta >> 14n)) & 0xffn);
    const entry = this.#memo[slot]!;
    if (entry.meta === y.meta && spans(entry.bounds, y.addr)) return entry.bounds!;
    this.#memo[slot] = y;
    return decodeBounds(this, y.meta, y.addr);
  }
}

function spans(bounds: Bounds<bigint> | undefined, addr: bigint): boolean {
  return bounds !== undefined && addr >= bounds.base && (bounds.topHigh !== 0n || addr <= bounds.top);
}
