// Expressions as text: what a meaning computes, built by its algebra, simplified a little, and printed with few brackets.
import { GLOBAL, INTEGRAL, PERMISSION, SEALED } from "../../isa/cap/format.ts";

/** A value of a meaning, integer or capability; equal expressions are one object. */
export interface Expr {
  readonly op: string;
  readonly args: readonly Expr[];
  /** The text of an atom, or a width. */
  readonly text: string;
  /** Is it 0 or 1 by its nature? Then it is said as a condition. */
  readonly condition: boolean;
  readonly constant: bigint | undefined;
}

const CONDITIONS = new Set(["==", "!=", "<u", "<s", "not", "tag", "integral", "valid", "top[64]", "holds"]);

/** Makes expressions, each once. */
export class Expressions {
  readonly #known = new Map<Expr | string, Expr>();
  readonly #ids = new Map<Expr, number>();

  atom(text: string): Expr {
    return this.#one({ op: "atom", args: [], text, condition: false, constant: undefined });
  }
  constant(n: bigint): Expr {
    return this.#one({ op: "const", args: [], text: constantText(n), condition: false, constant: n });
  }
  make(op: string, args: readonly Expr[], text = ""): Expr {
    const bit = (a: Expr): boolean => a.condition || a.constant === 0n || a.constant === 1n;
    const logical = (op === "&" || op === "|") && args.every(bit) && args.some((a) => a.condition);
    const condition = logical || CONDITIONS.has(op) || (op === "zext" && text === "1");
    const written = logical ? (op === "&" ? "and" : "or") : op;
    return this.#one({ op: written, args, text, condition, constant: undefined });
  }

  #one(e: Expr): Expr {
    const key = `${e.op} ${e.text} ${e.constant ?? ""} ${e.args.map((a) => this.#ids.get(a)).join(" ")}`;
    const found = this.#known.get(key);
    if (found !== undefined) return found;
    this.#known.set(key, e);
    this.#ids.set(e, this.#ids.size);
    return e;
  }
}

const NAMED_BITS = Object.entries({ ...PERMISSION, CT: SEALED, GL: GLOBAL, P: INTEGRAL });
const ALL_NAMED = NAMED_BITS.reduce((mask, [, bit]) => mask | bit, 0n);
const LARGEST_DECIMAL = 4096n;

/** A number; a mask of metadata bits by their names. */
function constantText(n: bigint): string {
  const names = (mask: bigint): string | undefined => {
    if (mask === 0n || (mask & ~ALL_NAMED) !== 0n) return undefined;
    const set = NAMED_BITS.filter(([, bit]) => (mask & bit) !== 0n).map(([name]) => name);
    return set.length === 1 ? set[0]! : `{${set.join(", ")}}`;
  };
  const inverse = names(BigInt.asUintN(64, ~n));
  if (inverse !== undefined) return `~${inverse}`;
  if (n < -LARGEST_DECIMAL) return `~0x${(~n).toString(16)}`;
  return names(n) ?? (n > LARGEST_DECIMAL ? `0x${n.toString(16)}` : String(n));
}

/** How tightly operators bind: a tighter one needs no brackets within a looser. */
const BINDING: Readonly<Record<string, number>> = {
  ...{ "?": 1, or: 2, and: 3, not: 4, "==": 5, "!=": 5, "<u": 5, "<s": 5, "|": 6, "^": 7, "&": 8 },
  ...{ "<<": 9, ">>u": 9, ">>s": 9, "+": 10, "-": 10, "×": 11, "~": 12 },
};
const ASSOCIATIVE = new Set(["or", "and", "|", "^", "&", "+", "×"]);
const MEMBERS = new Set(["tag", "metadata", "address"]);

const BITWISE = new Set(["|", "^", "&", "<<", ">>u", ">>s"]);
const ARITHMETIC = new Set(["+", "-", "×"]);

/** Languages disagree on these, so brackets say it. */
function surprising(inner: string, outer: string): boolean {
  if (BITWISE.has(inner))
    return (
      outer === "==" || outer === "!=" || outer === "<u" || outer === "<s" || (BITWISE.has(outer) && inner !== outer)
    );
  return ARITHMETIC.has(inner) && BITWISE.has(outer);
}

/** Prints expressions; those with a name are printed by it. */
export function print(e: Expr, names: ReadonlyMap<Expr, string>, top = false): string {
  const name = top ? undefined : names.get(e);
  if (name !== undefined) return name;
  if (e.op === "atom" || e.op === "const") return e.text;
  const binding = BINDING[e.op];
  const inside = (a: Expr, strict: boolean): string => {
    const text = print(a, names);
    const inner = names.has(a) ? undefined : BINDING[a.op];
    if (inner === undefined || binding === undefined) return text;
    const loose = inner < binding || (strict && inner === binding) || surprising(a.op, e.op);
    return loose ? `(${text})` : text;
  };
  const [a, b, c] = e.args as [Expr, Expr, Expr];
  if (e.op === "?") return `${inside(a, true)} ? ${inside(b, true)} : ${inside(c, false)}`;
  if (e.op === "not") return `not ${inside(a, false)}`;
  if (e.op === "~") return `~${inside(a, false)}`;
  if (binding !== undefined) return `${inside(a, false)} ${e.op} ${inside(b, !ASSOCIATIVE.has(e.op) || b.op !== e.op)}`;
  if (MEMBERS.has(e.op)) return `${print(a, names)}.${e.op}`;
  if (e.op === "cap") return `(tag: ${print(a, names)}, metadata: ${print(b, names)}, address: ${print(c, names)})`;
  return `${e.op}(${[...e.args.map((arg) => print(arg, names)), ...(e.text === "" ? [] : [e.text])].join(", ")})`;
}
