// Random capabilities: valid ones, made only by narrowing Infinite, and arbitrary bits.
import fc from "fast-check";
import { BOUNDS_MASK, GLOBAL, infiniteMeta, SEALED } from "../../isa/cap/format.ts";
import { encodeBounds } from "../../isa/cap/bounds.ts";
import { clearPermissions } from "../../isa/cap/perms.ts";
import { CapabilityArithmetic } from "../../sim/machine/capability.ts";
import type { Value } from "../drivers/meaning.ts";
import { arbX, X_MAX } from "./x.ts";

export interface CapabilityConstraints {
  /** @defaultValue false */
  readonly zylevels1?: boolean;
  /** Only sealed or only unsealed ones; both where absent. */
  readonly sealed?: boolean;
}

/** Bounds metadata that contains some region, and an address mostly within it. */
const arbRegion: fc.Arbitrary<{ readonly bounds: bigint; readonly addr: bigint }> = fc
  .tuple(arbX, arbX, fc.oneof({ weight: 3, arbitrary: arbX }, { weight: 1, arbitrary: fc.constant(0n) }), fc.boolean())
  .map(([base, wanted, within, infinite]) => {
    const length = wanted > X_MAX - base ? X_MAX - base : wanted;
    const bounds =
      infinite && wanted === 0n ? 0n : encodeBounds(new CapabilityArithmetic(false), 0n, base, length).meta;
    return { bounds: bounds & BOUNDS_MASK, addr: length === 0n ? base : base + (within % length) };
  });

/** A tagged capability that valid derivations from Infinite can give. */
export function arbCapability({ zylevels1 = false, sealed }: CapabilityConstraints = {}): fc.Arbitrary<Value> {
  const m = new CapabilityArithmetic(zylevels1);
  const seal = sealed === undefined ? fc.boolean() : fc.constant(sealed);
  const cleared = fc.oneof(fc.constant(0n), fc.bigInt(0n, 0xff_ffffn), fc.constantFrom(1n, 2n, 3n, 0x20n, 0x10000n));
  return fc.record({ region: arbRegion, cleared, seal, local: fc.boolean() }).map((r) => {
    const permitted = clearPermissions(m, infiniteMeta(zylevels1), r.cleared) & (r.local ? ~GLOBAL : -1n);
    const meta = permitted | r.region.bounds | (r.seal ? SEALED : 0n);
    return { tag: 1n, meta, addr: r.region.addr };
  });
}

/** Any 128 bits, untagged; half of them look like metadata. */
export const arbBits: fc.Arbitrary<Value> = fc
  .tuple(arbX, arbX, fc.boolean())
  .map(([meta, addr, plausible]) => ({ tag: 0n, meta: plausible ? meta | infiniteMeta(false) : meta, addr }));
