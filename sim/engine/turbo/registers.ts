// The guest's registers as locals of a function: loaded where it is entered, stored where it is left.
//
// A capability has nine locals: address, metadata, tag, and the decoded bounds with a flag that says whether they are
// decoded. Decoding is put off until an instruction asks for the bounds; then it is kept until the register is written.
import { META_AT, TAG_AT, X_AT } from "./layout.ts";
import { I32, I64, Op, type Code, type ValueType } from "./wasm.ts";

/** Locals of decoded bounds. */
export interface BoundsLocals {
  readonly base: number;
  readonly top: number;
  readonly topHigh: number;
  readonly valid: number;
  readonly integral: number;
}

interface CapabilityLocals extends BoundsLocals {
  readonly meta: number;
  readonly tag: number;
  /** 1 where the bounds are decoded. */
  readonly decoded: number;
}

export class RegisterLocals {
  readonly #newLocal: (type: ValueType) => number;
  readonly #addresses = new Map<number, number>();
  readonly #capabilities = new Map<number, CapabilityLocals>();
  readonly #written = new Set<number>();

  constructor(newLocal: (type: ValueType) => number) {
    this.#newLocal = newLocal;
  }

  /** The local of a register's address, its integer value. */
  address(r: number): number {
    const known = this.#addresses.get(r) ?? this.#newLocal(I64);
    this.#addresses.set(r, known);
    return known;
  }

  /** The locals of the rest of a capability. */
  capability(r: number): CapabilityLocals {
    let known = this.#capabilities.get(r);
    if (known === undefined) {
      const local = this.#newLocal;
      known = {
        meta: local(I64),
        tag: local(I32),
        decoded: local(I32),
        ...boundsLocals(local),
      };
      this.#capabilities.set(r, known);
    }
    return known;
  }

  noteWrite(r: number): void {
    this.#written.add(r);
  }

  /** Loads all that the function uses. Locals are 0 at first: no bounds are decoded. */
  load(code: Code): void {
    for (const [r, local] of this.#addresses) {
      code
        .i32(0)
        .memory(Op.i64Load, X_AT + 8 * r)
        .local(Op.localSet, local);
    }
    for (const [r, { meta, tag }] of this.#capabilities) {
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

/** New locals for decoded bounds. */
export function boundsLocals(newLocal: (type: typeof I32 | typeof I64) => number): BoundsLocals {
  return {
    base: newLocal(I64),
    top: newLocal(I64),
    topHigh: newLocal(I32),
    valid: newLocal(I32),
    integral: newLocal(I32),
  };
}
