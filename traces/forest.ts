// Links spans to trees: finds parents, drops duplicates, cuts cycles, and orders parents before children, without recursion.
import { quote } from "./diagnostic.ts";
import { canonicalId, isWide, low64 } from "./ids.ts";
import type { RepairLog } from "./repair.ts";
import type { RuleCounts, Rules } from "./rules.ts";
import type { SpanTable } from "./span-table.ts";

const ROOT = -1;
/** A duplicate, or a root that a rule drops. */
const DROPPED = -2;

/** Span trees over the rows of a {@link SpanTable}. */
export interface Forest {
  /** Row of the parent; negative for a root and for a dropped span. */
  readonly parents: Int32Array;
  /** Kept rows, parents before children, siblings by start time: the spans in pre-order. */
  readonly order: readonly number[];
  /** Kept roots, by start time. */
  readonly roots: readonly number[];
  /** Children of a row, by start time. */
  childrenOf(row: number): Int32Array;
  /** The longest path from a root, in spans. */
  readonly depth: number;
}

/** Builds the trees. Everything that had to be repaired is in `log`. */
export function linkSpans(spans: SpanTable, rules: Rules, counts: RuleCounts, log: RepairLog): Forest {
  const parents = new Int32Array(spans.length).fill(ROOT);
  for (const rows of groupByTrace(spans, log)) findParents(spans, rows, parents, rules, counts, log);
  cutCycles(spans, parents, log);
  const earlier = byStart(spans);
  const childrenOf = childLists(parents, earlier);
  const roots: number[] = [];
  for (let row = 0; row < spans.length; row += 1) if (parents[row] === ROOT) roots.push(row);
  roots.sort(earlier);

  const order: number[] = [];
  let depth = 0;
  const levels = new Int32Array(spans.length);
  const pending = roots.toReversed();
  for (let row = pending.pop(); row !== undefined; row = pending.pop()) {
    order.push(row);
    const parent = parents[row]!;
    levels[row] = parent < 0 ? 1 : levels[parent]! + 1;
    depth = Math.max(depth, levels[row]!);
    if (parent >= 0) checkInside(spans, row, parent, log);
    if (spans.durationsUs[row] === 0)
      log.add("zero-duration", spans.offsets[row]!, () => `${nameOf(spans, row)} takes no time`);
    const children = childrenOf(row);
    for (let i = children.length - 1; i >= 0; i -= 1) pending.push(children[i]!);
  }
  return { parents, order, roots, childrenOf, depth };
}

/** Rows of each trace. A 64-bit id joins the one 128-bit id that ends in it. */
function groupByTrace(spans: SpanTable, log: RepairLog): number[][] {
  const rowsById = new Map<string, number[]>();
  for (let row = 0; row < spans.length; row += 1) {
    const id = canonicalId(spans.traceIds[row]!);
    const rows = rowsById.get(id);
    if (rows === undefined) rowsById.set(id, [row]);
    else rows.push(row);
  }
  const wideByLow = new Map<string, string[]>();
  for (const id of rowsById.keys()) {
    if (!isWide(id)) continue;
    const wide = wideByLow.get(low64(id));
    if (wide === undefined) wideByLow.set(low64(id), [id]);
    else wide.push(id);
  }
  for (const [low, wide] of wideByLow) {
    const narrowRows = rowsById.get(low);
    if (narrowRows === undefined || wide.length !== 1) continue;
    rowsById.delete(low);
    const rows = rowsById.get(wide[0]!)!;
    for (const row of narrowRows) {
      rows.push(row);
      log.add("mixed-trace-id", spans.offsets[row]!, () => `trace ${quote(low)} is trace ${quote(wide[0]!)}`);
    }
  }
  return [...rowsById.values()];
}

function findParents(
  spans: SpanTable,
  rows: readonly number[],
  parents: Int32Array,
  rules: Rules,
  counts: RuleCounts,
  log: RepairLog,
): void {
  const rowById = new Map<string, number>();
  const serverHalves = new Map<number, number>();
  for (const row of rows) {
    const id = canonicalId(spans.ids[row]!);
    const first = rowById.get(id);
    if (first === undefined) rowById.set(id, row);
    else if (isServerHalf(spans, first, row) && !serverHalves.has(first)) {
      serverHalves.set(first, row);
      log.add("shared-span-id", spans.offsets[row]!, () => `span id ${quote(id)} is a client and a server span`);
    } else {
      parents[row] = DROPPED;
      log.add("duplicate-span", spans.offsets[row]!, () => `span id ${quote(id)} occurs again`);
    }
  }
  const halves = new Map([...serverHalves].map(([client, server]) => [server, client]));
  for (const row of rows) {
    if (parents[row] === DROPPED) continue;
    const client = halves.get(row);
    parents[row] = client ?? parentOf(row);
  }

  function parentOf(row: number): number {
    const parentId = spans.parentIds[row]!;
    if (parentId === "") return ROOT;
    const parent = rowById.get(canonicalId(parentId));
    if (parent === row) {
      log.add("self-parent", spans.offsets[row]!, () => `${nameOf(spans, row)} names itself as its parent`);
      return ROOT;
    }
    if (parent === undefined) {
      const what = (): string =>
        `${nameOf(spans, row)} has parent ${quote(parentId)}, which names no span of its trace`;
      log.add("orphan", spans.offsets[row]!, what);
      counts.add("orphan");
      return rules.orphan === "root" ? ROOT : DROPPED;
    }
    if (spans.follows[row]) {
      counts.add("follows-from");
      if (rules["follows-from"] === "drop") return DROPPED;
    }
    // Below a shared id, a span belongs to the half of its own service.
    const server = serverHalves.get(parent);
    return server !== undefined && spans.services[server] === spans.services[row] ? server : parent;
  }
}

/** Zipkin-style instrumentation gives both halves of a call one span id (openzipkin/b3-propagation). */
function isServerHalf(spans: SpanTable, first: number, second: number): boolean {
  return spans.kinds[first] === "client" && spans.kinds[second] === "server";
}

/** Follows parents from every span; where that ends in a circle, the circle is cut above its earliest span. */
function cutCycles(spans: SpanTable, parents: Int32Array, log: RepairLog): void {
  const earlier = byStart(spans);
  // 0: not seen, otherwise the walk that saw it.
  const seen = new Int32Array(parents.length);
  for (let start = 0; start < parents.length; start += 1) {
    let row = start;
    while (row >= 0 && seen[row] === 0) {
      seen[row] = start + 1;
      row = parents[row]!;
    }
    if (row < 0 || seen[row] !== start + 1) continue;
    let first = row;
    let length = 1;
    for (let at = parents[row]!; at !== row; at = parents[at]!) {
      if (earlier(at, first) < 0) first = at;
      length += 1;
    }
    parents[first] = ROOT;
    log.add("parent-cycle", spans.offsets[first]!, () => `${nameOf(spans, first)} is in a cycle of ${length} parents`);
  }
}

/** By start, then longer first, then id: an order that does not depend on the order in the file. */
function byStart(spans: SpanTable): (a: number, b: number) => number {
  const { startsUs, durationsUs, ids, traceIds } = spans;
  return (a, b) =>
    startsUs[a]! - startsUs[b]! ||
    durationsUs[b]! - durationsUs[a]! ||
    compareText(ids[a]!, ids[b]!) ||
    compareText(traceIds[a]!, traceIds[b]!) ||
    a - b;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** All child lists in one array, each sorted; `starts[row]` is where the list of a row begins. */
function childLists(parents: Int32Array, earlier: (a: number, b: number) => number): (row: number) => Int32Array {
  const starts = new Int32Array(parents.length + 1);
  for (const parent of parents) if (parent >= 0) starts[parent + 1]! += 1;
  for (let row = 0; row < parents.length; row += 1) starts[row + 1]! += starts[row]!;
  const lists = new Int32Array(starts[parents.length]!);
  const filled = starts.slice();
  parents.forEach((parent, row) => {
    if (parent >= 0) lists[filled[parent]!++] = row;
  });
  const childrenOf = (row: number): Int32Array => lists.subarray(starts[row]!, starts[row + 1]!);
  for (let row = 0; row < parents.length; row += 1) {
    if (starts[row + 1]! - starts[row]! > 1) childrenOf(row).sort(earlier);
  }
  return childrenOf;
}

function checkInside(spans: SpanTable, row: number, parent: number, log: RepairLog): void {
  const early = spans.startsUs[parent]! - spans.startsUs[row]!;
  const late = spans.endUs(row) - spans.endUs(parent);
  if ((early <= 0 && late <= 0) || spans.follows[row]) return;
  log.add("outside-parent", spans.offsets[row]!, () => {
    const how = [early > 0 ? `begins ${early} us before` : "", late > 0 ? `ends ${late} us after` : ""];
    return `${nameOf(spans, row)} ${how.filter((part) => part !== "").join(" and ")} its parent`;
  });
}

function nameOf(spans: SpanTable, row: number): string {
  return `span ${quote(spans.ids[row]!)} (${quote(spans.operations[row]!)})`;
}
