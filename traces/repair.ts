// Repairs of dirty traces: what was put right, how often, and where it was met first.
import type { Diagnostic, Diagnostics, Source } from "./diagnostic.ts";
import { MAX_DIAGNOSTICS } from "./diagnostic.ts";

/** Every repair, with what was found and what was done about it. */
export const REPAIRS = {
  "duplicate-span": "a span id occurs again in its trace; the first span is kept",
  "shared-span-id": "client and server half share one span id; the server half becomes the child of the client half",
  "mixed-trace-id": "a 64-bit and a 128-bit form of one trace id; they are one trace",
  orphan: "the parent is not in the trace; rule orphan decides",
  "self-parent": "a span is its own parent; it becomes a root",
  "parent-cycle": "parents form a cycle; it is cut above its earliest span, which becomes a root",
  "extra-parent": "more than one parent; the first CHILD_OF is kept",
  "outside-parent":
    "a span begins before or ends after its parent; it is clipped where the parent's self time is computed",
  "zero-duration": "a span took no time; it is kept as a call without work",
  "negative-duration": "a span has a negative duration; it counts as zero",
  "missing-process": "the process of a span is not described; its service is called unknown_service",
  "missing-operation": "a span has no operation name; it is called unnamed",
  "unprintable-name": "a name has control characters; each is written as an escape",
} as const satisfies Record<string, string>;

/** The name of a repair. */
export type RepairName = keyof typeof REPAIRS;

/** One kind of repair, as often as it was made. */
export interface Repair {
  readonly name: RepairName;
  readonly count: number;
  /** What was found and what was done about it. */
  readonly meaning: string;
  /** The first few, in the order they were found. */
  readonly examples: readonly Diagnostic[];
}

const EXAMPLES = 3;

interface Found {
  readonly what: string;
  /** Absent where the input has no lines. */
  readonly offset: number | undefined;
}

/** Collects repairs while a trace is read. */
export class RepairLog {
  readonly #source: Source;
  readonly #found = new Map<RepairName, { count: number; first: Found[] }>();
  readonly #order: (Found & { readonly name: RepairName })[] = [];
  #total = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  /** `what` is asked for only while examples are still wanted: a million repairs must not make a million strings. */
  add(name: RepairName, offset: number | undefined, what: () => string): void {
    let found = this.#found.get(name);
    if (found === undefined) this.#found.set(name, (found = { count: 0, first: [] }));
    found.count += 1;
    this.#total += 1;
    if (found.first.length < EXAMPLES) found.first.push({ what: what(), offset });
    if (this.#order.length < MAX_DIAGNOSTICS) this.#order.push({ name, what: what(), offset });
  }

  get total(): number {
    return this.#total;
  }

  /** The repairs, in the order of {@link REPAIRS}. */
  report(): Repair[] {
    return (Object.keys(REPAIRS) as RepairName[]).flatMap((name) => {
      const found = this.#found.get(name);
      if (found === undefined) return [];
      const examples = found.first.map(({ what, offset }) => this.#source.diagnostic(what, offset));
      return [{ name, count: found.count, meaning: REPAIRS[name], examples }];
    });
  }

  /** The repairs as errors, which is what they are under `strict`. */
  diagnostics(): Diagnostics {
    const diagnostics = this.#order.map(({ name, what, offset }) =>
      this.#source.diagnostic(what, offset, `${name}: ${REPAIRS[name]}; without --strict this is repaired`),
    );
    return { kind: "diagnostics", diagnostics, total: this.#total };
  }
}
