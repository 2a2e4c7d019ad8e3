// Spans as importers hand them over: one row a span, in columns, so that a million of them fit in memory.

/** What `span.kind` says, or undefined where there is no such tag. */
export type SpanKind = "server" | "client" | "producer" | "consumer" | "internal";

/** What the tags of a span tell about a callee that left no span. */
export interface CalleeHint {
  /** `service`: its name is given. `store`: the kind of database or cache. `host`: only its address. */
  readonly kind: "service" | "store" | "host";
  readonly name: string;
}

/** One span as read, times in microseconds. */
export interface SpanRow {
  readonly traceId: string;
  readonly id: string;
  /** Empty where the span names no parent. */
  readonly parentId: string;
  /** The span is connected to its parent by FOLLOWS_FROM alone. */
  readonly follows: boolean;
  readonly service: string;
  readonly operation: string;
  readonly kind: SpanKind | undefined;
  readonly startUs: number;
  /** Not negative. */
  readonly durationUs: number;
  readonly hint: CalleeHint | undefined;
  readonly requestBytes: number | undefined;
  readonly replyBytes: number | undefined;
  /** Where in the file the span begins. */
  readonly offset: number;
}

/** All spans of a file. Columns are parallel arrays; the index of a span is its row. */
export class SpanTable {
  readonly traceIds: string[] = [];
  readonly ids: string[] = [];
  readonly parentIds: string[] = [];
  readonly follows: boolean[] = [];
  readonly services: string[] = [];
  readonly operations: string[] = [];
  readonly kinds: (SpanKind | undefined)[] = [];
  readonly startsUs: number[] = [];
  readonly durationsUs: number[] = [];
  readonly offsets: number[] = [];
  readonly hints: (CalleeHint | undefined)[] = [];
  // Few spans carry sizes.
  readonly requestBytes = new Map<number, number>();
  readonly replyBytes = new Map<number, number>();

  get length(): number {
    return this.ids.length;
  }

  add(span: SpanRow): void {
    const row = this.length;
    this.traceIds.push(span.traceId);
    this.ids.push(span.id);
    this.parentIds.push(span.parentId);
    this.follows.push(span.follows);
    this.services.push(span.service);
    this.operations.push(span.operation);
    this.kinds.push(span.kind);
    this.startsUs.push(span.startUs);
    this.durationsUs.push(span.durationUs);
    this.offsets.push(span.offset);
    this.hints.push(span.hint);
    if (span.requestBytes !== undefined) this.requestBytes.set(row, span.requestBytes);
    if (span.replyBytes !== undefined) this.replyBytes.set(row, span.replyBytes);
  }

  endUs(row: number): number {
    return this.startsUs[row]! + this.durationsUs[row]!;
  }
}

/** One parent → child pair of spans, as flat edge tables of other tools list them. */
export interface Edge {
  readonly traceId: string;
  readonly parentId: string;
  readonly childId: string;
  readonly parentService: string;
  readonly childService: string;
  readonly parentOperation: string;
  readonly childOperation: string;
  readonly parentDurationUs: number;
  readonly childStartUs: number;
  readonly childDurationUs: number;
}

/** The edges of all span trees, made one by one as they are asked for. */
export class EdgeTable implements Iterable<Edge> {
  readonly #spans: SpanTable;
  readonly #children: readonly number[];
  readonly #parents: ArrayLike<number>;

  /** `children` are rows; `parents[row]` is the row of a child's parent. */
  constructor(spans: SpanTable, children: readonly number[], parents: ArrayLike<number>) {
    this.#spans = spans;
    this.#children = children;
    this.#parents = parents;
  }

  get length(): number {
    return this.#children.length;
  }

  *[Symbol.iterator](): Generator<Edge, void, undefined> {
    const s = this.#spans;
    for (const child of this.#children) {
      const parent = this.#parents[child]!;
      yield {
        traceId: s.traceIds[child]!,
        parentId: s.ids[parent]!,
        childId: s.ids[child]!,
        parentService: s.services[parent]!,
        childService: s.services[child]!,
        parentOperation: s.operations[parent]!,
        childOperation: s.operations[child]!,
        parentDurationUs: s.durationsUs[parent]!,
        childStartUs: s.startsUs[child]!,
        childDurationUs: s.durationsUs[child]!,
      };
    }
  }
}
