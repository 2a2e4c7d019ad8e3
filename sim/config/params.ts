// Typed parameters: one declaration gives a value's type, unit, default, range, reading, error text and documentation row.

export type ParamValue = number | string | boolean;

/** One parameter. `read` takes a value as JSON has it and gives undefined where it does not fit. */
export interface Param<T extends ParamValue> {
  readonly kind: "param";
  readonly unit: string;
  readonly default: T;
  readonly doc: string;
  /** What fits, as an error message says it. */
  readonly expected: string;
  readonly read: (value: unknown) => T | undefined;
}

/** Parameters by name; groups nest. */
export interface ParamGroup {
  readonly [name: string]: Param<ParamValue> | ParamGroup;
}

/** The values that a group of parameters declares. */
export type ConfigOf<G extends ParamGroup> = {
  readonly [K in keyof G]: G[K] extends Param<infer T> ? T : G[K] extends ParamGroup ? ConfigOf<G[K]> : never;
};

interface Range {
  readonly min?: number;
  readonly max?: number;
  readonly powerOfTwo?: boolean;
}

const LARGEST = 2 ** 40;
/** Entries, ways, banks: beyond this nothing is being modelled, and memory runs out. */
const MOST_THINGS = 2 ** 20;

function whole(unit: string, noun: string, value: number, doc: string, range: Range): Param<number> {
  const { min = 0, max = LARGEST, powerOfTwo = false } = range;
  const limits = max === LARGEST ? `>= ${min}` : `${min} to ${max}`;
  return {
    kind: "param",
    unit,
    default: value,
    doc,
    expected: powerOfTwo ? `${noun}, a power of two, ${limits}` : `${noun} ${limits}`,
    read: (v) =>
      typeof v === "number" && Number.isInteger(v) && v >= min && v <= max && (!powerOfTwo || isPowerOfTwo(v))
        ? v
        : undefined,
  };
}

/** Core clock cycles, whole. */
export function cycles(value: number, doc: string, range: Range = {}): Param<number> {
  return whole("cycles", "whole cycles", value, doc, range);
}

/** A number of things. */
export function count(value: number, doc: string, range: Range = {}): Param<number> {
  return whole("", "a whole number", value, doc, { max: MOST_THINGS, ...range });
}

/** A power of two; by default at least 1. */
export function powerOfTwo(value: number, doc: string, range: Omit<Range, "powerOfTwo"> = {}): Param<number> {
  return whole("", "a whole number", value, doc, { min: 1, max: MOST_THINGS, ...range, powerOfTwo: true });
}

/** Time on the clock of something other than the core; scaled by the core's clock. */
export function nanoseconds(value: number, doc: string): Param<number> {
  return whole("ns", "whole nanoseconds", value, doc, { max: 1_000_000 });
}

export function megahertz(value: number, doc: string): Param<number> {
  return whole("MHz", "whole MHz", value, doc, { min: 1, max: 100_000 });
}

/** Decimal megabytes a second; 0 is without limit. */
export function megabytesPerSecond(value: number, doc: string): Param<number> {
  return whole("MB/s", "whole MB/s", value, doc, { max: 100_000_000 });
}

const BYTE_UNITS: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** Bytes, as a number or as `32KiB`, `4MiB`, `1GiB`. */
export function bytes(value: number, doc: string, range: Range = {}): Param<number> {
  const plain = whole("bytes", "whole bytes (32768 or 32KiB)", value, doc, range);
  return {
    ...plain,
    read: (v) => {
      const [, digits, unit] = typeof v === "string" ? (/^(\d+) ?(KiB|MiB|GiB)$/.exec(v) ?? []) : [];
      return plain.read(digits === undefined ? v : Number(digits) * BYTE_UNITS[unit!]!);
    },
  };
}

/** Yes or no. */
export function flag(value: boolean, doc: string): Param<boolean> {
  return {
    kind: "param",
    unit: "",
    default: value,
    doc,
    expected: "true or false",
    read: (v) => (typeof v === "boolean" ? v : undefined),
  };
}

/** One of a few names. */
export function oneOf<const T extends string>(choices: readonly T[], value: NoInfer<T>, doc: string): Param<T> {
  return {
    kind: "param",
    unit: "",
    default: value,
    doc,
    expected: `one of ${choices.join(", ")}`,
    read: (v) => choices.find((c) => c === v),
  };
}

export const isPowerOfTwo = (n: number): boolean => n >= 1 && Number.isInteger(Math.log2(n));

export function isParam(node: Param<ParamValue> | ParamGroup): node is Param<ParamValue> {
  return node.kind === "param";
}

/** Every parameter of a group with its dotted key, in declaration order. */
export function flatten(group: ParamGroup, prefix = ""): [key: string, param: Param<ParamValue>][] {
  return Object.entries(group).flatMap(([name, node]): [string, Param<ParamValue>][] =>
    isParam(node) ? [[prefix + name, node]] : flatten(node, `${prefix}${name}.`),
  );
}

/** Builds the nested values of a group from one value a dotted key. */
export function nest<G extends ParamGroup>(group: G, valueOf: (key: string) => ParamValue, prefix = ""): ConfigOf<G> {
  const entries = Object.entries(group).map(([name, node]) => [
    name,
    isParam(node) ? valueOf(prefix + name) : nest(node, valueOf, `${prefix}${name}.`),
  ]);
  return Object.fromEntries(entries) as ConfigOf<G>;
}

/** Text from a command line as the JSON value it stands for. */
export function valueOfText(text: string): ParamValue {
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** The parameters as a Markdown table: key, unit, default, what fits, meaning. */
export function parameterTable(group: ParamGroup): string {
  const rows = flatten(group).map(([key, p]) => `| \`${key}\` | ${p.unit} | ${p.default} | ${p.expected} | ${p.doc} |`);
  return ["| parameter | unit | default | takes | meaning |", "|---|---|---|---|---|", ...rows].join("\n");
}
