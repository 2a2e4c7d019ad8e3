// The checksums that the guest computes over what it reads (workloads/services/{reader,runtime}.S), foretold by the host.
import { nestedMessages, type Message, type Payload } from "./messages.ts";

/** Mixed in for a call that failed. */
const CALL_FAILED = (1n << 64n) - 1n;

/**
 * The checksum after a reader has walked a payload's graph in field order, from `hash` on. Each integer takes eight bytes
 * of the budget; a string's bytes, read as little-endian words, take themselves; the walk ends where the budget does.
 */
export function checksum(payload: Payload | undefined, touchBytes: number, hash = 0n): bigint {
  const reader = new Reader(hash);
  reader.walk(payload, touchBytes);
  return reader.hash;
}

/** How one call of a span ended, as its caller sees it. */
export type CallOutcome =
  | { readonly kind: "reply"; readonly checksum: bigint; readonly payload: Payload; readonly touchBytes: number }
  | { readonly kind: "error" };

/** The checksum that a handler stores for a span and puts into its reply. */
export function spanChecksum(request: Payload | undefined, touchBytes: number, calls: readonly CallOutcome[]): bigint {
  const reader = new Reader(0n);
  reader.walk(request, touchBytes);
  for (const call of calls) {
    reader.word(call.kind === "error" ? CALL_FAILED : call.checksum);
    if (call.kind === "reply") reader.walk(call.payload, call.touchBytes);
  }
  return reader.hash;
}

const FACTOR = 31;
const words = new DataView(new ArrayBuffer(8));

/** Mixes words into a hash, hash * 31 + word modulo 2^64, in halves of 32 bits: a bigint for each step would take ten times as long. */
class Reader {
  #low: number;
  #high: number;
  #left = 0;

  constructor(hash: bigint) {
    words.setBigUint64(0, hash);
    this.#high = words.getUint32(0);
    this.#low = words.getUint32(4);
  }

  get hash(): bigint {
    words.setUint32(0, this.#high);
    words.setUint32(4, this.#low);
    return words.getBigUint64(0);
  }

  /** Reads at most `touchBytes` of a payload. */
  walk(payload: Payload | undefined, touchBytes: number): void {
    this.#left = touchBytes;
    if (payload !== undefined) this.#message(payload);
  }

  word(value: bigint): void {
    words.setBigUint64(0, value);
    this.#mix(words.getUint32(4), words.getUint32(0));
  }

  #message({ type, values }: Message): void {
    for (let i = 0; i < values.length && this.#left > 0; i += 1) {
      const value = values[i];
      if (typeof value === "bigint") {
        this.word(value);
        this.#left = Math.max(0, this.#left - 8);
      } else if (value instanceof Uint8Array) {
        const read = Math.min(value.length, this.#left);
        this.#left -= read;
        this.#string(value, read);
      } else {
        for (const nested of nestedMessages(type.fields[i]!, value)) if (this.#left > 0) this.#message(nested);
      }
    }
  }

  /** Mixes in the first `length` bytes as little-endian words, the last one filled up with zeros. */
  #string(bytes: Uint8Array, length: number): void {
    for (let at = 0; at < length; at += 8) this.#mix(half(bytes, at, length), half(bytes, at + 4, length));
  }

  #mix(low: number, high: number): void {
    const sum = this.#low * FACTOR + low; // below 2^38
    this.#low = sum >>> 0;
    this.#high = (this.#high * FACTOR + high + Math.floor(sum / 2 ** 32)) >>> 0;
  }
}

/** Four bytes as a little-endian number; bytes from `end` on count as zeros. */
function half(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 <= end)
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  let value = 0;
  for (let i = end - 1; i >= at; i -= 1) value = value * 256 + bytes[i]!;
  return value;
}
