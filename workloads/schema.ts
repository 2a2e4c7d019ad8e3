// The messages of the workload, described once: for the host's codec here, and as the table that guest code walks.
import { REPLY, REQUEST, struct, type FieldKind as SlotKind, type PointerBytes } from "../kernel/abi.ts";

/** A `message` or `repeated` field refers to its type; `repeated` is a list of messages. */
export type FieldKind = "string" | "int64" | "message" | "repeated" | "fixed64";

export interface Field {
  readonly name: string;
  /** 1 to 15, so that a tag is one byte. */
  readonly number: number;
  readonly kind: FieldKind;
  readonly of?: MessageType;
}

/** Field numbers count from 1 without gaps, so that a table is indexed by them. No type contains itself. */
export interface MessageType {
  readonly name: string;
  readonly fields: readonly Field[];
  /** Offsets, where guest code knows the object by name (kernel/abi.ts). */
  readonly envelope?: typeof REQUEST | typeof REPLY;
}

function message(
  name: string,
  fields: Readonly<Record<string, FieldKind | readonly [FieldKind, MessageType]>>,
): MessageType {
  return {
    name,
    fields: Object.entries(fields).map(([field, kind], i) =>
      typeof kind === "string"
        ? { name: field, number: i + 1, kind }
        : { name: field, number: i + 1, kind: kind[0], of: kind[1] },
    ),
  };
}

// A post of a social network with the parts of DeathStarBench's, which its services hand to each other
// (socialNetwork/social_network.thrift: Post, Creator, UserMention, Media, Url).
export const USER = message("USER", { id: "int64", name: "string" });
export const MEDIA = message("MEDIA", { id: "int64", type: "string" });
export const URL = message("URL", { shortened: "string", expanded: "string" });
export const POST = message("POST", {
  id: "int64",
  creator: ["message", USER],
  text: "string",
  mentions: ["repeated", USER],
  media: ["repeated", MEDIA],
  urls: ["repeated", URL],
  timestamp: "fixed64",
  type: "int64",
});

/** What a request or a reply carries. */
export const PAYLOAD = message("PAYLOAD", {
  id: "int64",
  timestamp: "fixed64",
  note: "string",
  posts: ["repeated", POST],
});

export const REQUEST_MESSAGE: MessageType = {
  ...message("REQUEST", { plan: "int64", sequence: "int64", payload: ["message", PAYLOAD] }),
  envelope: REQUEST,
};
export const REPLY_MESSAGE: MessageType = {
  ...message("REPLY", { status: "int64", checksum: "fixed64", payload: ["message", PAYLOAD] }),
  envelope: REPLY,
};

/** Every type, before those that contain it. */
export const MESSAGE_TYPES: readonly MessageType[] = [USER, MEDIA, URL, POST, PAYLOAD, REQUEST_MESSAGE, REPLY_MESSAGE];

const WIRE_TYPES: Readonly<Record<FieldKind, number>> = { int64: 0, fixed64: 1, string: 2, message: 2, repeated: 2 };

/** Field number and wire type, as they stand before a value (protobuf.dev/programming-guides/encoding). */
export const tagOf = (field: Field): number => field.number * 8 + WIRE_TYPES[field.kind];

/** Strings have a length and lists a count, beside the pointer. */
const isSized = (field: Field): boolean => field.kind === "string" || field.kind === "repeated";
const isPointer = (field: Field): boolean => isSized(field) || field.kind === "message";

/** Where a field's value and, if it has one, its length or count stand in the object. */
export interface Slot {
  readonly at: number;
  readonly lengthAt: number;
}

export interface ObjectLayout {
  readonly bytes: number;
  /** In the order of the type's fields. */
  readonly slots: readonly Slot[];
}

/** An object's pointers come first, then its integers, lengths and counts: no padding in between. */
function objectStruct(type: MessageType): ReturnType<typeof struct> {
  const pointers = type.fields.filter(isPointer).map((f): [string, SlotKind] => [f.name, "ptr"]);
  const words = type.fields.flatMap((f): [string, SlotKind][] =>
    isSized(f) ? [[lengthName(f), "u64"]] : isPointer(f) ? [] : [[f.name, "u64"]],
  );
  return struct(type.name, Object.fromEntries([...pointers, ...words]));
}

const lengthName = (field: Field): string => `${field.name}${field.kind === "string" ? "Length" : "Count"}`;

const layouts: Readonly<Record<PointerBytes, Map<MessageType, ObjectLayout>>> = { 8: new Map(), 16: new Map() };

/** The object of a message in guest memory. */
export function objectLayout(type: MessageType, pointerBytes: PointerBytes): ObjectLayout {
  const known = layouts[pointerBytes].get(type);
  if (known !== undefined) return known;
  const made = makeLayout(type, pointerBytes);
  layouts[pointerBytes].set(type, made);
  return made;
}

function makeLayout(type: MessageType, pointerBytes: PointerBytes): ObjectLayout {
  const { bytes, at } = (type.envelope ?? objectStruct(type)).layout(pointerBytes);
  const offset = (name: string): number => (at as Readonly<Record<string, number>>)[name]!;
  const slots = type.fields.map((f) => ({ at: offset(f.name), lengthAt: isSized(f) ? offset(lengthName(f)) : 0 }));
  return { bytes, slots };
}

/** Entries of the guest's array of a list that has `count` elements: it starts with four and doubles. */
export function arrayCapacity(count: number): number {
  let capacity = count === 0 ? 0 : 4;
  while (capacity < count) capacity *= 2;
  return capacity;
}

/** Order of the guest's tests for a kind: the most frequent first. */
const KINDS: readonly FieldKind[] = ["string", "int64", "message", "repeated", "fixed64"];

/** A FIELD of the guest's table: two offsets as halfwords, kind and tag as bytes, the distance to a nested type. */
const FIELD_SYMBOLS = { at: 0, lengthAt: 2, kind: 4, tag: 5, type: 8, bytes: 16, BIT: 4 } as const;
const TYPE_SYMBOLS = { objectBytes: 0, fieldCount: 4, fields: 8 } as const;

/** The text of workloads/services/schema.S: this table for either pointer width. A test holds the file to it. */
export function schemaSource(): string {
  return [
    "# The messages as tables for the guest's codec. Generated from workloads/schema.ts: change that,",
    "# then `npx vitest run test/workloads/messages.test.ts -u`.",
    "",
    ...KINDS.map((kind, i) => equ(`KIND_${kind}`, i)),
    ...Object.entries(FIELD_SYMBOLS).map(([name, value]) => equ(`FIELD_${name}`, value)),
    ...Object.entries(TYPE_SYMBOLS).map(([name, value]) => equ(`TYPE_${name}`, value)),
    "",
    ".macro FIELD kind, tag, at, lengthAt=0, type",
    "        .half   \\at, \\lengthAt",
    "        .byte   KIND_\\kind, \\tag, 0, 0",
    "        .ifb    \\type",
    "        .word   0, 0",
    "        .else",
    "        .word   \\type - . + FIELD_type, 0      # from the start of this FIELD",
    "        .endif",
    ".endm",
    "",
    ...MESSAGE_TYPES.filter((type) => type.envelope === undefined).flatMap(objectSource),
    "        .section .rodata",
    "        .balign 8",
    ...MESSAGE_TYPES.flatMap(typeSource),
    "",
  ].join("\n");
}

const equ = (name: string, value: number | string): string => `.equ ${name}, ${value}`;

/** Offsets that hold for both pointer widths. */
function objectSource(type: MessageType): string[] {
  const { at } = objectStruct(type).layout(8);
  const pointers = type.fields.filter(isPointer).length;
  const words = Object.keys(at).length - pointers;
  const end = `${pointers} * PTR_BYTES + ${words} * 8`;
  return [
    ...Object.keys(at).map((name, i) =>
      equ(`${type.name}_${name}`, i < pointers ? `${i} * PTR_BYTES` : `${pointers} * PTR_BYTES + ${i - pointers} * 8`),
    ),
    equ(`${type.name}_bytes`, `(${end} + PTR_BYTES - 1) / PTR_BYTES * PTR_BYTES`),
    "",
  ];
}

function typeSource(type: MessageType): string[] {
  const label = (t: MessageType): string => `schema_${t.name.toLowerCase()}`;
  const fields = type.fields.map((f) => {
    const length = isSized(f) ? `${type.name}_${lengthName(f)}` : f.of ? "0" : undefined;
    const operands = [f.kind, tagOf(f), `${type.name}_${f.name}`, length, f.of && label(f.of)];
    return `        FIELD   ${operands.filter((o) => o !== undefined).join(", ")}`;
  });
  return ["", `${label(type)}:`, `        .word   ${type.name}_bytes, ${type.fields.length}`, ...fields];
}
