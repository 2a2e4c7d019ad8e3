// A plain decoder of the wire format: what the guest's must accept, refuse and find.
import { messageOf, type Message, type Value } from "../../workloads/messages.ts";
import { tagOf, type Field, type MessageType } from "../../workloads/schema.ts";

class Malformed extends Error {}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The message, or undefined where the bytes are none. */
export function decode(bytes: Uint8Array, type: MessageType): Message | undefined {
  try {
    return decodeMessage(bytes, type, undefined);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** Fields add to those of `before`: a message may come in parts. */
function decodeMessage(bytes: Uint8Array, type: MessageType, before: Message | undefined): Message {
  const values: Value[] = type.fields.map((f, i) => before?.values[i] ?? emptyValue(f));
  let at = 0;
  const take = (count: bigint): Uint8Array => {
    if (count > BigInt(bytes.length - at)) throw new Malformed();
    at += Number(count);
    return bytes.subarray(at - Number(count), at);
  };
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const [byte = 0] = take(1n);
      if (shift === 63n && byte > 1) throw new Malformed();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Malformed();
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag >> 3n === 0n || tag >> 32n !== 0n) throw new Malformed();
    const i = type.fields.findIndex((f) => BigInt(tagOf(f)) === tag);
    const field = type.fields[i];
    if (field === undefined) skip(tag & 7n, take, varint);
    else if (field.kind === "int64") values[i] = varint();
    else if (field.kind === "fixed64") values[i] = littleEndian(take(8n));
    else values[i] = delimited(field, values[i], take(varint()));
  }
  return messageOf(type, ...values);
}

function delimited(field: Field, before: Value, bytes: Uint8Array): Value {
  if (field.kind === "message") return decodeMessage(bytes, field.of!, before as Message | undefined);
  if (field.kind === "repeated") return [...(before as Message[]), decodeMessage(bytes, field.of!, undefined)];
  try {
    utf8.decode(bytes);
  } catch {
    throw new Malformed();
  }
  return bytes;
}

function skip(wireType: bigint, take: (count: bigint) => Uint8Array, varint: () => bigint): void {
  if (wireType === 0n) varint();
  else if (wireType === 1n) take(8n);
  else if (wireType === 2n) take(varint());
  else if (wireType === 5n) take(4n);
  else throw new Malformed();
}

const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

function emptyValue(field: Field): Value {
  if (field.kind === "string") return new Uint8Array(0);
  if (field.kind === "repeated") return [];
  return field.kind === "message" ? undefined : 0n;
}
