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

/** `.ascii "a", "b"`; .asciz ends each with a zero. */
const strings =
  (terminated: boolean): Directive =>
  ({ unit }, cursor) => {
    if (cursor.atEnd()) return;
    do {
      let last = cursor.at;
      do {
        const bytes = cursor.string();
        unit.reserve(bytes.length, cursor.place(last), bytes.length > 0);
        unit.section.append(bytes);
        last = cursor.at;
      } while (cursor.peek() === '"');
      if (terminated) {
        unit.reserve(1, cursor.place(last), true);
        unit.section.grow(1);
      }
    } while (cursor.eat(","));
    cursor.expectEnd();
  };

/** A constant operand between limits. */
function operand(unit: Unit, cursor: Cursor, what: string, low: bigint, high: bigint): number {
  cursor.peek();
  const at = cursor.at;
  const value = unit.constant(parseExpression(cursor, unit), cursor, at);
  if (value < low || value > high) cursor.fail(`expected ${what} from ${low} to ${high}, found ${value}`, { at });
  return Number(value);
}

const MAX_COUNT = 2n ** 40n;

/** `.zero count[, byte]` */
const zeroes: Directive = ({ unit }, cursor) => {
  cursor.peek();
  const at = cursor.at;
  const count = operand(unit, cursor, "a count", 0n, MAX_COUNT);
  const byte = cursor.eat(",") ? operand(unit, cursor, "a byte", -128n, 255n) : 0;
  cursor.expectEnd();
  unit.reserve(count, cursor.place(at), byte !== 0);
  unit.section.fill(count, byte & 0xff);
};

/** `.fill repeat[, size[, value]]` */
const fill: Directive = ({ unit }, cursor) => {
  cursor.peek();
  const at = cursor.at;
  const count = operand(unit, cursor, "a count", 0n, MAX_COUNT);
  const bytes = cursor.eat(",") ? operand(unit, cursor, "a size", 0n, 8n) : 1;
  const value = cursor.eat(",") ? operand(unit, cursor, "a value", -(2n ** 63n), 2n ** 63n - 1n) : 0;
  cursor.expectEnd();
  unit.reserve(count * bytes, cursor.place(at), value !== 0);
  const { section } = unit;
  if (value === 0) {
    section.grow(count * bytes);
    return;
  }
  // As in GNU as, the value has at most four bytes.
  const pattern = Array.from({ length: bytes }, (_, i) => (i < 4 ? (value >>> (8 * i)) & 0xff : 0));
  section.append(Uint8Array.from({ length: count * bytes }, (_, i) => pattern[i % bytes]!));
};

/** `.align n[, byte[, most]]`: in `power` the boundary is 2^n. */
const align =
  (power: boolean): Directive =>
  ({ unit }, cursor) => {
    cursor.peek();
    const at = cursor.at;
    const given = cursor.atEnd() ? 0 : operand(unit, cursor, "an alignment", 0n, power ? 31n : 2n ** 31n);
    const to = power ? 2 ** given : Math.max(given, 1);
    if (!Number.isInteger(Math.log2(to))) cursor.fail(`expected a power of two, found ${given}`, { at });
    let byte: number | undefined;
    let most = Infinity;
    if (cursor.eat(",")) {
      if (cursor.peek() !== "," && !cursor.atEnd()) byte = operand(unit, cursor, "a byte", -128n, 255n) & 0xff;
      if (cursor.eat(",")) most = operand(unit, cursor, "a number of bytes", 0n, 2n ** 31n);
    }
    cursor.expectEnd();
    const { section } = unit;
    const padding = (to - (section.size % to)) % to;
    if (padding > most) return;
    section.align = Math.max(section.align, to);
    unit.reserve(padding, cursor.place(at), (byte ?? 0) !== 0);
    if (section.flags.exec && byte === undefined) padWithNops(unit, padding);
    else section.fill(padding, byte ?? 0);
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

/** `.float` and `.double` */
const floats =
  (bytes: 4 | 8): Directive =>
  ({ unit }, cursor) => {
    do {
      cursor.peek();
      const at = cursor.at;
      const text = cursor.textOrString();
      const value = /^[-+]?inf(inity)?$/i.test(text) ? (text.startsWith("-") ? -Infinity : Infinity) : Number(text);
      if (text === "" || (Number.isNaN(value) && !/^[-+]?nan$/i.test(text)))
        cursor.fail(`expected a number, found '${text}'`, { at });
      const view = new DataView(new ArrayBuffer(8));
      if (bytes === 4) view.setFloat32(0, value, true);
      else view.setFloat64(0, value, true);
      unit.reserve(bytes, cursor.place(at), true);
      unit.section.append(new Uint8Array(view.buffer, 0, bytes));
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
  [".zero", zeroes],
  [".skip", zeroes],
  [".space", zeroes],
  [".fill", fill],
  [".align", align(true)],
  [".p2align", align(true)],
  [".balign", align(false)],
  [".org", org],
  [".comm", common(true)],
  [".common", common(true)],
  [".lcomm", common(false)],
];
