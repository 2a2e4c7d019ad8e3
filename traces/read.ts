// The way in: bytes of a trace file, in any format meshsim reads, become a trace in normal form or a list of what is wrong.
import { isUtf8 } from "node:buffer";
import type { Diagnostics } from "./diagnostic.ts";
import { Complaints, InputError, Source, printable, quote } from "./diagnostic.ts";
import type { Importer } from "./importers/index.ts";
import { IMPORTERS } from "./importers/index.ts";
import { firstNonSpace, look } from "./importers/outline.ts";
import { JsonReader } from "./json-reader.ts";
import { normalize } from "./normalize.ts";
import type { Repair } from "./repair.ts";
import { RepairLog } from "./repair.ts";
import type { RuleUse, Rules } from "./rules.ts";
import { withDefaults } from "./rules.ts";
import { EdgeTable, SpanTable } from "./span-table.ts";
import { walk } from "./trace.ts";
import type { Trace } from "./trace.ts";

/** How to read a file. */
export interface ReadOptions {
  /** Name of the file for messages; its last part without extensions becomes the name of an imported trace. */
  readonly file: string;
  /** Rules that depart from their defaults. */
  readonly rules?: Partial<Rules>;
  /** Repairs become errors. */
  readonly strict?: boolean;
  /** Files longer than this are refused. Default: {@link MAX_BYTES}. */
  readonly maxBytes?: number;
}

/** A trace that was read. */
export interface Imported {
  readonly kind: "trace";
  readonly trace: Trace;
  /** Name of the importer: `jaeger`, `meshsim-json`, `meshsim-messagepack`. */
  readonly format: string;
  /** Spans in the trace, after repairs. */
  readonly spans: number;
  /** The longest path of spans and the most children of one span; 0 for meshsim's own format, which has no spans. */
  readonly spanDepth: number;
  readonly spanFanOut: number;
  /** Each parent → child pair of spans; empty for meshsim's own format. */
  readonly edges: EdgeTable;
  readonly repairs: readonly Repair[];
  /** Each rule, its setting, and how many spans it concerned; empty for meshsim's own format. */
  readonly rules: readonly RuleUse[];
}

/** Longest input: what Node reads into one buffer, and what a signed 32-bit offset reaches. */
export const MAX_BYTES = 2 ** 31 - 1;

const FORMATS = "meshsim reads Jaeger JSON and its own format (JSON or MessagePack)";

/**
 * Reads a trace. The format is recognised from the content.
 *
 * Never throws on bad input, whatever the bytes are: it answers with {@link Diagnostics}. It does not change `bytes`.
 */
export function readTrace(bytes: Uint8Array, options: ReadOptions): Imported | Diagnostics {
  const source = new Source(options.file, bytes);
  const complaints = new Complaints(source);
  try {
    const importer = recognise(source, options.maxBytes ?? MAX_BYTES);
    return importWith(importer, source, complaints, options);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    complaints.add(error.message, error.offset, error.hint);
    return complaints.diagnostics();
  }
}

function importWith(
  importer: Importer,
  source: Source,
  complaints: Complaints,
  options: ReadOptions,
): Imported | Diagnostics {
  const rules = withDefaults(options.rules);
  const log = new RepairLog(source);
  const spans = new SpanTable();
  const found = importer.import({ source, reader: new JsonReader(source.bytes), spans, log, complaints });
  if (complaints.total > 0) return complaints.diagnostics();
  const common = { kind: "trace", format: importer.name } as const;
  let imported: Omit<Imported, "repairs">;
  if (found.kind === "trace") {
    const { trace } = found;
    let folded = 0;
    for (const { call } of walk(trace)) folded += call.spans;
    imported = {
      ...common,
      trace,
      spans: folded,
      spanDepth: 0,
      spanFanOut: 0,
      edges: new EdgeTable(spans, [], []),
      rules: [],
    };
  } else {
    imported = { ...common, ...normalize(found.spans, baseName(options.file), rules, log) };
    if (imported.trace.requests.length === 0) throw new InputError("no request is left of this trace");
  }
  if (options.strict === true && log.total > 0) return log.diagnostics();
  return { ...imported, repairs: log.report() };
}

/** Encodings that are no trace, by their first bytes. */
const MAGIC: readonly (readonly [bytes: readonly number[], what: string, hint: string])[] = [
  [[0x1f, 0x8b], "a gzip file", "unpack it first: gunzip"],
  [[0x28, 0xb5, 0x2f, 0xfd], "a zstd file", "unpack it first: unzstd"],
  [[0x50, 0x4b, 0x03, 0x04], "a zip file", "unpack it first: unzip"],
  [[0xff, 0xfe], "UTF-16 text", "save it as UTF-8; PowerShell: Out-File -Encoding utf8"],
  [[0xfe, 0xff], "UTF-16 text", "save it as UTF-8"],
  [[0x7f, 0x45, 0x4c, 0x46], "an ELF file", "run programs with meshsim exec"],
];

function recognise(source: Source, maxBytes: number): Importer {
  const { bytes } = source;
  if (bytes.length > maxBytes) {
    const hint = "cut the trace into files of fewer requests";
    throw new InputError(
      `the file has ${bytes.length} bytes; the most that can be read is ${maxBytes}`,
      undefined,
      hint,
    );
  }
  const start = firstNonSpace(bytes);
  if (bytes.length === 0) throw new InputError("the file is empty", undefined, FORMATS);
  if (start === bytes.length) throw new InputError("the file holds nothing but white space", undefined, FORMATS);
  for (const [magic, what, hint] of MAGIC) {
    if (magic.every((byte, i) => bytes[i] === byte))
      throw new InputError(`expected a trace, found ${what}`, undefined, hint);
  }
  const { outline, error } = look(source, (seen) => IMPORTERS.some((importer) => importer.recognise(seen)));
  if (outline.encoding !== "messagepack" && !isUtf8(bytes)) {
    throw new InputError("expected a trace, found bytes that are not UTF-8 text", firstInvalidUtf8(bytes), FORMATS);
  }
  const importer = IMPORTERS.find((candidate) => candidate.recognise(outline));
  if (importer !== undefined) return importer;
  if (error !== undefined) throw error;
  if (outline.encoding === "json") throw new InputError("no trace format has a document of this shape", start, FORMATS);
  const found = quote(String.fromCodePoint(new TextDecoder().decode(bytes.subarray(start, start + 4)).codePointAt(0)!));
  throw new InputError(`not a trace: expected '{' or '[' at its start, found ${found}`, start, FORMATS);
}

/** Offset of the first character that is not valid UTF-8. */
function firstInvalidUtf8(bytes: Uint8Array): number {
  const chunkBytes = 1 << 16;
  let at = 0;
  for (;;) {
    let end = Math.min(at + chunkBytes, bytes.length);
    // A chunk ends where a character begins; no character is longer than four bytes.
    for (let back = 0; back < 3 && end < bytes.length && (bytes[end]! & 0xc0) === 0x80; back += 1) end -= 1;
    if (!isUtf8(bytes.subarray(at, end))) break;
    at = end;
  }
  for (;;) {
    const lead = bytes[at]!;
    const end = at + (lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4);
    if (!isUtf8(bytes.subarray(at, end))) return at;
    at = end;
  }
}

function baseName(file: string): string {
  const last = file.split(/[\\/]/).at(-1)!;
  const dot = last.indexOf(".", 1);
  return printable(dot > 0 ? last.slice(0, dot) : last) || "trace";
}
