// Machines, instructions and stalls for tests of code that goes through a pipeline.
import fc from "fast-check";
import { stepWord } from "../../../../sim/timing/step.ts";
import { NO_OVERLAP } from "../../../../sim/timing/storebuffer.ts";
import { Class, TRAIT_SHIFT } from "../../../../sim/timing/traits.ts";
import { machine } from "../../timing/harness.ts";

/** Settings that make each way of a pipeline frequent on some machine. */
const choices = fc
  .record({
    "issue.width": fc.constantFrom(1, 2),
    "issue.aluPorts": fc.constantFrom(1, 2),
    "issue.pastTransfers": fc.boolean(),
    "issue.lateAluCycles": fc.constantFrom(0, 0, 2),
    "scoreboard.capCycles": fc.constantFrom(1, 2),
    "scoreboard.mulCycles": fc.constantFrom(1, 5),
    "scoreboard.mulBusyCycles": fc.constantFrom(1, 3),
    "scoreboard.divCycles": fc.constantFrom(1, 20),
    "scoreboard.atomicCycles": fc.constantFrom(0, 3),
    "scoreboard.narrowLoadCycles": fc.constantFrom(0, 1),
    "scoreboard.entries": fc.constantFrom(0, 1, 3, 8),
    "scoreboard.ordersWrites": fc.boolean(),
    "scoreboard.sharedBus": fc.boolean(),
    "storeBuffer.entries": fc.constantFrom(1, 2, 8, 64),
    "storeBuffer.drainCycles": fc.constantFrom(1, 4),
    "storeBuffer.onOverlap": fc.constantFrom("forward", "wait"),
    "frontend.queueEntries": fc.constantFrom(0, 3),
    "frontend.takenCycles": fc.constantFrom(0, 2),
    "l1d.mshrs": fc.constantFrom(0, 4),
    "l1d.hitCycles": fc.constantFrom(0, 2),
    "l1d.portBytes": fc.constantFrom(8, 16, 64),
  })
  .map((values) => Object.entries(values).map(([key, value]) => `${key}=${value}`));

const PRESETS = ["cva6@1", "rocket@1", "u54@1", "server@1"];
export const machines = fc.oneof(
  choices.map((sets) => machine(sets)),
  fc.constantFrom(...PRESETS).map((preset) => machine([], preset)),
);

/** Few registers, so that instructions wait for one another. */
const register = fc.oneof(fc.nat(4), fc.nat(4), fc.nat(31));
const late = fc.oneof(fc.constant(0), fc.constant(0), fc.nat(4), fc.nat(60));
export const instruction = fc.record({
  kind: fc.constant("step" as const),
  timingClass: fc.oneof(fc.constantFrom(Class.alu, Class.load, Class.store), fc.constantFrom(...Object.values(Class))),
  rd: register,
  rs1: register,
  rs2: register,
  dataBytes: fc.constantFrom(0, 1, 2, 4, 8, 8, 8, 16, 64),
  outcome: fc.nat(3),
  translateCycles: late,
  blockedCycles: late,
  overlapAge: fc.oneof(fc.constant(NO_OVERLAP), fc.nat(4), fc.nat(70)),
  accessCycles: late,
  tagCycles: late,
});
export const stall = fc.record({
  kind: fc.constant("stall" as const),
  itlbCycles: late,
  cacheCycles: late,
  tagCycles: late,
});
export type Instruction = typeof instruction extends fc.Arbitrary<infer T> ? T : never;

export function wordOf({ timingClass, rd, rs1, rs2, dataBytes, outcome }: Instruction): number {
  const transfers = timingClass === Class.branch || timingClass === Class.jump;
  const registers = rd | (rs1 << TRAIT_SHIFT.rs1) | (rs2 << TRAIT_SHIFT.rs2);
  const accesses = timingClass >= Class.load && timingClass !== Class.system && timingClass !== Class.fence;
  const traits = registers | (timingClass << TRAIT_SHIFT.class);
  return stepWord(traits, accesses ? dataBytes : 0, transfers ? outcome : 0);
}
