// Finds the instruction that a word encodes, among the instructions of the selected extensions.
import { matches, operands, type Decoded, type Form } from "./codec.ts";

export type Decoder = (word: number) => Decoded | undefined;

/**
 * Builds a decoder; words are looked up by opcode and funct3 first. Undefined means illegal instruction. Where one
 * encoding is a special case of another (prefetch.r is an ori to x0) the more specific one is found.
 */
export function decoder(forms: readonly Form[]): Decoder {
  const bySpecificity = [...forms].sort((a, b) => fixedBits(b) - fixedBits(a));
  const buckets: Form[][] = [];
  for (let key = 0; key < 1024; key += 1) {
    const candidates = bySpecificity.filter((f) => ((bucketWord(key) ^ f.match) & f.mask & BUCKET_MASK) === 0);
    buckets.push(candidates);
  }
  return (word) => {
    const found = buckets[bucketOf(word)]!.find((f) => matches(f, word));
    return found && decoded(found, word);
  };
}

/** A word read as a given form. */
export function decoded(f: Form, word: number): Decoded {
  const values = operands(f, word);
  const register = (field: "rd" | "rs1" | "rs2"): number => Number(values[field] ?? f.insn.implies?.[field] ?? 0);
  return {
    form: f,
    insn: f.insn,
    word: f.bytes === 2 ? word & 0xffff : word,
    bytes: f.bytes,
    operands: values,
    rd: register("rd"),
    rs1: register("rs1"),
    rs2: register("rs2"),
  };
}

const fixedBits = (f: Form): number => f.mask.toString(2).replaceAll("0", "").length;

const BUCKET_MASK = 0x707f;
const bucketOf = (word: number): number => (word & 0x7f) | ((word >>> 5) & 0x380);
const bucketWord = (key: number): number => (key & 0x7f) | ((key & 0x380) << 5);
