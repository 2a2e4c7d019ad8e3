// Programs as assembly text, for a reader and for test/regress, and back.
import { assemble } from "../../isa/asm/assemble.ts";
import { link } from "../../isa/asm/link.ts";
import { formatDiagnostic } from "../../isa/diagnostic.ts";
import { disassemble } from "../../isa/disasm.ts";
import type { Image } from "../../isa/image.ts";
import { decoderFor, instructionsOf, parseIsa } from "../../isa/table.ts";
import { BODY } from "../arbitrary/frame.ts";
import { bodyBytes, DATA, programImage, PROGRAM_ISAS, type Program, type ProgramIsa } from "../arbitrary/program.ts";
import type { Run } from "./lockstep.ts";

const BASE = 0x8000_0000;
/** Where the body's space ends: a run that comes between its end and here is over. */
const SPACE_END = BASE + DATA;
const MAX_STEPS = 600;
/** Of a body alone, which is at most some 110 instructions. */
const MAX_BODY_STEPS = 180;

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

/** A run of a random program from where its body begins. */
export function runOf(program: Program): Run {
  const { isa, misaligned } = program;
  return { isa, misaligned, ...programImage(program), maxSteps: MAX_BODY_STEPS };
}

/** A run of it from its entry. */
export function wholeRunOf(program: Program): Run {
  const { isa, misaligned } = program;
  const { image, end } = programImage(program);
  return { isa, misaligned, image, end, maxSteps: MAX_STEPS };
}

/** The body, an instruction a line. */
export function bodyText(program: Program): string[] {
  const decode = decoderFor(program.isa);
  return program.body.map((word) => {
    const decoded = decode(word);
    const raw = (word & 3) === 3 ? `.4byte ${hex(word)}` : `.2byte ${hex(word & 0xffff)}`;
    return decoded === undefined ? raw : disassemble(decoded);
  });
}

/** The whole program as a source that assembles to the same image; `notes` become comments at its head. */
export function programText(program: Program, notes: readonly string[]): string {
  const bytes = programImage(program).image.segments[0]!.bytes;
  const view = new DataView(bytes.buffer);
  const head = [...notes.map((note) => `# ${note}`), `# isa: ${program.isa}`, `# misaligned: ${program.misaligned}`];
  const lines = [...head, "\t.option norvc", ...dataLines(view, 0, BODY), "body:"];
  for (const [i, text] of bodyText(program).entries()) {
    const short = (program.body[i]! & 3) !== 3;
    lines.push(short && !text.startsWith(".") ? `\t.option rvc\n\t${text}\n\t.option norvc` : `\t${text}`);
  }
  const end = BODY + bodyBytes(program.body);
  lines.push("over:", ...dataLines(view, end, bytes.length));
  const text = `${lines.join("\n")}\n`;
  if (sameImage(text, program)) return text;
  // Some line assembles to another word, as of two encodings of one instruction the assembler chooses one: words, then.
  return text.replace(/(?<=body:\n)[^]*(?=over:)/, () => words(program));
}

function words(program: Program): string {
  const texts = bodyText(program);
  const line = (word: number): string => ((word & 3) === 3 ? `.4byte ${hex(word)}` : `.2byte ${hex(word & 0xffff)}`);
  return program.body.map((word, i) => `\t${line(word)}\t# ${texts[i]}\n`).join("");
}

/** Bytes as halfwords up to an eight-byte boundary, then doublewords; zeros in one directive. */
function dataLines(view: DataView, from: number, to: number): string[] {
  const lines: string[] = [];
  let zeros = 0;
  const flush = (): void => {
    if (zeros > 0) lines.push(`\t.zero ${zeros}`);
    zeros = 0;
  };
  for (let at = from; at < to;) {
    const bytes = at % 8 === 0 && at + 8 <= to ? 8 : 2;
    const value = bytes === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint16(at, true));
    if (value === 0n) zeros += bytes;
    else {
      flush();
      lines.push(`\t${bytes === 8 ? ".dword" : ".2byte"} 0x${value.toString(16)}`);
    }
    at += bytes;
  }
  flush();
  return lines;
}

function sameImage(text: string, program: Program): boolean {
  try {
    const ours = imageOf(text, program.isa).segments[0]!.bytes;
    const wanted = programImage(program).image.segments[0]!.bytes;
    return wanted.every((byte, i) => byte === (ours[i] ?? 0));
  } catch {
    return false;
  }
}

function imageOf(text: string, isa: string): Image {
  const parsed = parseIsa(isa);
  if (typeof parsed === "string") throw new Error(parsed);
  const options = { forms: instructionsOf(isa), capabilityMode: parsed.capabilityMode };
  const assembly = assemble([{ file: "regress.S", text }], options);
  if (assembly.kind === "diagnostics") throw new Error(assembly.diagnostics.map(formatDiagnostic).join("\n"));
  const linkage = link([assembly.object], { base: BASE });
  if (linkage.kind === "diagnostics") throw new Error(linkage.diagnostics.map(formatDiagnostic).join("\n"));
  return linkage.image;
}

/** A source of test/regress as a run: its head names the ISA, its symbol `over` the end. */
export function runOfText(text: string): Run {
  const isa = PROGRAM_ISAS.find((i) => new RegExp(`^# isa: ${i}$`, "m").test(text)) ?? ("rv64y" satisfies ProgramIsa);
  const image = imageOf(text, isa);
  const misaligned = /^# misaligned: trap$/m.test(text) ? "trap" : "split";
  return { isa, misaligned, image, end: { from: image.symbols.get("over")!, to: SPACE_END }, maxSteps: MAX_STEPS };
}
