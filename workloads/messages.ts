// Requests and replies as the host sees them, in Protocol Buffers' wire format, and what the guest's decoder makes of them.
import { alignUp, type PointerBytes } from "../kernel/abi.ts";
import { exactAlignment } from "../kernel/layout.ts";
import { arrayCapacity, objectLayout, tagOf, type Field, type MessageType } from "./schema.ts";

/** A message: one value for each field of its type. */
export interface Message {
  readonly type: MessageType;
  readonly values: readonly Value[];
  /** Bytes of its encoding, without an envelope or a frame. */
  readonly encodedBytes: number;
}

/** An int64 or fixed64, a string's bytes, a message (or none), a list of messages. */
export type Value = bigint | Uint8Array | Message | undefined | readonly Message[];

/** A message of type PAYLOAD. */
export type Payload = Message;

export function messageOf(type: MessageType, ...values: readonly Value[]): Message {
  let encodedBytes = 0;
  for (let i = 0; i < values.length; i += 1) encodedBytes += fieldBytes(type.fields[i]!, values[i]);
  return { type, values, encodedBytes };
}

const NONE: readonly Message[] = [];

/** The messages nested in a field: none where it is a string or a number. */
export function nestedMessages(field: Field, value: Value): readonly Message[] {
  if (value === undefined) return NONE;
  if (field.kind === "repeated") return value as readonly Message[];
  return field.kind === "message" ? [value as Message] : NONE;
}

// The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding). As in proto3, a zero, an empty string,
// an empty list and an absent message are not sent.

/** Bytes of a field on the wire. */
function fieldBytes(field: Field, value: Value): number {
  switch (field.kind) {
    case "int64":
      return value === 0n ? 0 : 1 + varintBytes(value as bigint);
    case "fixed64":
      return value === 0n ? 0 : 1 + 8;
    case "string":
      return stringBytes((value as Uint8Array).length);
    default: {
      let bytes = 0;
      for (const message of nestedMessages(field, value)) bytes += delimitedBytes(message.encodedBytes);
      return bytes;
    }
  }
}

/** Bytes of a string field on the wire. */
export const stringBytes = (length: number): number => (length === 0 ? 0 : delimitedBytes(length));

/** Bytes of a tag, a length, and what has that length: of a nested message, say. */
export const delimitedBytes = (length: number): number => 1 + lengthBytes(length) + length;

/** Bytes of a length, below 2^53, as a varint. */
export function lengthBytes(length: number): number {
  let bytes = 1;
  for (let rest = length; rest >= 128; rest /= 128) bytes += 1;
  return bytes;
}

const word = new DataView(new ArrayBuffer(8));

/** Bytes of a number other than 0, modulo 2^64, as a varint. */
function varintBytes(value: bigint): number {
  word.setBigUint64(0, value);
  const high = word.getUint32(0);
  const leadingZeros = high === 0 ? 32 + Math.clz32(word.getUint32(4)) : Math.clz32(high);
  return Math.ceil((64 - leadingZeros) / 7);
}

/** The encoded message: what guest marshalling must produce, byte for byte. */
export function encode(message: Message): Uint8Array {
  const bytes = new Uint8Array(message.encodedBytes);
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
      for (const nested of nestedMessages(field, value)) {
        out[at++] = tagOf(field);
        varint(BigInt(nested.encodedBytes));
        at = encodeAt(out, at, nested);
      }
    }
  });
  return at;
}

/** Alignment of what an arena gives. */
const ARENA_ALIGN = 16;

/** Bytes that the guest's decoder takes at most from its arena for a message, its own object included. */
export function decodedBytes(message: Message, pointerBytes: PointerBytes): number {
  let bytes = alignUp(objectLayout(message.type, pointerBytes).bytes, ARENA_ALIGN);
  const { fields } = message.type;
  for (let i = 0; i < fields.length; i += 1) {
    const field = fields[i]!;
    const nested = nestedMessages(field, message.values[i]);
    for (const m of nested) bytes += decodedBytes(m, pointerBytes);
    // An array that is full moves to one twice as large; exact bounds of a long one cost alignment.
    if (field.kind !== "repeated") continue;
    for (let n = arrayCapacity(nested.length); n >= 4; n /= 2) {
      bytes += n * pointerBytes + (pointerBytes === 16 ? exactAlignment(n * pointerBytes) - ARENA_ALIGN : 0);
    }
  }
  return bytes;
}

/** What an envelope adds at most to an encoded payload: two numbers, a tag and a length, and the frame's own length. */
export const ENVELOPE_BYTES = 40;
