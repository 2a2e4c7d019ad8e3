// A pull reader of JSON over bytes: it makes only the strings that are asked for, never recurses, and knows the exact place of an error.
//
// JSON.parse is not used for whole files, for three reasons: its errors carry a place only sometimes, a V8 string ends
// near 512 MB, and a million spans with their tags as objects would need gigabytes where the importer keeps a tenth.
import { Buffer } from "node:buffer";
import { InputError, quote } from "./diagnostic.ts";

/** What a value is, told from its first byte. */
export type JsonKind = "object" | "array" | "string" | "number" | "boolean" | "null";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const MINUS = 0x2d;
const CACHE_SLOTS = 4096;
const CACHED_BYTES = 64;

/**
 * Reads one JSON document (RFC 8259) from UTF-8 bytes that the caller has checked to be UTF-8.
 *
 * An object is read by `for (let key = r.firstKey(); key !== undefined; key = r.nextKey()) ...` and an array by
 * `for (let more = r.firstItem(); more; more = r.nextItem()) ...`; each round must consume exactly one value.
 * Every method throws {@link InputError} with the offset where the document departs from what was asked for.
 */
export class JsonReader {
  readonly #bytes: Uint8Array;
  readonly #text: Buffer;
  #at: number;
  /** Start of the value or key read last; where a complaint about its meaning points. */
  #tokenAt = 0;
  #nesting = new Uint8Array(64);
  // Names and keys repeat a million times: a direct-mapped cache of short strings, compared in place.
  readonly #cachedAt = new Int32Array(CACHE_SLOTS).fill(-1);
  readonly #cached: string[] = new Array<string>(CACHE_SLOTS).fill("");
  readonly #cachedLength = new Uint8Array(CACHE_SLOTS);

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // A byte order mark is no JSON, but Windows tools write it.
    this.#at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  }

  /** Offset of the value or key that was read or peeked at last. */
  get offset(): number {
    return this.#tokenAt;
  }

  /** An error about the meaning of the value read last. */
  error(message: string, hint?: string, offset: number = this.#tokenAt): InputError {
    return new InputError(message, offset, hint);
  }

  /** Where the next value begins, for {@link seek}. */
  mark(): number {
    this.peek();
    return this.#at;
  }

  /** Goes back to a marked value. */
  seek(mark: number): void {
    this.#at = mark;
  }

  /** The kind of the next value, which stays unread. */
  peek(): JsonKind {
    const byte = this.#next();
    this.#tokenAt = this.#at;
    if (byte === QUOTE) return "string";
    if (byte === OPEN_OBJECT) return "object";
    if (byte === OPEN_ARRAY) return "array";
    if (byte === MINUS || isDigit(byte)) return "number";
    if (byte === 0x74 || byte === 0x66) return "boolean";
    if (byte === 0x6e) return "null";
    throw this.#syntax("a value", byte === 0x4e || byte === 0x49 ? "NaN and Infinity are not JSON" : undefined);
  }

  /** Enters an object and gives its first key, or undefined where it is empty. */
  firstKey(): string | undefined {
    this.#enter(OPEN_OBJECT, "an object");
    if (this.#next() !== CLOSE_OBJECT) return this.#key("a key in quotes or '}'");
    this.#at += 1;
    return undefined;
  }

  /** After a member's value: the next key, or undefined at the end of the object. */
  nextKey(): string | undefined {
    const byte = this.#next();
    this.#at += 1;
    if (byte === COMMA) return this.#key("a key in quotes");
    if (byte === CLOSE_OBJECT) return undefined;
    this.#at -= 1;
    throw this.#syntax("',' or '}' after a member of an object");
  }

  /** Enters an array; true where a first item follows. */
  firstItem(): boolean {
    this.#enter(OPEN_ARRAY, "an array");
    if (this.#next() !== CLOSE_ARRAY) return true;
    this.#at += 1;
    return false;
  }

  /** After an item: true where another follows. */
  nextItem(): boolean {
    const byte = this.#next();
    this.#at += 1;
    if (byte === COMMA) return true;
    if (byte === CLOSE_ARRAY) return false;
    this.#at -= 1;
    throw this.#syntax("',' or ']' after an item of an array");
  }

  string(): string {
    if (this.peek() !== "string") throw this.error(`expected a string, found ${this.#found()}`);
    return this.#string();
  }

  number(): number {
    if (this.peek() !== "number") throw this.error(`expected a number, found ${this.#found()}`);
    return this.#number();
  }

  /** Any scalar; an object or an array is passed over and gives undefined. */
  scalar(): string | number | boolean | null | undefined {
    const kind = this.peek();
    if (kind === "string") return this.#string();
    if (kind === "number") return this.#number();
    const start = this.#tokenAt;
    this.skip();
    this.#tokenAt = start;
    if (kind === "boolean") return this.#bytes[start] === 0x74;
    return kind === "null" ? null : undefined;
  }

  /** Passes over one value of any depth, checking its syntax. */
  skip(): void {
    let depth = 0;
    for (;;) {
      const kind = this.peek();
      let closed = true;
      if (kind === "object" || kind === "array") {
        this.#at += 1;
        const object = kind === "object";
        if (this.#next() === (object ? CLOSE_OBJECT : CLOSE_ARRAY)) {
          this.#at += 1;
        } else {
          if (depth === this.#nesting.length) this.#deeper();
          this.#nesting[depth] = object ? 1 : 0;
          depth += 1;
          if (object) this.#passKey("a key in quotes or '}'");
          closed = false;
        }
      } else if (kind === "string") this.#passString();
      else if (kind === "number") this.#passNumber();
      else this.#literal(kind);
      while (closed) {
        if (depth === 0) return;
        if (this.#nesting[depth - 1] === 1) closed = !this.#another();
        else closed = !this.nextItem();
        if (closed) depth -= 1;
      }
    }
  }

  /** Checks that nothing but white space follows. */
  end(): void {
    if (this.#next() < 0) return;
    this.#tokenAt = this.#at;
    throw this.#syntax("the end of the file", "a file holds one JSON document; JSON Lines are not supported");
  }

  /** Next byte that is not white space, unread; -1 at the end of the file. */
  #next(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    let byte = bytes[at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++at];
    this.#at = at;
    return byte ?? -1;
  }

  #enter(open: number, what: string): void {
    this.peek();
    if (this.#bytes[this.#at] !== open) throw this.error(`expected ${what}, found ${this.#found()}`);
    this.#at += 1;
  }

  /** As nextKey, without making the key. */
  #another(): boolean {
    const byte = this.#next();
    if (byte !== COMMA && byte !== CLOSE_OBJECT) throw this.#syntax("',' or '}' after a member of an object");
    this.#at += 1;
    if (byte === COMMA) this.#passKey("a key in quotes");
    return byte === COMMA;
  }

  #key(expected: string): string {
    if (this.#next() !== QUOTE) throw this.#syntax(expected);
    this.#tokenAt = this.#at;
    const key = this.#string();
    this.#colon();
    return key;
  }

  #passKey(expected: string): void {
    if (this.#next() !== QUOTE) throw this.#syntax(expected);
    this.#passString();
    this.#colon();
  }

  #colon(): void {
    if (this.#next() !== COLON) throw this.#syntax("':' after a key");
    this.#at += 1;
  }

  /** Passes over a string; true where it has escapes. */
  #passString(): boolean {
    const bytes = this.#bytes;
    let escaped = false;
    let at = this.#at + 1;
    for (;;) {
      const byte = bytes[at];
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        escaped = true;
        at = this.#escape(at);
      } else if (byte === undefined || byte < 0x20) {
        this.#at = at;
        throw this.#syntax("the closing quote of a string");
      } else at += 1;
    }
    this.#at = at + 1;
    return escaped;
  }

  #escape(at: number): number {
    const bytes = this.#bytes;
    const letter = bytes[at + 1];
    if (letter !== 0x75) {
      // " \ / b f n r t
      if (letter !== undefined && '"\\/bfnrt'.includes(String.fromCharCode(letter))) return at + 2;
      this.#at = at;
      throw this.#syntax('one of the escapes \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX');
    }
    for (let i = at + 2; i < at + 6; i += 1) {
      if (isHexDigit(bytes[i])) continue;
      this.#at = i;
      throw this.#syntax("four hexadecimal digits after \\u");
    }
    return at + 6;
  }

  #string(): string {
    const start = this.#at;
    const escaped = this.#passString();
    const end = this.#at;
    // The characters are known to be legal here, so JSON.parse of one string cannot fail.
    if (escaped) return JSON.parse(this.#text.toString("utf8", start, end)) as string;
    return this.#shared(start + 1, end - 1);
  }

  #shared(start: number, end: number): string {
    const length = end - start;
    if (length > CACHED_BYTES) return this.#text.toString("utf8", start, end);
    const bytes = this.#bytes;
    let hash = length;
    for (let i = start; i < end; i += 1) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const slot = (hash ^ (hash >>> 12)) & (CACHE_SLOTS - 1);
    const known = this.#cachedAt[slot]!;
    if (known >= 0 && this.#cachedLength[slot] === length) {
      let i = 0;
      while (i < length && bytes[known + i] === bytes[start + i]) i += 1;
      if (i === length) return this.#cached[slot]!;
    }
    const text = this.#text.toString("utf8", start, end);
    this.#cachedAt[slot] = start;
    this.#cachedLength[slot] = length;
    this.#cached[slot] = text;
    return text;
  }

  #number(): number {
    const start = this.#at;
    this.#passNumber();
    // Of sixteen digits only the last addition can round, and it rounds as the whole text would; most numbers are such.
    if (this.#at - start <= 16) {
      let whole = 0;
      let at = start;
      for (; at < this.#at && isDigit(this.#bytes[at]!); at += 1) whole = whole * 10 + (this.#bytes[at]! - 0x30);
      if (at === this.#at) return whole;
    }
    const value = Number(this.#text.toString("latin1", start, this.#at));
    if (Number.isFinite(value)) return value;
    throw this.error("the number is too large", "numbers end near 1.8e308");
  }

  #passNumber(): void {
    const bytes = this.#bytes;
    if (bytes[this.#at] === MINUS) this.#at += 1;
    if (bytes[this.#at] === 0x30) this.#at += 1;
    else this.#digits();
    if (bytes[this.#at] === 0x2e) {
      this.#at += 1;
      this.#digits();
    }
    if (bytes[this.#at] === 0x65 || bytes[this.#at] === 0x45) {
      this.#at += 1;
      if (bytes[this.#at] === 0x2b || bytes[this.#at] === MINUS) this.#at += 1;
      this.#digits();
    }
  }

  #digits(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    while (isDigit(bytes[at] ?? -1)) at += 1;
    const none = at === this.#at;
    this.#at = at;
    if (none) throw this.#syntax("a digit");
  }

  #literal(kind: "boolean" | "null"): void {
    const word = kind === "null" ? "null" : this.#bytes[this.#at] === 0x74 ? "true" : "false";
    for (let i = 0; i < word.length; i += 1) {
      if (this.#bytes[this.#at + i] === word.charCodeAt(i)) continue;
      this.#at += i;
      throw this.#syntax(word);
    }
    this.#at += word.length;
  }

  #deeper(): void {
    const wider = new Uint8Array(this.#nesting.length * 2);
    wider.set(this.#nesting);
    this.#nesting = wider;
  }

  #syntax(expected: string, hint?: string): InputError {
    const cut = this.#at >= this.#bytes.length;
    const found = cut
      ? "the end of the file"
      : quote([...this.#text.toString("utf8", this.#at, this.#at + 4)][0] ?? "");
    return this.error(
      `not valid JSON: expected ${expected}, found ${found}`,
      hint ?? (cut ? "the file is cut short; was it written or downloaded completely?" : undefined),
      this.#at,
    );
  }

  #found(): string {
    const kind = this.peek();
    return kind === "null" ? "null" : kind === "object" || kind === "array" ? `an ${kind}` : `a ${kind}`;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number | undefined): boolean {
  return byte !== undefined && (isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66));
}
