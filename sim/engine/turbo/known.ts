// What checks that were passed have shown of registers, within a block: what is known is not checked again.
import { isConst, type Expr } from "./expr.ts";
import type { RamCheck } from "./ram-check.ts";
import type { RegisterLocals } from "./registers.ts";
import { I32, Op } from "./wasm.ts";

/** A register's address and a constant. */
export interface Place {
  readonly register: number;
  readonly offset: bigint;
}

/** Offsets from a register's address whose bytes its window holds: from <= offset < to. */
interface Held {
  readonly from: bigint;
  readonly to: bigint;
}

/** Bits of a word that have a known value. */
interface Bits {
  readonly mask: bigint;
  readonly value: bigint;
}

/** A check that addresses lie in RAM, and how far a register's address lies from the one that it looks at. */
interface Checked {
  readonly check: RamCheck;
  readonly ahead: bigint;
}

export interface Facts {
  readonly tagged: boolean;
  readonly meta: Bits;
  /** Low bits of the address. */
  readonly address: Bits;
  readonly held: Held | undefined;
  readonly ram: Checked | undefined;
}

const NO_BITS: Bits = { mask: 0n, value: 0n };
const NOTHING: Facts = { tagged: false, meta: NO_BITS, address: NO_BITS, held: undefined, ram: undefined };
/** The bits below the lowest that an addition could carry out of: an address is at most known to be a multiple of so many bytes. */
const ALIGNMENT_MASK = 0xfn;

export class Known {
  readonly #registers: RegisterLocals;
  readonly #facts = new Map<number, Facts>();

  constructor(registers: RegisterLocals) {
    this.#registers = registers;
  }

  /** A block begins. */
  forget(): void {
    this.#facts.clear();
  }

  of(r: number): Facts {
    return this.#facts.get(r) ?? NOTHING;
  }

  /** A register is written; what is known of the value. */
  write(r: number, facts: Facts = NOTHING): void {
    if (facts === NOTHING) this.#facts.delete(r);
    else this.#facts.set(r, facts);
  }

  /** What is known of a value with the metadata or the tag of a register, and an address at an offset from its. */
  moved(r: number, { tag, meta, offset }: { tag: boolean; meta: boolean; offset: bigint | undefined }): Facts {
    const facts = this.of(r);
    const { held, address, ram } = facts;
    const shift = (n: bigint): bigint => n - offset!;
    return {
      tagged: tag && facts.tagged,
      meta: meta ? facts.meta : NO_BITS,
      address: offset === undefined ? NO_BITS : { mask: address.mask, value: (address.value + offset) & address.mask },
      held: held && (offset === undefined ? undefined : { from: shift(held.from), to: shift(held.to) }),
      ram: ram && (offset === undefined ? undefined : { ...ram, ahead: ram.ahead + offset }),
    };
  }

  /** What is known of an integer that is to be written to a register. */
  ofInteger(value: Expr): Facts | undefined {
    const place = this.placeOf(value);
    const ram = place && this.moved(place.register, { tag: false, meta: false, offset: place.offset }).ram;
    return ram && { ...NOTHING, ram };
  }

  /** Has a check that was made of a register's address look at these bytes, too; false where there is none that could. */
  widenRamCheck({ register, offset }: Place, bytes: number): boolean {
    const { ram } = this.of(register);
    return ram !== undefined && ram.check.widen(ram.ahead + offset, bytes);
  }

  noteRam(r: number, check: RamCheck): void {
    this.#facts.set(r, { ...this.of(r), ram: { check, ahead: 0n } });
  }

  noteHeld(r: number, from: bigint, to: bigint): void {
    const { held } = this.of(r);
    const both = held === undefined ? { from, to } : { from: least(held.from, from), to: -least(-held.to, -to) };
    this.#facts.set(r, { ...this.of(r), held: both });
  }

  /** Is a condition that is 1 or an exit is taken 1 for certain? */
  has(cond: Expr): boolean {
    const about = this.#about(cond);
    if (about === undefined) return false;
    const { register, part, bits } = about;
    if (part === "tag") return this.of(register).tagged;
    const { mask, value } = this.of(register)[part];
    return (mask & bits.mask) === bits.mask && (value & bits.mask) === bits.value;
  }

  /** The condition is 1 from here on. */
  note(cond: Expr): void {
    const about = this.#about(cond);
    if (about === undefined) return;
    const { register, part, bits } = about;
    const facts = this.of(register);
    if (part === "tag") this.#facts.set(register, { ...facts, tagged: true });
    else {
      const known = facts[part];
      const both = { mask: known.mask | bits.mask, value: known.value | bits.value };
      this.#facts.set(register, { ...facts, [part]: both });
    }
  }

  addressOf(r: number): number {
    return this.#registers.address(r);
  }

  /** A register's address and a constant, if that is what a value is. */
  placeOf(value: Expr): Place | undefined {
    const e = value.kind === "let" ? value.a! : value;
    const [base, offset] =
      e.kind === "binary" && e.opcode === Op.i64Add && isConst(e.b!) ? [e.a!, BigInt.asIntN(64, e.b!.value)] : [e, 0n];
    if (base.kind !== "local" || base.type === I32) return undefined;
    const register = this.#registers.withAddress(base.local);
    return register === undefined ? undefined : { register, offset };
  }

  /** What a condition says of a register. */
  #about(cond: Expr): { register: number; part: "tag" | "meta" | "address"; bits: Bits } | undefined {
    if (cond.kind === "local") {
      const register = this.#registers.withTag(cond.local);
      return register === undefined ? undefined : { register, part: "tag", bits: NO_BITS };
    }
    const value =
      cond.opcode === Op.i64Eqz ? 0n : cond.opcode === Op.i64Eq && isConst(cond.b!) ? cond.b!.value : undefined;
    const masked = cond.a;
    if (value === undefined || masked?.opcode !== Op.i64And || !isConst(masked.b!)) return undefined;
    const [word, mask] = [masked.a!, masked.b!.value];
    const ofMeta = word.kind === "local" ? this.#registers.withMeta(word.local) : undefined;
    if (ofMeta !== undefined) return { register: ofMeta, part: "meta", bits: { mask, value } };
    const place = this.placeOf(word);
    if (place === undefined || (mask & ~ALIGNMENT_MASK) !== 0n || (mask & (mask + 1n)) !== 0n) return undefined;
    return { register: place.register, part: "address", bits: { mask, value: (value - place.offset) & mask } };
  }
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
