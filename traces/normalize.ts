// Folds span trees into the normal form: decides for each span whether its time is a service's work, a hop, or a leaf's work.
import { InputError } from "./diagnostic.ts";
import type { Forest } from "./forest.ts";
import { linkSpans } from "./forest.ts";
import { leafOf, storeIn } from "./leaf.ts";
import { NameTable } from "./names.ts";
import type { RepairLog } from "./repair.ts";
import { RuleCounts } from "./rules.ts";
import type { RuleUse, Rules } from "./rules.ts";
import { EdgeTable } from "./span-table.ts";
import type { SpanKind, SpanTable } from "./span-table.ts";
import type { Call, Trace } from "./trace.ts";
import { TRACE_SCHEMA } from "./trace.ts";

/** What became of the spans. */
export interface Normalized {
  readonly trace: Trace;
  /** Every parent → child pair of spans that was kept. */
  readonly edges: EdgeTable;
  readonly rules: readonly RuleUse[];
  /** Kept spans. */
  readonly spans: number;
  /** The longest path of spans, and the most children of one span. */
  readonly spanDepth: number;
  readonly spanFanOut: number;
}

/** Folds the spans of a file into a trace named `name`. */
export function normalize(spans: SpanTable, name: string, rules: Rules, log: RepairLog): Normalized {
  const counts = new RuleCounts();
  const forest = linkSpans(spans, rules, counts, log);
  const children = forest.order.filter((row) => forest.parents[row]! >= 0);
  const fanOut = forest.order.reduce((most, row) => Math.max(most, forest.childrenOf(row).length), 0);
  return {
    trace: new Folding(spans, forest, rules, counts).trace(name),
    edges: new EdgeTable(spans, children, forest.parents),
    rules: counts.report(rules),
    spans: forest.order.length,
    spanDepth: forest.depth,
    spanFanOut: fanOut,
  };
}

/**
 * Duration of a span minus the union of its children clipped to it, in microseconds.
 * `childTimes` are start and end by turns, starts ascending.
 */
export function selfTimeUs(startUs: number, endUs: number, childTimes: readonly number[]): number {
  let coveredTo = startUs;
  let self = 0;
  for (let i = 0; i < childTimes.length; i += 2) {
    const from = Math.min(childTimes[i]!, endUs);
    if (from > coveredTo) self += from - coveredTo;
    coveredTo = Math.max(coveredTo, Math.min(childTimes[i + 1]!, endUs));
  }
  return self + Math.max(0, endUs - coveredTo);
}

/** The first span of a service call: a root, or one whose parent belongs to another call. */
const ENTRY = 1;
/** A client span, tagged or inferred. */
const CLIENT = 2;
/** A client span with no recorded callee, which stands for a call to an inferred leaf. */
const LEAF = 4;
/** A call is made by this span or by a local span below it. */
const REACHES = 8;
/** What a hop can lead to. */
const TARGET = ENTRY | LEAF | REACHES;

/** A finished call that waits for its caller, with the time during which the caller saw it. */
interface Waiting {
  readonly call: Call;
  readonly startUs: number;
  readonly endUs: number;
}

/** One folding of a forest. Spans are rows; `flags` and the other columns run parallel to them. */
class Folding {
  readonly #spans: SpanTable;
  readonly #forest: Forest;
  readonly #rules: Rules;
  readonly #counts: RuleCounts;
  readonly #names = new NameTable();
  readonly #flags: Uint8Array;
  /** Row of the entry of the call that a span belongs to. */
  readonly #owners: Int32Array;
  /** Of an entry: operation, application work and own spans of its call. Of a leaf: its operation. */
  readonly #operations: Int32Array;
  readonly #leafOperations: Int32Array;
  readonly #applicationNs: Float64Array;
  readonly #ownSpans: Int32Array;
  /** Hop time and client spans that reach a span from the clients above it. */
  readonly #arrivingNs: Float64Array;
  readonly #arrivingSpans: Int32Array;
  /** How many children are targets of a hop. */
  readonly #targets: Int32Array;

  constructor(spans: SpanTable, forest: Forest, rules: Rules, counts: RuleCounts) {
    this.#spans = spans;
    this.#forest = forest;
    this.#rules = rules;
    this.#counts = counts;
    this.#flags = new Uint8Array(spans.length);
    this.#owners = new Int32Array(spans.length);
    this.#operations = new Int32Array(spans.length);
    this.#leafOperations = new Int32Array(spans.length);
    this.#applicationNs = new Float64Array(spans.length);
    this.#ownSpans = new Int32Array(spans.length);
    this.#arrivingNs = new Float64Array(spans.length);
    this.#arrivingSpans = new Int32Array(spans.length);
    this.#targets = new Int32Array(spans.length);
  }

  trace(name: string): Trace {
    const { order } = this.#forest;
    for (const row of order) this.#findEntry(row);
    for (let i = order.length - 1; i >= 0; i -= 1) this.#findRole(order[i]!);
    for (const row of order) this.#attribute(row);
    const requests = this.#build();
    return { schema: TRACE_SCHEMA, name, ...this.#names.tables(), requests };
  }

  #is(row: number, flags: number): boolean {
    return (this.#flags[row]! & flags) !== 0;
  }

  /** Callers first: which spans begin a call. */
  #findEntry(row: number): void {
    const { services, kinds } = this.#spans;
    const parent = this.#forest.parents[row]!;
    const kind = kinds[row];
    // A service may call itself: a server span right below a client span is a call even where the names are equal.
    const selfCall = parent >= 0 && isServerKind(kind) && isClientKind(kinds[parent]);
    const entry = parent < 0 || services[parent] !== services[row] || selfCall;
    if (entry) this.#flags[row] = ENTRY;
    this.#owners[row] = entry ? row : this.#owners[parent]!;
  }

  /** Callees first: which spans are clients, and which of those have no recorded callee. */
  #findRole(row: number): void {
    const kind = this.#spans.kinds[row];
    const inferring = this.#rules["infer-kind"] === "on";
    if (kind === undefined) this.#counts.add("infer-kind");
    let flags = 0;
    if (isClientKind(kind) || (kind === undefined && inferring && this.#looksLikeClient(row))) {
      flags = CLIENT;
      if (!this.#is(row, REACHES)) {
        this.#counts.add("infer-leaf");
        if (this.#rules["infer-leaf"] === "on") flags |= LEAF;
      }
    }
    this.#flags[row]! |= flags;
    const parent = this.#forest.parents[row]!;
    if (parent < 0 || !this.#is(row, TARGET)) return;
    this.#flags[parent]! |= REACHES;
    this.#targets[parent]! += 1;
  }

  /**
   * A span without span.kind: a client where all its children are calls to one other service, or where it has no
   * children and its name or tags tell of a store. The first span of a call is its server, not a client.
   */
  #looksLikeClient(row: number): boolean {
    if (this.#is(row, ENTRY)) return false;
    const { services, operations, hints } = this.#spans;
    const children = this.#forest.childrenOf(row);
    const first = children[0];
    if (first === undefined) return hints[row]?.kind === "store" || storeIn(operations[row]!) !== undefined;
    return children.every((child) => this.#is(child, ENTRY) && services[child] === services[first]);
  }

  /** Callers first: what the self time of a span is, and whose. */
  #attribute(row: number): void {
    const { services, operations, hints } = this.#spans;
    const owner = this.#owners[row]!;
    const selfNs = Math.round(this.#selfTimeUs(row) * 1000);
    if (this.#is(row, ENTRY)) {
      this.#operations[row] = this.#names.operation(services[row]!, "observed", operations[row]!);
    }
    // What arrived at a call stays there; what arrived at a local span goes on to the calls below it.
    let onwardNs = this.#is(row, ENTRY | LEAF) ? 0 : this.#arrivingNs[row]!;
    let onwardSpans = this.#is(row, ENTRY | LEAF) ? 0 : this.#arrivingSpans[row]!;
    if (this.#is(row, LEAF)) {
      const leaf = leafOf(services[row]!, operations[row]!, hints[row]);
      this.#leafOperations[row] = this.#names.operation(leaf, "inferred", operations[row]!);
    } else if (this.#is(row, CLIENT) && this.#is(row, REACHES)) {
      this.#counts.add("client-hop");
      onwardSpans += 1;
      if (this.#rules["client-hop"] === "hop") onwardNs += selfNs;
      else this.#applicationNs[owner]! += selfNs;
    } else {
      this.#ownSpans[owner]! += 1;
      if (!this.#is(row, ENTRY)) this.#counts.add("local-span");
      if (this.#is(row, ENTRY) || this.#rules["local-span"] === "application") this.#applicationNs[owner]! += selfNs;
    }
    if (onwardNs > 0 || onwardSpans > 0) this.#passOn(row, onwardNs, onwardSpans);
  }

  /** Shares a hop evenly among the callees it leads to, in whole nanoseconds; the client spans go with the first. */
  #passOn(row: number, hopNs: number, clientSpans: number): void {
    const targets = this.#forest.childrenOf(row).filter((child) => this.#is(child, TARGET));
    const share = Math.floor(hopNs / targets.length);
    targets.forEach((target, i) => {
      this.#arrivingNs[target]! += i === 0 ? hopNs - share * (targets.length - 1) : share;
    });
    this.#arrivingSpans[targets[0]!]! += clientSpans;
  }

  #selfTimeUs(row: number): number {
    const { startsUs, follows } = this.#spans;
    const times: number[] = [];
    for (const child of this.#forest.childrenOf(row)) {
      if (!follows[child]) times.push(startsUs[child]!, this.#spans.endUs(child));
    }
    return selfTimeUs(startsUs[row]!, this.#spans.endUs(row), times);
  }

  /** Callees first: makes the calls. */
  #build(): Call[] {
    const { order, parents } = this.#forest;
    const { startsUs } = this.#spans;
    const waiting = new Map<number, Waiting[]>();
    const requests: Call[] = [];
    const wait = (caller: number, callee: Waiting): void => {
      const list = waiting.get(caller);
      if (list === undefined) waiting.set(caller, [callee]);
      else list.push(callee);
    };
    for (let i = order.length - 1; i >= 0; i -= 1) {
      const row = order[i]!;
      const own = { startUs: startsUs[row]!, endUs: this.#spans.endUs(row) };
      if (this.#is(row, LEAF)) wait(this.#owners[row]!, { call: this.#leafCall(row), ...own });
      if (!this.#is(row, ENTRY)) continue;
      const call = this.#call(row, waiting.get(row) ?? []);
      waiting.delete(row);
      const parent = parents[row]!;
      if (parent < 0) requests.push(call);
      else wait(this.#owners[parent]!, { call, ...(this.#clientTimes(parent) ?? own) });
    }
    return requests.reverse();
  }

  /** A client span with one callee tells by the caller's clock when the call ran. */
  #clientTimes(parent: number): { startUs: number; endUs: number } | undefined {
    if (!this.#is(parent, CLIENT) || this.#targets[parent] !== 1) return undefined;
    return { startUs: this.#spans.startsUs[parent]!, endUs: this.#spans.endUs(parent) };
  }

  #leafCall(row: number): Call {
    // Of a client span that is also the first of its call, that call keeps what arrived.
    const arrived = !this.#is(row, ENTRY);
    return this.#finish(row, this.#leafOperations[row]!, {
      applicationNs: Math.round(this.#selfTimeUs(row) * 1000),
      hopNs: arrived ? this.#arrivingNs[row]! : 0,
      spans: 1 + (arrived ? this.#arrivingSpans[row]! : 0),
      groups: [],
    });
  }

  #call(row: number, callees: Waiting[]): Call {
    return this.#finish(row, this.#operations[row]!, {
      applicationNs: this.#applicationNs[row]!,
      hopNs: this.#arrivingNs[row]!,
      spans: this.#ownSpans[row]! + this.#arrivingSpans[row]!,
      groups: this.#groups(callees),
    });
  }

  #finish(row: number, operation: number, call: Omit<Call, "service" | "operation">): Call {
    if (!Number.isSafeInteger(call.applicationNs) || !Number.isSafeInteger(call.hopNs)) {
      const hint = "Jaeger times are in microseconds";
      throw new InputError("the spans of this call sum up to more than 104 days", this.#spans.offsets[row], hint);
    }
    return { service: this.#names.serviceOf(operation), operation, ...call, ...this.#payload(row) };
  }

  #payload(row: number): Pick<Call, "requestBytes" | "replyBytes"> {
    const { requestBytes, replyBytes } = this.#spans;
    const parent = this.#forest.parents[row]!;
    const client = parent >= 0 && this.#is(parent, CLIENT) ? parent : row;
    const request = requestBytes.get(row) ?? requestBytes.get(client);
    const reply = replyBytes.get(row) ?? replyBytes.get(client);
    if (request === undefined && reply === undefined) return {};
    this.#counts.add("payload-tags");
    if (this.#rules["payload-tags"] === "off") return {};
    return {
      ...(request === undefined ? {} : { requestBytes: request }),
      ...(reply === undefined ? {} : { replyBytes: reply }),
    };
  }

  /** `callees` come latest first, as they were built. */
  #groups(callees: Waiting[]): Call[][] {
    const byStart = callees.toReversed().sort((a, b) => a.startUs - b.startUs);
    const groups: Call[][] = [];
    let groupEndUs = -Infinity;
    for (const { call, startUs, endUs } of byStart) {
      const overlaps = startUs < groupEndUs;
      if (overlaps) this.#counts.add("concurrency");
      if (overlaps && this.#rules.concurrency === "overlap") groups.at(-1)!.push(call);
      else groups.push([call]);
      groupEndUs = Math.max(groupEndUs, endUs);
    }
    return groups;
  }
}

function isClientKind(kind: SpanKind | undefined): boolean {
  return kind === "client" || kind === "producer";
}

function isServerKind(kind: SpanKind | undefined): boolean {
  return kind === "server" || kind === "consumer";
}
