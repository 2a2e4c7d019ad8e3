// Short ways to assemble and link in tests.
import { assemble, type AssembleOptions, type ObjectFile } from "../../../isa/asm/assemble.ts";
import { link, type LinkLayout } from "../../../isa/asm/link.ts";
import { formatDiagnostic, type Diagnostic } from "../../../isa/diagnostic.ts";
import type { Image } from "../../../isa/image.ts";
import { instructionsOf } from "../../../isa/table.ts";
import { DATA, TEXT } from "./gnu.ts";

export const FORMS = instructionsOf("rv64ima_zicsr_zifencei_zicboz");

type Extra = Partial<AssembleOptions>;

/** The object of a source that must be right. */
export function objectOf(text: string, options: Extra = {}): ObjectFile {
  const result = assemble([{ file: "test.S", text }], { forms: FORMS, ...options });
  if (result.kind === "object") return result.object;
  throw new Error(result.diagnostics.map(formatDiagnostic).join("\n"));
}

/** The bytes of one section, its subsections after it. */
export function bytesOf(text: string, section = ".text", options: Extra = {}): Uint8Array {
  const found = objectOf(text, options).sections.filter((s) => s.name === section);
  if (found.length === 0) throw new Error(`no section ${section}`);
  return Uint8Array.from(found.flatMap((s) => [...s.bytes]));
}

/** Bytes of .data as hexadecimal text. */
export const dataOf = (text: string, options: Extra = {}): string =>
  Buffer.from(bytesOf(`.data\n${text}`, ".data", options)).toString("hex");

/** The instruction words of .text. */
export function wordsOf(text: string, options: Extra = {}): number[] {
  const bytes = bytesOf(text, ".text", options);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}

/** .text and .data of a source linked at the addresses that gnuLinked uses. */
export function linked(source: string, options: Extra = {}): { text: Uint8Array; data: Uint8Array } {
  const place = (section: string): number | undefined => (section === ".data" ? DATA : undefined);
  const { segments } = imageOf([objectOf(source, options)], { base: TEXT, place });
  const bytes = (address: number): Uint8Array =>
    segments.find((s) => s.address === address)?.bytes ?? new Uint8Array(0);
  return { text: bytes(TEXT), data: bytes(DATA) };
}

/** The image of objects that must link. */
export function imageOf(objects: readonly ObjectFile[], layout: LinkLayout): Image {
  const result = link(objects, layout);
  if (result.kind === "image") return result.image;
  throw new Error(result.diagnostics.map(formatDiagnostic).join("\n"));
}

/** The diagnostics of a source that must be wrong. */
export function diagnosticsOf(text: string, options: Extra = {}): readonly Diagnostic[] {
  const result = assemble([{ file: "test.S", text }], { forms: FORMS, ...options });
  if (result.kind === "object") throw new Error("assembled without a diagnostic");
  return result.diagnostics;
}

/** The one diagnostic of a source: `line:column message`. */
export function faultOf(text: string, options: Extra = {}): string {
  const found = diagnosticsOf(text, options);
  if (found.length !== 1) throw new Error(`${found.length} diagnostics:\n${found.map(formatDiagnostic).join("\n")}`);
  const { line, column, message } = found[0]!;
  return `${line}:${column} ${message}`;
}
