// GNU binutils as a judge of encodings: what as makes of our text, and what our assembler makes of objdump's text.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { encode, type Form, type OperandValues } from "../../isa/codec.ts";
import { CSRS, csrNumber } from "../../isa/csr.ts";
import { decoded } from "../../isa/decode.ts";
import { disassemble } from "../../isa/disasm.ts";
import { instructionsOf } from "../../isa/table.ts";
import { arbOperands } from "../arbitrary/operands.ts";
import { gnuAssemble, MARCH } from "../drivers/gnu.ts";
import { imageOf, objectOf } from "../isa/asm/assembling.ts";
import { gnu, inFolder } from "../isa/asm/gnu.ts";
import { Tally, type Verdict } from "./verdict.ts";

/** Every instruction of an integer base. */
export const BINUTILS_ISA = "rv64imacb_zicond_zicbom_zicboz_zicbop";
const FORMS = instructionsOf(BINUTILS_ISA);

/** One encoding of an instruction. */
export interface Sample {
  readonly word: number;
  /** What our disassembler prints. */
  readonly text: string;
}

/** The operands with what the text does not say (fence's fm) at its default. */
function sayable(form: Form, values: OperandValues): OperandValues {
  const said = form.insn.asm.replace(/target|upper/, "imm").split(/\W+/);
  const unsaid = form.fields.filter((f) => !said.includes(f) && f !== "aq" && f !== "rl");
  const { defaults = {} } = form.insn;
  return { ...values, ...Object.fromEntries(unsaid.map((field) => [field, defaults[field] ?? 0])) };
}

/** `count` random encodings of an instruction; of one that names a CSR, also one for each CSR of an integer base. */
export function samplesOf(form: Form, count: number, seed: number): Sample[] {
  const random = fc.sample(arbOperands(form), { seed, numRuns: count });
  const numbers = form.fields.includes("csr") ? CSRS.filter((c) => c.width !== "ylen").map((c) => c.number) : [];
  const named = numbers.map((csr, i) => ({ ...random[i % count]!, csr }));
  return [...random, ...named].map((values) => {
    const word = encode(form, sayable(form, values));
    return { word, text: disassemble(decoded(form, word)) };
  });
}

/** Why binutils cannot judge an encoding; undefined where it can. */
export function unjudged({ text }: Sample): string | undefined {
  if (/^fence\t(0,|\w+,0)/.test(text)) return "a fence without predecessors or successors: binutils has no text for it";
  if (/^c\.s[lr][la]i\t\w+,0$/.test(text)) return "a shift by 0, a HINT: binutils reads it as RV128's";
  return undefined;
}

/** Binutils 2.40 is older than Zicond; of it as sees the fields of the encoding (riscv-zicond, chapter 2). */
const BY_FIELDS: Readonly<Record<string, string>> = {
  "czero.eqz": ".insn r 0x33, 5, 7,",
  "czero.nez": ".insn r 0x33, 7, 7,",
};

/** The words of a binary, 16 or 32 bits each. */
export function wordsIn(code: Uint8Array): number[] {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const found: number[] = [];
  for (let at = 0; at < code.byteLength; at += (view.getUint16(at, true) & 3) === 3 ? 4 : 2) {
    const half = view.getUint16(at, true);
    found.push((half & 3) === 3 ? view.getUint32(at, true) : half);
  }
  return found;
}

export const DIRECTIONS = ["as", "assembler", "objdump", "aliases"] as const;
/**
 * `as`: GNU as makes the word of what our disassembler prints; `assembler`: so does ours; `objdump`: our assembler makes
 * the word of what objdump prints; `aliases`: with pseudo-instructions in it.
 */
export type Direction = (typeof DIRECTIONS)[number];

/** Judges an instruction in all directions over `count` random encodings. */
export function judgeForm(form: Form, count: number, seed: number): Record<Direction, Verdict> {
  const all = samplesOf(form, count, seed);
  const samples = all.filter((s) => unjudged(s) === undefined);
  const gnuText = (text: string): string => text.replace(/^\S+/, (name) => BY_FIELDS[name] ?? name);
  const judge = (direction: Direction, texts: readonly string[], words: () => readonly number[]): Verdict => {
    const tally = new Tally();
    for (const s of all) if (!samples.includes(s)) tally.skip(unjudged(s)!);
    const found = attempt(words);
    samples.forEach((s, i) => {
      const skipped = unreadable(direction, form, texts[i]!);
      if (skipped !== undefined) return tally.skip(skipped);
      const made = typeof found === "string" ? found : hex(found[i]);
      if (made === hex(s.word)) return tally.pass();
      const differences = [{ what: "word", expected: hex(s.word), found: made }];
      tally.fail({ line: i + 1, subject: `${direction}: ${texts[i]}`, differences });
    });
    return tally.verdict(form.insn.name);
  };
  const ours = samples.map((s) => s.text);
  const plain = objdump(form, samples, ["-M", "no-aliases"]);
  const aliases = objdump(form, samples, []);
  return {
    as: judge("as", ours, () => wordsIn(gnuAssemble(ours.map(gnuText)))),
    assembler: judge("assembler", ours, () => assembled(ours)),
    objdump: judge("objdump", plain, () => assembled(readable("objdump", form, plain, samples))),
    aliases: judge("aliases", aliases, () => assembled(readable("aliases", form, aliases, samples))),
  };
}

const hex = (word: number | undefined): string => (word === undefined ? "nothing" : word.toString(16).padStart(4, "0"));

function attempt<T>(work: () => T): T | string {
  try {
    return work();
  } catch (e) {
    return (e as Error).message.split("\n")[0]!;
  }
}

/** What our assembler makes of lines, at address 0. */
function assembled(lines: readonly string[]): number[] {
  const { segments } = imageOf([objectOf(lines.join("\n"), { forms: FORMS })], { base: 0 });
  return wordsIn(segments[0]?.bytes ?? new Uint8Array(0));
}

/** objdump's text for each sample, at address 0 of an object whose attributes name the extensions. */
function objdump(form: Form, samples: readonly Sample[], options: readonly string[]): string[] {
  const source = samples.map((s) => `.insn ${form.bytes}, 0x${s.word.toString(16)}\n`).join("");
  const printed = inFolder((folder) => {
    const [input, object] = [join(folder, "words.s"), join(folder, "words.o")];
    writeFileSync(input, source);
    gnu("as", `-march=${MARCH}`, "-o", object, input);
    return gnu("objdump", "-d", "-z", ...options, object);
  });
  const texts = [...printed.matchAll(/^ *[0-9a-f]+:\t[0-9a-f]{4,8} +\t(.*)$/gm)].map(([, text]) => text!);
  const plain = texts.map((text) => text.replace(/ #.*| <.*>$/, ""));
  return form.insn.asm.includes("target") ? plain.map((text) => text.replace(/[0-9a-f]+$/, "0x$&")) : plain;
}

/** Why a line of objdump is not for our assembler; undefined where it is. */
function unreadable(direction: Direction, form: Form, text: string): string | undefined {
  if (direction === "as" || direction === "assembler") return undefined;
  if (direction === "aliases" && form.bytes === 2) return "16-bit code under a 32-bit name: we do not compress unasked";
  if (text.startsWith(".")) return "binutils 2.40 does not know it";
  if (form.insn.name === "c.nop") return "objdump calls it c.addi zero,0";
  if (!form.fields.includes("csr")) return undefined;
  if (/^(csr|rd)/.test(text) && text.split(/[\t,]/).some((word) => csrNumber(word) !== undefined)) return undefined;
  return "a CSR of an extension that meshsim lacks";
}

/** The lines, with data in place of those that are not for our assembler, so that the others keep their addresses. */
function readable(d: Direction, form: Form, texts: readonly string[], samples: readonly Sample[]): string[] {
  const data = (s: Sample): string => `.${form.bytes}byte 0x${s.word.toString(16)}`;
  return texts.map((text, i) => (unreadable(d, form, text) === undefined ? text : data(samples[i]!)));
}
