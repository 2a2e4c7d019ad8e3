// What the timing model knows of a decoded instruction, packed into one number and remembered by instruction word.
import type { Decoded } from "../../isa/codec.ts";
import type { Insn, TimingClass } from "../../isa/insn.ts";

/** Timing classes as numbers: up to `jump` fixed times on the ALU's result bus, then the multiplier's and divider's, then others. */
export const Class = {
  alu: 0,
  cap: 1,
  csr: 2,
  branch: 3,
  jump: 4,
  mul: 5,
  div: 6,
  load: 7,
  store: 8,
  atomic: 9,
  system: 10,
  fence: 11,
  cbo: 12,
} as const satisfies Readonly<Record<TimingClass, number>>;

/** Bits of a packed number. */
export const INDIRECT = 1 << 19;
export const CALL = 1 << 20;
export const RETURN = 1 << 21;
export const BACKWARD = 1 << 22;
const FETCH_FENCE = 1 << 23;
const TRAP_RETURN = 1 << 24;

/** Is the class one whose writes later loads may overlap (store-blocks.ts)? */
export const isStore = (timingClass: number): boolean => timingClass === Class.store || timingClass === Class.cbo;

/** Where fields of a packed number begin. */
export const TRAIT_SHIFT = { rd: 0, rs1: 5, rs2: 10, class: 15 } as const;

/** Fields of a packed number. */
export const traitClass = (t: number): number => (t >> TRAIT_SHIFT.class) & 15;
export const traitRd = (t: number): number => t & 31;
export const traitRs1 = (t: number): number => (t >> TRAIT_SHIFT.rs1) & 31;
export const traitRs2 = (t: number): number => (t >> TRAIT_SHIFT.rs2) & 31;
export const isIndirect = (t: number): boolean => (t & INDIRECT) !== 0;
export const isCall = (t: number): boolean => (t & CALL) !== 0;
export const isReturn = (t: number): boolean => (t & RETURN) !== 0;
/** A conditional branch whose target lies before it. */
export const isBackward = (t: number): boolean => (t & BACKWARD) !== 0;
/** FENCE.I */
export const isFetchFence = (t: number): boolean => (t & FETCH_FENCE) !== 0;
/** MRET, SRET */
export const isTrapReturn = (t: number): boolean => (t & TRAP_RETURN) !== 0;

const isLink = (register: number): boolean => register === 1 || register === 5;

/** Packs an instruction's traits. Calls and returns: the hints of the unprivileged manual's table (#jal, link x1 and x5). */
export function packTraits(d: Decoded): number {
  const { name, timing } = d.insn;
  const jump = timing === "jump";
  const indirect = jump && d.rs1 !== 0;
  let t = d.rd | (d.rs1 << TRAIT_SHIFT.rs1) | (d.rs2 << TRAIT_SHIFT.rs2) | (Class[timing] << TRAIT_SHIFT.class);
  if (indirect) t |= INDIRECT;
  if (jump && isLink(d.rd)) t |= CALL;
  if (indirect && isLink(d.rs1) && d.rs1 !== d.rd) t |= RETURN;
  if (timing === "branch" && Number(d.operands["imm"] ?? 0) < 0) t |= BACKWARD;
  if (name === "fence.i") t |= FETCH_FENCE;
  if (name === "mret" || name === "sret") t |= TRAP_RETURN;
  return t;
}

const SLOT_BITS = 12;
/** Knuth's multiplicative hash spreads opcodes that differ in few bits. */
const SPREAD = 0x9e3779b1;

/** Traits by instruction word; a slot holds the last word that hashed to it. */
export class TraitCache {
  readonly #insns = new Array<Insn | undefined>(1 << SLOT_BITS).fill(undefined);
  readonly #words = new Int32Array(1 << SLOT_BITS);
  readonly #traits = new Int32Array(1 << SLOT_BITS);

  of(d: Decoded): number {
    const word = d.word | 0;
    const slot = Math.imul(word, SPREAD) >>> (32 - SLOT_BITS);
    if (this.#words[slot] === word && this.#insns[slot] === d.insn) return this.#traits[slot]!;
    this.#insns[slot] = d.insn;
    this.#words[slot] = word;
    return (this.#traits[slot] = packTraits(d));
  }
}
