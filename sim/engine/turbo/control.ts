// Structured control flow: writes a graph of blocks with WebAssembly's `block`, `loop` and `if`.
//
// After Ramsey, "Beyond Relooper: recursive translation of unstructured control flow to structured control flow" (ICFP 2022):
// the code of a node holds that of the nodes it dominates; a node with several ways into it follows a block of its own that
// those ways leave, and the target of a backward way is a loop. Where a cycle has two entries, one of them goes through the
// dispatcher, a node that jumps by number.

/** A graph of nodes 0 to n-1. */
export interface Graph {
  readonly entry: number;
  /** Both may be the same node. */
  readonly successors: readonly (readonly number[])[];
}

/** What writes the code. `ifDepth`: labels opened by the writer itself. */
export interface NodeWriter {
  openBlock(): void;
  /** What the writer has to say before the loop, it does here. */
  openLoop(node: number): void;
  close(): void;
  /** Writes a node's own code and calls `go` where a way leaves it, having opened `ifs` labels of its own there. */
  node(node: number, go: (to: number, ifs: number) => void): void;
  /** Writes a branch out of so many labels. */
  branch(depth: number): void;
  /** Writes a jump by number to nodes; it is the end of the dispatcher. */
  table(depths: readonly number[]): void;
}

/** What is known of a graph. */
export interface Shape {
  /** Place in reverse postorder; -1 where a node cannot be reached. */
  readonly order: Int32Array;
  /** Immediate dominators. */
  readonly dominator: Int32Array;
}

/** Does a way lead back, so that it closes a loop? */
export const leadsBack = ({ order }: Pick<Shape, "order">, from: number, to: number): boolean =>
  order[to]! <= order[from]!;

/** Orders a graph and finds its dominators (Cooper, Harvey, Kennedy: "A simple, fast dominance algorithm"). */
export function shapeOf({ entry, successors }: Graph): Shape {
  const count = successors.length;
  const postorder: number[] = [];
  const seen = new Uint8Array(count);
  const stack: { node: number; next: number }[] = [{ node: entry, next: 0 }];
  seen[entry] = 1;
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    const to = successors[top.node]![top.next++];
    if (to === undefined) {
      postorder.push(top.node);
      stack.pop();
    } else if (seen[to] === 0) {
      seen[to] = 1;
      stack.push({ node: to, next: 0 });
    }
  }
  const nodes = postorder.reverse();
  const order = new Int32Array(count).fill(-1);
  nodes.forEach((node, i) => (order[node] = i));
  const predecessors: number[][] = Array.from({ length: count }, () => []);
  for (const node of nodes) for (const to of successors[node]!) predecessors[to]!.push(node);
  const dominator = new Int32Array(count).fill(-1);
  dominator[entry] = entry;
  const meet = (a: number, b: number): number => {
    let [x, y] = [a, b];
    while (x !== y) {
      while (order[x]! > order[y]!) x = dominator[x]!;
      while (order[y]! > order[x]!) y = dominator[y]!;
    }
    return x;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const node of nodes.slice(1)) {
      const known = predecessors[node]!.filter((p) => dominator[p]! >= 0);
      const found = known.reduce(meet);
      if (dominator[node] !== found) {
        dominator[node] = found;
        changed = true;
      }
    }
  }
  return { order, dominator };
}

/** The edges that go backwards to a node that does not dominate their source: second entries of cycles. */
export function irreducibleEdges(graph: Graph, shape: Shape): { from: number; to: number }[] {
  const { order, dominator } = shape;
  const dominates = (a: number, b: number): boolean => {
    let node = b;
    while (order[node]! > order[a]!) node = dominator[node]!;
    return node === a;
  };
  return graph.successors.flatMap((tos, from) =>
    order[from]! < 0
      ? []
      : tos.filter((to) => leadsBack(shape, from, to) && !dominates(to, from)).map((to) => ({ from, to })),
  );
}

/** Writes a reducible graph. `dispatcher`: the node whose ways out are a table, or -1. */
export function writeGraph(graph: Graph, shape: Shape, dispatcher: number, writer: NodeWriter): void {
  const { order, dominator } = shape;
  const { successors, entry } = graph;
  const count = successors.length;
  const forwardWays = new Int32Array(count);
  const isLoop = new Uint8Array(count);
  for (let from = 0; from < count; from += 1) {
    if (order[from]! < 0) continue;
    for (const to of successors[from]!) {
      if (leadsBack(shape, from, to)) isLoop[to] = 1;
      // What a table reaches needs a label.
      else forwardWays[to]! += from === dispatcher ? 2 : 1;
    }
  }
  const isMerge = (node: number): boolean => forwardWays[node]! >= 2;
  /** Merge nodes by their immediate dominator, the last in order first. */
  const merges: number[][] = Array.from({ length: count }, () => []);
  for (let node = 0; node < count; node += 1) {
    if (order[node]! >= 0 && node !== entry && isMerge(node)) merges[dominator[node]!]!.push(node);
  }
  for (const list of merges) list.sort((a, b) => order[b]! - order[a]!);

  /** Open labels: a node where leaving it leads, or -1. A loop leads to its own node, a block to what follows it. */
  const labels: number[] = [];
  const depthOf = (node: number): number => labels.length - 1 - labels.lastIndexOf(node);

  const go = (from: number, to: number, ifs: number): void => {
    if (leadsBack(shape, from, to) || isMerge(to)) {
      writer.branch(depthOf(to) + ifs);
      return;
    }
    for (let i = 0; i < ifs; i += 1) labels.push(-1);
    tree(to);
    for (let i = 0; i < ifs; i += 1) labels.pop();
  };
  const within = (node: number, following: readonly number[]): void => {
    const [last, ...others] = following;
    if (last === undefined) {
      if (node === dispatcher) writer.table(successors[node]!.map(depthOf));
      else writer.node(node, (to, ifs) => go(node, to, ifs));
      return;
    }
    writer.openBlock();
    labels.push(last);
    within(node, others);
    labels.pop();
    writer.close();
    tree(last);
  };
  const tree = (node: number): void => {
    if (isLoop[node] === 1) {
      writer.openLoop(node);
      labels.push(node);
    }
    within(node, merges[node]!);
    if (isLoop[node] === 1) {
      labels.pop();
      writer.close();
    }
  };
  tree(entry);
}
