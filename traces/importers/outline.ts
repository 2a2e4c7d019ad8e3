// A look at the outside of a file: its encoding and which keys it has where, from which importers recognise their format.
import { InputError } from "../diagnostic.ts";
import type { Source } from "../diagnostic.ts";
import { JsonReader } from "../json-reader.ts";

/** What can be seen of a file without understanding it. */
export interface Outline {
  readonly encoding: "json" | "messagepack" | "text";
  /**
   * True where a key of that path has been seen. Of each array only the first item is looked at (`spans[].spanID`);
   * arrays around everything and a member `data` at the top do not count: `[{"data": {"spans": ...}}]` has `spans`.
   */
  readonly has: (path: string) => boolean;
  /** The whole document has been seen. */
  readonly complete: boolean;
  /** First line of a text, lower case. */
  readonly header: string;
}

const MAX_DEPTH = 6;
const MAX_PATHS = 1000;

/** Looks until `enough` says so or the file ends; also tells the first syntax error on the way. */
export function look(source: Source, enough: (seen: Outline) => boolean): { outline: Outline; error?: InputError } {
  const { bytes } = source;
  const first = bytes[firstNonSpace(bytes)]!;
  const seen = { has: () => false, complete: false, header: "" };
  if (isMessagePackMap(first)) return { outline: { ...seen, encoding: "messagepack" } };
  if (first !== 0x7b && first !== 0x5b) return { outline: { ...seen, encoding: "text", header: header(bytes) } };
  const walk = new OutlineWalk(bytes, enough);
  try {
    walk.value("", 0);
    if (!walk.decided) walk.finish();
    return { outline: walk };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { outline: walk, error };
  }
}

class OutlineWalk implements Outline {
  readonly encoding = "json";
  readonly header = "";
  readonly has: (path: string) => boolean;
  complete = false;
  decided = false;
  readonly #paths = new Set<string>();
  readonly #reader: JsonReader;
  readonly #enough: (seen: Outline) => boolean;

  constructor(bytes: Uint8Array, enough: (seen: Outline) => boolean) {
    this.#reader = new JsonReader(bytes);
    this.#enough = enough;
    this.has = (path) => this.#paths.has(path);
  }

  value(path: string, depth: number): void {
    const reader = this.#reader;
    const kind = depth < MAX_DEPTH ? reader.peek() : "null";
    if (kind === "object") this.#members(path, depth);
    else if (kind === "array") {
      let more = reader.firstItem();
      if (more) this.value(path === "" ? "" : `${path}[]`, depth + 1);
      while (!this.decided && (more = more && reader.nextItem())) reader.skip();
    } else reader.skip();
  }

  finish(): void {
    this.#reader.end();
    this.complete = true;
  }

  #members(path: string, depth: number): void {
    const reader = this.#reader;
    for (let key = reader.firstKey(); key !== undefined; key = reader.nextKey()) {
      const member = path === "" ? key : `${path}.${key}`;
      this.#note(member);
      if (!this.decided) this.value(member === "data" ? "" : member, depth + 1);
      if (this.decided) return;
    }
  }

  #note(path: string): void {
    if (this.#paths.size === MAX_PATHS) return;
    this.#paths.add(path);
    this.decided = this.#enough(this);
  }
}

/** Offset of the first byte that is neither white space nor a byte order mark; the length of the file where all are. */
export function firstNonSpace(bytes: Uint8Array): number {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (bytes[at] === 0x20 || (bytes[at]! >= 0x09 && bytes[at]! <= 0x0d)) at += 1;
  return at;
}

/** The first byte of a MessagePack map: fixmap, map 16, map 32. */
export function isMessagePackMap(byte: number): boolean {
  return (byte >= 0x80 && byte <= 0x8f) || byte === 0xde || byte === 0xdf;
}

function header(bytes: Uint8Array): string {
  const start = firstNonSpace(bytes);
  return new TextDecoder()
    .decode(bytes.subarray(start, start + 1000))
    .split(/[\r\n]/, 1)[0]!
    .toLowerCase();
}
