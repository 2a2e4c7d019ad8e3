// How fast the timing model takes records: `npm run build && node test/bench/timing.js [preset]`. Never run in CI, and not under
// vitest, whose rewritten imports make it six times slower. Prints user-CPU nanoseconds a record, the best of some rounds.
import { decoded } from "../../dist/isa/decode.js";
import { encode, isImmediate } from "../../dist/isa/codec.js";
import { allInstructions } from "../../dist/isa/table.js";
import { resolveMachine } from "../../dist/sim/config/machine.js";
import { Core } from "../../dist/sim/timing/core.js";
import { MemoCore } from "../../dist/sim/timing/memo-core.js";

const RAM = 0x8000_0000;
const RECORDS = 1_000_000;
const ROUNDS = 12;

function op(name, operands) {
  const form = allInstructions().find((f) => f.insn.name === name);
  const zeros = Object.fromEntries(form.fields.map((field) => [field, isImmediate(field) ? 0n : 0]));
  return decoded(form, encode(form, { ...zeros, ...operands }));
}

const adds = Array.from({ length: 64 }, (_, i) => op("add", { rd: 1 + (i % 28), rs1: 1 + ((7 * i) % 28), rs2: 3 }));
const branch = op("bne", { rs1: 3, rs2: 4, imm: -64n });
const load = op("ld", { rd: 10, rs1: 2 });
const store = op("sd", { rs1: 2, rs2: 11 });
const noWalk = () => undefined;

const record = {
  ...{ insn: undefined, pc: 0.5, fetchPhys: 0.5, nextPc: 0.5, trap: false, flush: false },
  ...{ access: "none", dataVirt: 0.5, dataPhys: 0.5, dataBytes: 8, capability: false },
  ...{ translatedFetch: false, translatedData: false, asid: 0, category: 0, fence: undefined },
};

/** A loop of 256 instructions; with `memory`, three of eight are loads and stores that walk 16 KiB. */
function loop(core, memory) {
  for (let i = 0; i < RECORDS; i += 1) {
    const slot = i & 255;
    const kind = memory ? i & 7 : 0;
    record.pc = RAM + 4 * slot;
    record.fetchPhys = record.pc;
    record.nextPc = slot === 255 ? RAM : record.pc + 4;
    record.dataPhys = RAM + 0x100000 + ((8 * i) & 0x3fff);
    record.access = kind === 1 || kind === 4 ? "load" : kind === 5 ? "store" : "none";
    if (record.access === "none") record.insn = slot === 255 || kind === 7 ? branch : adds[i & 63];
    else record.insn = record.access === "load" ? load : store;
    core.retire(record, noWalk);
  }
}

/** Loads that miss every cache. */
function chase(core) {
  Object.assign(record, { pc: RAM, fetchPhys: RAM, nextPc: RAM + 4, insn: load, access: "load" });
  let state = 12345;
  for (let i = 0; i < RECORDS; i += 1) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    record.dataPhys = RAM + 0x200000 + ((state >>> 3) & 0x3ffff8);
    core.retire(record, noWalk);
  }
}

const machine = resolveMachine(process.argv[2] === undefined ? {} : { preset: process.argv[2] });
if (machine.kind !== "machine") throw new Error(machine.diagnostics[0].message);
const cases = [
  ["nothing (writing records)", { retire: () => undefined }, (core) => loop(core, true)],
  ["straight ALU code", undefined, (core) => loop(core, false)],
  ["3 of 8 access memory", undefined, (core) => loop(core, true)],
  ["loads that miss", undefined, chase],
];
for (const [name, fake, run] of cases) {
  for (const Timing of fake === undefined ? [Core, MemoCore] : [Object]) {
    const core = fake ?? new Timing(machine.config, { categories: 1 });
    let best = Infinity;
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = process.cpuUsage().user;
      run(core);
      best = Math.min(best, ((process.cpuUsage().user - before) * 1000) / RECORDS);
    }
    process.stdout.write(`${name.padEnd(28)} ${Timing.name.padEnd(9)} ${best.toFixed(1).padStart(7)} ns a record\n`);
  }
}
