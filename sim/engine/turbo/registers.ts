// The guest's registers as locals of a function: loaded where it is entered, stored where it is left.
//
// A capability has five locals: address, metadata, tag, and a window of addresses that its bounds hold (bounds.ts).
import { META_AT, TAG_AT, X_AT } from "./layout.ts";
import { I32, I64, Op, type Code, type ValueType } from "./wasm.ts";

/** Locals of a window. */
export interface WindowLocals {
  readonly base: number;
  readonly top: number;
}

/** A window of no address; its top is what a local holds at first. */
export const EMPTY = { base: -1n, top: 0n } as const;

interface CapabilityLocals extends WindowLocals {
  readonly meta: number;
  readonly tag: number;
}

export class RegisterLocals {
  readonly #newLocal: (type: ValueType) => number;
  readonly #addresses = new Map<number, number>();
  readonly #capabilities = new Map<number, CapabilityLocals>();
  readonly #written = new Set<number>();
  /** Registers by the locals of their addresses, metadata and tags. */
  readonly #byAddress = new Map<number, number>();
  readonly #byMeta = new Map<number, number>();
  readonly #byTag = new Map<number, number>();

  constructor(newLocal: (type: ValueType) => number) {
    this.#newLocal = newLocal;
  }

  /** The local of a register's address, its integer value. */
  address(r: number): number {
    let known = this.#addresses.get(r);
    if (known === undefined) {
      known = this.#newLocal(I64);
      this.#addresses.set(r, known);
      this.#byAddress.set(known, r);
    }
    return known;
  }

  /** The locals of the rest of a capability. */
  capability(r: number): CapabilityLocals {
    let known = this.#capabilities.get(r);
    if (known === undefined) {
      const local = this.#newLocal;
      known = { meta: local(I64), tag: local(I32), base: local(I64), top: local(I64) };
      this.#capabilities.set(r, known);
      this.#byMeta.set(known.meta, r);
      this.#byTag.set(known.tag, r);
    }
    return known;
  }

  /** The register that has a local for its address, metadata or tag. */
  withAddress(local: number): number | undefined {
    return this.#byAddress.get(local);
  }
  withMeta(local: number): number | undefined {
    return this.#byMeta.get(local);
  }
  withTag(local: number): number | undefined {
    return this.#byTag.get(local);
  }

  noteWrite(r: number): void {
    this.#written.add(r);
  }

  /** Loads all that the function uses. Windows are empty at first. */
  load(code: Code): void {
    for (const [r, local] of this.#addresses) {
      code
        .i32(0)
        .memory(Op.i64Load, X_AT + 8 * r)
        .local(Op.localSet, local);
    }
    for (const [r, { meta, tag, base }] of this.#capabilities) {
      code.i64(EMPTY.base).local(Op.localSet, base);
      code
        .i32(0)
        .memory(Op.i64Load, META_AT + 8 * r)
        .local(Op.localSet, meta);
      code
        .i32(0)
        .memory(Op.i32Load, TAG_AT + 4 * r)
        .local(Op.localSet, tag);
    }
  }

  /** Stores all that the function may have written. */
  store(code: Code): void {
    for (const r of this.#written) {
      code
        .i32(0)
        .local(Op.localGet, this.address(r))
        .memory(Op.i64Store, X_AT + 8 * r);
      const capability = this.#capabilities.get(r);
      if (capability === undefined) continue;
      code
        .i32(0)
        .local(Op.localGet, capability.meta)
        .memory(Op.i64Store, META_AT + 8 * r);
      code
        .i32(0)
        .local(Op.localGet, capability.tag)
        .memory(Op.i32Store, TAG_AT + 4 * r);
    }
  }
}
