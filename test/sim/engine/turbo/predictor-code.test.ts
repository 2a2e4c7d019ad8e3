// The code of the branch predictor does what the predictor does: random transfers, both on memories of their own.
import fc from "fast-check";
import { expect, test } from "vitest";
import { BRANCHES_BYTES, BranchTable } from "../../../../sim/engine/turbo/branch-table.ts";
import { instantiate } from "../../../../sim/engine/turbo/host.ts";
import { predictorCode, rememberTargetFunction } from "../../../../sim/engine/turbo/parts/predictor.ts";
import { Functions } from "../../../../sim/engine/turbo/terms.ts";
import { encodeModule, I32, I64 } from "../../../../sim/engine/turbo/wasm.ts";
import { linearStorage } from "../../../../sim/timing/part.ts";
import { BranchPredictor } from "../../../../sim/timing/predictor/predictor.ts";
import { Class, packTraits, traitClass } from "../../../../sim/timing/traits.ts";
import { machine, op, RAM } from "../../timing/harness.ts";

const PAGES = 2;
const PARTS_AT = 16384;
/** Of which the low 48 bits count. */
const KERNEL = 0xffff_ffc0_0000_0000n;

const configs = fc
  .record({
    direction: fc.constantFrom("static", "bimodal", "gshare"),
    entries: fc.constantFrom(8, 64),
    counterBits: fc.constantFrom(1, 2, 8),
    historyBits: fc.constantFrom(1, 3),
    cold: fc.constantFrom("not-taken", "backward-taken"),
    granuleBytes: fc.constantFrom(2, 4),
    sets: fc.constantFrom(1, 4),
    btbWays: fc.constantFrom(1, 2, 3),
    btbHolds: fc.constantFrom("all", "indirect"),
    rasEntries: fc.constantFrom(0, 1, 3),
  })
  .map(({ sets, ...rest }) => ({ ...rest, btbEntries: sets * rest.btbWays }))
  .map((values) => Object.entries(values).map(([key, value]) => `predictor.${key}=${value}`));

const link = fc.constantFrom(0, 1, 5, 6);
const transfers = fc.array(
  fc.record({
    insn: fc.oneof(
      fc.constantFrom(-8n, 8n).map((imm) => op("beq", { rs1: 1, imm })),
      link.map((rd) => op("jal", { rd })),
      fc.record({ rd: link, rs1: link }).map((registers) => op("jalr", registers)),
    ),
    at: fc.nat(9),
    to: fc.oneof(fc.constant(-1), fc.nat(5)),
  }),
  { minLength: 40, maxLength: 150 },
);

test("a transfer's outcome in code is that of the predictor, and so is what is remembered, after every one", () => {
  fc.assert(
    fc.property(configs, fc.boolean(), transfers, (sets, high, stream) => {
      const { predictor: config } = machine(sets);
      const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
      const own = { buffer: new ArrayBuffer(PAGES << 16) };
      const [storage, ownStorage] = [linearStorage(memory, PARTS_AT), linearStorage(own, PARTS_AT)];
      const [ours, theirs] = [new BranchPredictor(config, storage), new BranchPredictor(config, ownStorage)];
      const states = [memory, own].map(({ buffer }) => new Uint8Array(buffer, PARTS_AT, storage.end - PARTS_AT));
      const resolve = codeOf(ours, memory);
      const base = high ? KERNEL : BigInt(RAM);
      for (const { insn, at, to } of stream) {
        const traits = packTraits(insn);
        const pc = base + BigInt(2 * at);
        const next = pc + 4n;
        const target = to < 0 ? next : base + BigInt(4 * to);
        const [pc48, next48, target48] = [pc, next, target].map((a) => Number(BigInt.asUintN(48, a)));
        const wanted = theirs.resolve(traits, pc48!, next48!, target48!);
        expect(resolve(traits, pc, next, target)).toBe(wanted);
        expect(Buffer.compare(states[0]!, states[1]!)).toBe(0);
      }
    }),
    { numRuns: 200 },
  );
});

type Resolve = (traits: number, pc: bigint, next: bigint, target: bigint) => number;

function codeOf(predictor: BranchPredictor, memory: WebAssembly.Memory): Resolve {
  const tables = linearStorage(memory, PARTS_AT - BRANCHES_BYTES);
  const branches = new BranchTable(tables, predictor.fastPath.direction, 3);
  const module = new Functions();
  const code = predictorCode(module, predictor.layout, branches, rememberTargetFunction(module));
  for (const name of ["branch", "jump"] as const) {
    module.define([I32, I64, I64, I64], I32, (_, ...transfer) => code[name](...transfer), name);
  }
  const bytes = encodeModule({ imports: [], functions: module.functions, memoryPages: PAGES });
  const { branch, jump } = instantiate(bytes, { memory }).exports as unknown as Record<"branch" | "jump", Resolve>;
  return (traits, ...addresses) => (traitClass(traits) === Class.branch ? branch : jump)(traits, ...addresses);
}
