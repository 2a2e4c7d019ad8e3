// Requests and replies as the host sees them: it encodes and lays them out, and foretells the guest's checksums.
import { alignUp, type PointerBytes } from "../kernel/abi.ts";
import { exactAlignment, exactRegion } from "../kernel/layout.ts";
import { arrayCapacity, objectLayout, tagOf, type Field, type MessageType } from "./schema.ts";

/** A message: one value for each field of its type. */
export interface Message {
  readonly type: MessageType;
  readonly values: readonly Value[];
}

/** An int64 or fixed64, a string's bytes, a message (or none), a list of messages. */
export type Value = bigint | Uint8Array | Message | undefined | readonly Message[];

/** A message of type PAYLOAD. */
export type Payload = Message;

export const messageOf = (type: MessageType, ...values: readonly Value[]): Message => ({ type, values });

const asMessages = (value: Value): readonly Message[] => (value ?? []) as readonly Message[];
/** The messages nested in a field: none where it is a string or a number. */
const asNested = (field: Field, value: Value): readonly Message[] => {
  if (field.kind === "repeated") return asMessages(value);
  return field.kind === "message" && value !== undefined ? [value as Message] : [];
};

// The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding). As in proto3, a zero, an empty string,
// an empty list and an absent message are not sent.

/** Bytes of the encoded message, without an envelope or a frame. */
export function encodedBytes({ type, values }: Message): number {
  let bytes = 0;
  for (let i = 0; i < values.length; i += 1) bytes += fieldBytes(type.fields[i]!, values[i]);
  return bytes;
}

/** Bytes of a field on the wire. */
export function fieldBytes(field: Field, value: Value): number {
  switch (field.kind) {
    case "int64":
      return value === 0n ? 0 : 1 + varintBytes(BigInt.asUintN(64, value as bigint));
    case "fixed64":
      return value === 0n ? 0 : 1 + 8;
    case "string": {
      const { length } = value as Uint8Array;
      return length === 0 ? 0 : lengthDelimited(length);
    }
    default:
      return asNested(field, value).reduce((sum, m) => sum + lengthDelimited(encodedBytes(m)), 0);
  }
}

/** A tag, a length, and what has that length. */
const lengthDelimited = (length: number): number => 1 + lengthBytes(length) + length;

/** Bytes of a length, below 2^53, as a varint. */
export function lengthBytes(length: number): number {
  let bytes = 1;
  for (let rest = length; rest >= 128; rest /= 128) bytes += 1;
  return bytes;
}

/** The least values that need 2, 3, … bytes. */
const VARINT_STEPS = Array.from({ length: 9 }, (_, i) => 1n << BigInt(7 * (i + 1)));

/** Bytes of a number below 2^64 as a varint. */
function varintBytes(value: bigint): number {
  const longer = VARINT_STEPS.findIndex((step) => value < step);
  return longer < 0 ? VARINT_STEPS.length + 1 : longer + 1;
}

/** The encoded message: what guest marshalling must produce, byte for byte. */
export function encode(message: Message): Uint8Array {
  const bytes = new Uint8Array(encodedBytes(message));
  const end = encodeAt(bytes, 0, message);
  if (end !== bytes.length) throw new Error(`encode: ${end} bytes written, ${bytes.length} expected`);
  return bytes;
}

function encodeAt(out: Uint8Array, start: number, message: Message): number {
  let at = start;
  const varint = (value: bigint): void => {
    let rest = value;
    for (; rest >= 0x80n; rest >>= 7n) out[at++] = Number(rest & 0x7fn) | 0x80;
    out[at++] = Number(rest);
  };
  message.type.fields.forEach((field, i) => {
    const value = message.values[i];
    if (fieldBytes(field, value) === 0) return;
    if (typeof value === "bigint") {
      out[at++] = tagOf(field);
      if (field.kind === "int64") varint(BigInt.asUintN(64, value));
      else for (let byte = 0n; byte < 8n; byte += 1n) out[at++] = Number((value >> (8n * byte)) & 0xffn);
    } else if (value instanceof Uint8Array) {
      out[at++] = tagOf(field);
      varint(BigInt(value.length));
      out.set(value, at);
      at += value.length;
    } else {
      for (const nested of asNested(field, value)) {
        out[at++] = tagOf(field);
        varint(BigInt(encodedBytes(nested)));
        at = encodeAt(out, at, nested);
      }
    }
  });
  return at;
}

// Object graphs in guest memory

/** A pointer that a loader installs where pointers are capabilities: bounds [base, base + bytes), stored at `at`. */
export interface GraphPointer {
  readonly at: number;
  readonly base: number;
  readonly bytes: number;
}

export interface ObjectGraph {
  /** Memory from the graph's base on; the root object comes first. */
  readonly bytes: Uint8Array;
  /** Every pointer in it. Integer pointers stand in `bytes` already. */
  readonly pointers: readonly GraphPointer[];
}

/** Alignment of a string's first byte: that of a word, as any allocator gives. */
const STRING_ALIGN = 8;

/** Bytes of a payload's root object. */
export const payloadRootBytes = (payload: Payload, pointerBytes: PointerBytes): number =>
  objectLayout(payload.type, pointerBytes).bytes;

/** A graph that was laid out at 0, at an address that is a multiple of the alignment that the whole graph needs. */
export function movedGraph(graph: ObjectGraph, base: number, pointerBytes: PointerBytes): ObjectGraph {
  const pointers = graph.pointers.map((p) => ({ at: p.at + base, base: p.base + base, bytes: p.bytes }));
  if (pointerBytes === 16) return { bytes: graph.bytes, pointers };
  const bytes = graph.bytes.slice();
  const view = new DataView(bytes.buffer);
  graph.pointers.forEach(({ at }, i) => {
    const address = pointers[i]!.base;
    view.setUint32(at, address, true); // takes it modulo 2^32
    view.setUint32(at + 4, address / 2 ** 32, true);
  });
  return { bytes, pointers };
}

/**
 * Lays out a payload's objects for guest memory at the absolute address `base`. Each object, array and string lies in a
 * region of its own; where pointers are capabilities, in one that they bound exactly. The layout does not change with a
 * base that is a multiple of the alignment that the whole graph needs.
 */
export function layoutPayload(payload: Payload, base: number, pointerBytes: PointerBytes): ObjectGraph {
  const builder = new GraphBuilder(base, pointerBytes);
  builder.place(payload);
  return builder.graph();
}

class GraphBuilder {
  readonly #base: number;
  readonly #pointerBytes: PointerBytes;
  readonly #pointers: GraphPointer[] = [];
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #end: number;

  constructor(base: number, pointerBytes: PointerBytes) {
    this.#base = base;
    this.#end = base;
    this.#pointerBytes = pointerBytes;
  }

  graph(): ObjectGraph {
    return { bytes: this.#bytes.slice(0, this.#end - this.#base), pointers: this.#pointers };
  }

  /** Places an object and all it refers to; returns where it stands. */
  place(message: Message): Omit<GraphPointer, "at"> {
    const { bytes, slots } = objectLayout(message.type, this.#pointerBytes);
    const object = this.#take(bytes, this.#pointerBytes);
    message.type.fields.forEach((field, i) => {
      const value = message.values[i];
      const { at, lengthAt } = slots[i]!;
      if (typeof value === "bigint") this.#word(object.base + at, value);
      else if (value instanceof Uint8Array) {
        this.#number(object.base + lengthAt, value.length);
        if (value.length > 0) this.#pointer(object.base + at, this.#string(value));
      } else if (field.kind === "message") {
        if (value !== undefined) this.#pointer(object.base + at, this.place(value as Message));
      } else {
        const list = asMessages(value);
        this.#number(object.base + lengthAt, list.length);
        if (list.length > 0) this.#pointer(object.base + at, this.#array(list));
      }
    });
    return object;
  }

  #string(value: Uint8Array): Omit<GraphPointer, "at"> {
    const region = this.#take(value.length, STRING_ALIGN);
    this.#bytes.set(value, region.base - this.#base);
    return region;
  }

  #array(list: readonly Message[]): Omit<GraphPointer, "at"> {
    const array = this.#take(list.length * this.#pointerBytes, this.#pointerBytes);
    list.forEach((element, i) => this.#pointer(array.base + i * this.#pointerBytes, this.place(element)));
    return array;
  }

  #take(bytes: number, align: number): Omit<GraphPointer, "at"> {
    const from = alignUp(this.#end, align);
    const exact = this.#pointerBytes === 16 && bytes >= EXACT_ANYWHERE_BYTES;
    const region = exact ? exactRegion(from, bytes) : { base: from, bytes };
    this.#end = region.base + region.bytes;
    this.#room(this.#end - this.#base);
    return region;
  }

  #word(at: number, value: bigint): void {
    this.#view.setBigUint64(at - this.#base, BigInt.asUintN(64, value), true);
  }

  #number(at: number, value: number): void {
    this.#view.setUint32(at - this.#base, value, true); // takes it modulo 2^32
    this.#view.setUint32(at - this.#base + 4, value / 2 ** 32, true);
  }

  #pointer(at: number, to: Omit<GraphPointer, "at">): void {
    if (this.#pointerBytes === 8) this.#number(at, to.base);
    this.#pointers.push({ at, base: to.base, bytes: to.bytes });
  }

  #room(needed: number): void {
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Shorter bounds are exact at any byte (rvy64-encoding.adoc). */
const EXACT_ANYWHERE_BYTES = 4096;

/** Alignment of what an arena gives. */
const ARENA_ALIGN = 16;

/** Bytes that the guest's decoder takes at most from its arena for a message, its own object included. */
export function decodedBytes(message: Message, pointerBytes: PointerBytes): number {
  let bytes = alignUp(objectLayout(message.type, pointerBytes).bytes, ARENA_ALIGN);
  message.type.fields.forEach((field, i) => {
    const nested = asNested(field, message.values[i]);
    for (const m of nested) bytes += decodedBytes(m, pointerBytes);
    // An array that is full moves to one twice as large; exact bounds of a long one cost alignment.
    if (field.kind !== "repeated") return;
    for (let n = arrayCapacity(nested.length); n >= 4; n /= 2) {
      bytes += n * pointerBytes + (pointerBytes === 16 ? exactAlignment(n * pointerBytes) - ARENA_ALIGN : 0);
    }
  });
  return bytes;
}

/** What an envelope adds at most to an encoded payload: two numbers, a tag and a length, and the frame's own length. */
export const ENVELOPE_BYTES = 40;

// What the guest computes (workloads/services/{reader,runtime}.S)

const mix = (hash: bigint, word: bigint): bigint => BigInt.asUintN(64, hash * 31n + word);

/** Mixed in for a call that failed. */
const CALL_FAILED = (1n << 64n) - 1n;

/**
 * The checksum after a reader has walked a payload's graph in field order, from `hash` on. Each integer takes eight bytes
 * of the budget; a string's bytes, read as little-endian words, take themselves; the walk ends where the budget does.
 */
export function checksum(payload: Payload | undefined, touchBytes: number, hash = 0n): bigint {
  const reader = { hash, left: touchBytes };
  if (payload !== undefined) readMessage(payload, reader);
  return reader.hash;
}

function readMessage(message: Message, reader: { hash: bigint; left: number }): void {
  message.type.fields.forEach((field, i) => {
    if (reader.left === 0) return;
    const value = message.values[i];
    if (typeof value === "bigint") {
      reader.hash = mix(reader.hash, BigInt.asUintN(64, value));
      reader.left = Math.max(0, reader.left - 8);
    } else if (value instanceof Uint8Array) {
      const read = Math.min(value.length, reader.left);
      reader.left -= read;
      reader.hash = mixBytes(reader.hash, value.subarray(0, read));
    } else {
      for (const nested of asNested(field, value)) if (reader.left > 0) readMessage(nested, reader);
    }
  });
}

/** Mixes in bytes as little-endian words, the last one filled up with zeros. */
function mixBytes(hash: bigint, bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length & ~7;
  let mixed = hash;
  for (let at = 0; at < whole; at += 8) mixed = mix(mixed, view.getBigUint64(at, true));
  if (whole === bytes.length) return mixed;
  const last = new Uint8Array(8);
  last.set(bytes.subarray(whole));
  return mix(mixed, new DataView(last.buffer).getBigUint64(0, true));
}

/** How one call of a span ended, as its caller sees it. */
export type CallOutcome =
  | { readonly kind: "reply"; readonly checksum: bigint; readonly payload: Payload; readonly touchBytes: number }
  | { readonly kind: "error" };

/** The checksum that a handler stores for a span and puts into its reply. */
export function spanChecksum(request: Payload | undefined, touchBytes: number, calls: readonly CallOutcome[]): bigint {
  let hash = checksum(request, touchBytes);
  for (const call of calls) {
    if (call.kind === "error") hash = mix(hash, CALL_FAILED);
    else hash = checksum(call.payload, call.touchBytes, mix(hash, call.checksum));
  }
  return hash;
}
