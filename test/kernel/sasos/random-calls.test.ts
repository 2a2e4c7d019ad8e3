// Random trees of calls, some of which fault, under random ticks: every caller finds its own state, whatever happened below.
import fc from "fast-check";
import { expect, test } from "vitest";
import { ERRORS } from "../../../kernel/abi.ts";
import { World, type TestCompartment } from "./world.ts";

interface Node {
  readonly compartment: number;
  readonly faults: boolean;
  readonly children: readonly Node[];
}

const COMPARTMENTS = ["a", "b", "c"];
const MOST_NODES = 60;

const DEPTH = 5;

const arbTree = fc.memo((depth): fc.Arbitrary<Node> =>
  fc.record({
    compartment: fc.nat({ max: COMPARTMENTS.length - 1 }),
    faults: fc.nat({ max: 4 }).map((n) => n === 0),
    children: depth > 1 ? fc.array(arbTree(), { maxLength: 3 }) : fc.constant([]),
  }),
);

/** Nodes in preorder: a node's number is its place. */
const flatten = (node: Node): Node[] => [node, ...node.children.flatMap(flatten)];

/** What a node returns: its number and what its callees returned, or the error if it faults at its end. */
function expected(node: Node, numbers: ReadonlyMap<Node, number>): bigint {
  const sum = node.children.reduce((total, child) => total + expected(child, numbers), BigInt(numbers.get(node)!));
  return node.faults ? BigInt(-ERRORS.fault) : sum;
}

/** Code of one node: keeps a number and a capability in saved registers across its calls, and looks whether they are there. */
function nodeCode(node: Node, numbers: ReadonlyMap<Node, number>): string {
  const number = numbers.get(node)!;
  const calls = node.children.map((child) => `li a0, ${numbers.get(child)}; CALL ${child.compartment}; add s1, s1, a0`);
  return `
node_${number}:
        yaddi   sp, sp, -32
        sy      ra, 0(sp)
        li      s1, ${number}
        li      s11, ${number * 1000 + 7}
        yaddi   s5, gp, ${(number % 64) * 16}
        ${calls.join("\n        ")}
        li      t0, ${number * 1000 + 7}
        bne     s11, t0, lost
        yaddi   t0, gp, ${(number % 64) * 16}
        yeq     t0, t0, s5
        beqz    t0, lost
        ${node.faults ? "sd s1, 0(s1)" : "mv a0, s1"}
        ly      ra, 0(sp)
        yaddi   sp, sp, 32
        ret`;
}

function compartment(index: number, nodes: readonly Node[], numbers: ReadonlyMap<Node, number>): TestCompartment {
  const own = nodes.filter((n) => n.compartment === index);
  const dispatch = own.map((n) => `li t0, ${numbers.get(n)}; beq a0, t0, node_${numbers.get(n)}`).join("\n");
  const code = `service_entry:\n${dispatch}\nlost: li a0, 1 << 40; ret\n${own.map((n) => nodeCode(n, numbers)).join("\n")}`;
  return { name: COMPARTMENTS[index]!, code, imports: COMPARTMENTS, stackBytes: 64 * (index + 1) };
}

test("every caller keeps its saved registers, sp and gp, and sums what its callees returned", () => {
  fc.assert(
    fc.property(arbTree(DEPTH), fc.constantFrom(0, 211, 307, 1009), (root, tickCycles) => {
      const nodes = flatten(root);
      fc.pre(nodes.length <= MOST_NODES);
      const numbers = new Map(nodes.map((n, i) => [n, i + 1]));
      const client = {
        name: "client",
        imports: COMPARTMENTS,
        code: `client_start: li a0, 1; CALL ${root.compartment}; sd a0, FREE(gp); EXIT`,
      };
      const services = COMPARTMENTS.map((_, i) => compartment(i, nodes, numbers));
      const world = new World([client, ...services], { tickCycles }).runToEnd();
      expect(BigInt.asIntN(64, world.free("client"))).toBe(expected(root, numbers));
      expect(Number(world.word(world.symbol("fault_count")))).toBe(nodes.filter((n) => n.faults).length);
      const idle = { base: world.stack.base, bytes: world.stack.bytes - 256 };
      expect(world.bytes(idle).every((byte) => byte === 0)).toBe(true);
    }),
    { numRuns: 15 },
  );
});
