// The directives that make bytes: integers, strings, fills, alignment, common symbols.
import type { Directive } from "./directives.ts";
import { constantOf, evaluate, parseExpression } from "./expr.ts";
import { located } from "./fault.ts";
import type { Cursor } from "./lex.ts";
import { checkData } from "./relocate.ts";
import type { Unit } from "./unit.ts";

/** `.word a, b, c` */
const integers =
  (bytes: number): Directive =>
  ({ unit }, cursor) => {
    if (cursor.atEnd()) return;
    do {
      cursor.peek();
      const at = cursor.at;
      const expression = parseExpression(cursor, unit);
      const value = constantOf(expression);
      const place = cursor.place(at);
      unit.reserve(bytes, place, value !== 0n);
      if (value === undefined) unit.fix("data", expression, place, { bytes });
      else located(place, () => checkData(value, bytes));
      const offset = unit.section.grow(bytes);
      if (value !== undefined && value !== 0n) unit.section.put(offset, value, bytes);
    } while (cursor.eat(","));
    cursor.expectEnd();
  };

const OCTA_BYTES = 16;

/** `.octa a, b`: literals of up to 128 bits; any other expression has 64 and is extended by its sign. */
const octas: Directive = ({ unit }, cursor) => {
  if (cursor.atEnd()) return;
  do {
    cursor.peek();
    const at = cursor.at;
    const [literal] = /^(?:0[xX][\da-fA-F]+|[1-9]\d*)(?=\s*(?:,|$))/.exec(cursor.text.slice(at)) ?? [];
    if (literal !== undefined) cursor.at += literal.length;
    const value = literal === undefined ? unit.constant(parseExpression(cursor, unit), cursor, at) : BigInt(literal);
    if (value >> BigInt(8 * OCTA_BYTES) > 0n) cursor.fail(`'${literal}' has more than 128 bits`, { at });
    unit.reserve(OCTA_BYTES, cursor.place(at), value !== 0n);
    unit.section.put(unit.section.grow(OCTA_BYTES), value, OCTA_BYTES);
  } while (cursor.eat(","));
  cursor.expectEnd();
};

/** `.ascii "a", "b"`; .asciz ends each with a zero; `.string16` makes two bytes of each. */
const strings =
  (terminated: boolean, characterBytes = 1): Directive =>
  ({ unit }, cursor) => {
    if (cursor.atEnd()) return;
    do {
      let last = cursor.at;
      do {
        const text = cursor.string();
        const bytes = new Uint8Array(text.length * characterBytes);
        for (const [i, byte] of text.entries()) bytes[i * characterBytes] = byte;
        unit.reserve(bytes.length, cursor.place(last), bytes.length > 0);
        unit.section.append(bytes);
        last = cursor.at;
      } while (cursor.peek() === '"');
      if (terminated) {
        unit.reserve(characterBytes, cursor.place(last), true);
        unit.section.grow(characterBytes);
      }
    } while (cursor.eat(","));
    cursor.expectEnd();
  };

/** A constant operand. */
function constantOperand(unit: Unit, cursor: Cursor): bigint {
  cursor.peek();
  const at = cursor.at;
  return unit.constant(parseExpression(cursor, unit), cursor, at);
}

/** A constant operand between limits. */
function operand(unit: Unit, cursor: Cursor, what: string, low: bigint, high: bigint): number {
  cursor.peek();
  const at = cursor.at;
  const value = constantOperand(unit, cursor);
  if (value < low || value > high) cursor.fail(`expected ${what} from ${low} to ${high}, found ${value}`, { at });
  return Number(value);
}

const MAX_COUNT = 2n ** 40n;

/** `.zero count[, byte]`; `.ds.w count` counts in units of two bytes. */
const zeroes =
  (unitBytes = 1): Directive =>
  ({ unit }, cursor) => {
    cursor.peek();
    const at = cursor.at;
    const count = operand(unit, cursor, "a count", 0n, MAX_COUNT) * unitBytes;
    const byte = unitBytes === 1 && cursor.eat(",") ? operand(unit, cursor, "a byte", -128n, 255n) : 0;
    cursor.expectEnd();
    unit.reserve(count, cursor.place(at), byte !== 0);
    unit.section.fill(count, byte & 0xff);
  };

/** Repeats the low bytes of a value; of 0 also where a section has no bytes (.bss). */
function repeated({ section }: Unit, count: number, value: bigint, bytes: number): void {
  if (value === 0n) {
    section.grow(count * bytes);
    return;
  }
  const pattern = Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
  section.append(Uint8Array.from({ length: count * bytes }, (_, i) => pattern[i % bytes]!));
}

/** `.fill repeat[, size[, value]]` */
const fill: Directive = ({ unit }, cursor) => {
  cursor.peek();
  const at = cursor.at;
  const count = operand(unit, cursor, "a count", 0n, MAX_COUNT);
  const bytes = cursor.eat(",") ? operand(unit, cursor, "a size", 0n, 8n) : 1;
  const value = cursor.eat(",") ? constantOperand(unit, cursor) : 0n;
  cursor.expectEnd();
  unit.reserve(count * bytes, cursor.place(at), value !== 0n);
  repeated(unit, count, BigInt.asUintN(32, value), bytes); // as in GNU as, the value has at most four bytes
};

/** `.dcb.w count, value` */
const duplicates =
  (bytes: number): Directive =>
  ({ unit }, cursor) => {
    cursor.peek();
    const at = cursor.at;
    const count = operand(unit, cursor, "a count", 0n, MAX_COUNT);
    cursor.expect(",");
    const place = cursor.place();
    const value = constantOperand(unit, cursor);
    cursor.expectEnd();
    located(place, () => checkData(value, bytes));
    unit.reserve(count * bytes, cursor.place(at), value !== 0n);
    repeated(unit, count, value, bytes);
  };

/** `.align n[, pattern[, most]]`: in `power` the boundary is 2^n. The pattern of `.balignw` has two bytes, of `.balignl` four. */
const align =
  (power: boolean, patternBytes = 1): Directive =>
  ({ unit }, cursor) => {
    cursor.peek();
    const at = cursor.at;
    const given = cursor.atEnd() ? 0 : operand(unit, cursor, "an alignment", 0n, power ? 31n : 2n ** 31n);
    const to = power ? 2 ** given : Math.max(given, 1);
    if (!Number.isInteger(Math.log2(to))) cursor.fail(`expected a power of two, found ${given}`, { at });
    let pattern: bigint | undefined;
    let most = Infinity;
    if (cursor.eat(",")) {
      const place = cursor.place();
      if (cursor.peek() !== "," && !cursor.atEnd()) {
        const value = (pattern = constantOperand(unit, cursor));
        located(place, () => checkData(value, patternBytes));
      }
      if (cursor.eat(",")) most = operand(unit, cursor, "a number of bytes", 0n, 2n ** 31n);
    }
    cursor.expectEnd();
    const { section } = unit;
    const padding = (to - (section.size % to)) % to;
    if (padding > most) return;
    section.align = Math.max(section.align, to);
    unit.reserve(padding, cursor.place(at), (pattern ?? 0n) !== 0n);
    if (section.flags.exec && pattern === undefined) padWithNops(unit, padding);
    else {
      section.grow(padding % patternBytes);
      repeated(unit, Math.floor(padding / patternBytes), pattern ?? 0n, patternBytes);
    }
  };

const NOP = 0x00000013;
const C_NOP = 0x0001;

/** A gap in code can be run through. */
function padWithNops({ section }: Unit, bytes: number): void {
  section.grow(bytes % 2);
  if (bytes % 4 >= 2) section.putWord(section.grow(2), C_NOP, 2);
  for (let left = bytes >> 2; left > 0; left -= 1) section.putWord(section.grow(4), NOP, 4);
}

/** `.org offset[, byte]`: an offset in the section, or a label in it. */
const org: Directive = ({ unit }, cursor) => {
  cursor.peek();
  const at = cursor.at;
  const expression = parseExpression(cursor, unit);
  const byte = cursor.eat(",") ? operand(unit, cursor, "a byte", -128n, 255n) & 0xff : 0;
  cursor.expectEnd();
  const { section } = unit;
  const { plus, minus, constant } = evaluate(expression);
  if (minus || (plus && plus.section !== section)) cursor.fail("expected an offset in this section", { at });
  const to = constant + BigInt(plus?.offset ?? 0);
  const count = Number(to) - section.size;
  if (count < 0) cursor.fail(`.org moves back, from ${section.size} to ${to}`, { at });
  unit.reserve(count, cursor.place(at), byte !== 0);
  section.fill(count, byte);
};

/** `.comm name, size[, alignment]`: zero-initialised memory in .bss. */
const common =
  (global: boolean): Directive =>
  ({ unit }, cursor) => {
    cursor.peek();
    const at = cursor.at;
    const name = cursor.name("a symbol");
    cursor.expect(",");
    const size = operand(unit, cursor, "a size", 0n, MAX_COUNT);
    const to = cursor.eat(",")
      ? operand(unit, cursor, "an alignment", 1n, 2n ** 31n)
      : Math.min(16, 2 ** Math.floor(Math.log2(Math.max(size, 1))));
    cursor.expectEnd();
    const bss = unit.sectionNamed(".bss");
    bss.align = Math.max(bss.align, to);
    const padding = (to - (bss.size % to)) % to;
    if (padding + size > bss.room) cursor.fail("section .bss would grow beyond its limit", { at });
    bss.grow(padding);
    unit.symbols.defineLabel(name, bss, cursor.place(at));
    bss.grow(size);
    const symbol = unit.symbols.get(name);
    symbol.type = "object";
    symbol.size = { kind: "constant", value: BigInt(size) };
    if (global) symbol.binding = "global";
  };

/** A floating-point number as GNU as writes it: `0f1.5` and `0d1.5` are 1.5, and a NaN has every bit but its sign set. */
function floatBytes(text: string, bytes: 4 | 8): Uint8Array | undefined {
  const [, sign = "", digits = ""] = /^([-+]?)(?:0[dfrs](?=[\d.]))?(.+)$/i.exec(text) ?? [];
  const view = new DataView(new ArrayBuffer(8));
  if (/^nan$/i.test(digits)) view.setBigUint64(0, bytes === 4 ? 0x7fff_ffffn : 0x7fff_ffff_ffff_ffffn, true);
  else {
    const magnitude = /^inf(inity)?$/i.test(digits) ? Infinity : /^[\d.]/.test(digits) ? Number(digits) : NaN;
    if (Number.isNaN(magnitude)) return undefined;
    if (bytes === 4) view.setFloat32(0, magnitude, true);
    else view.setFloat64(0, magnitude, true);
  }
  if (sign === "-") view.setUint8(bytes - 1, view.getUint8(bytes - 1) | 0x80);
  return new Uint8Array(view.buffer, 0, bytes);
}

/** `.float` and `.double` */
const floats =
  (bytes: 4 | 8): Directive =>
  ({ unit }, cursor) => {
    do {
      cursor.peek();
      const at = cursor.at;
      const text = cursor.textOrString();
      const made = floatBytes(text, bytes) ?? cursor.fail(`expected a number, found '${text}'`, { at });
      unit.reserve(bytes, cursor.place(at), true);
      unit.section.append(made);
    } while (cursor.eat(","));
    cursor.expectEnd();
  };

/** `.uleb128` and `.sleb128` of constants. */
const leb128 =
  (signed: boolean): Directive =>
  ({ unit }, cursor) => {
    do {
      cursor.peek();
      const at = cursor.at;
      const value = unit.constant(parseExpression(cursor, unit), cursor, at);
      const bytes: number[] = [];
      for (let rest = signed ? value : BigInt.asUintN(64, value); ;) {
        const low = Number(rest & 0x7fn);
        rest >>= 7n;
        const last = signed ? (rest === 0n && low < 64) || (rest === -1n && low >= 64) : rest === 0n;
        bytes.push(last ? low : low | 0x80);
        if (last) break;
      }
      unit.reserve(bytes.length, cursor.place(at), true);
      unit.section.append(Uint8Array.from(bytes));
    } while (cursor.eat(","));
    cursor.expectEnd();
  };

/** Widths of `.dc`, `.ds` and `.dcb` by their suffix. */
const MOTOROLA = [
  ["", 2],
  [".b", 1],
  [".w", 2],
  [".l", 4],
] as const;

export const DATA_DIRECTIVES: readonly (readonly [string, Directive])[] = [
  [".byte", integers(1)],
  [".half", integers(2)],
  [".short", integers(2)],
  [".hword", integers(2)],
  [".2byte", integers(2)],
  [".word", integers(4)],
  [".long", integers(4)],
  [".int", integers(4)],
  [".4byte", integers(4)],
  [".dword", integers(8)],
  [".quad", integers(8)],
  [".8byte", integers(8)],
  [".ascii", strings(false)],
  [".asciz", strings(true)],
  [".string", strings(true)],
  [".float", floats(4)],
  [".single", floats(4)],
  [".double", floats(8)],
  [".uleb128", leb128(false)],
  [".sleb128", leb128(true)],
  [".octa", octas],
  ...([".string8", ".string16", ".string32", ".string64"] as const).map(
    (name, i) => [name, strings(true, 2 ** i)] as const,
  ),
  [".zero", zeroes()],
  [".skip", zeroes()],
  [".space", zeroes()],
  [".fill", fill],
  [".align", align(true)],
  [".p2align", align(true)],
  [".balign", align(false)],
  [".balignw", align(false, 2)],
  [".balignl", align(false, 4)],
  [".p2alignw", align(true, 2)],
  [".p2alignl", align(true, 4)],
  [".org", org],
  [".comm", common(true)],
  [".common", common(true)],
  [".lcomm", common(false)],
  ...MOTOROLA.flatMap(([suffix, bytes]) => [
    [`.dc${suffix}`, integers(bytes)] as const,
    [`.ds${suffix}`, zeroes(bytes)] as const,
    [`.dcb${suffix}`, duplicates(bytes)] as const,
  ]),
];
