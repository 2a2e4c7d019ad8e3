// What one access after another costs the timing model where generated code cannot answer by itself: patterns of retire records,
// and the ways to take them.
import { decoded } from "../../dist/isa/decode.js";
import { encode, isImmediate } from "../../dist/isa/codec.js";
import { allInstructions } from "../../dist/isa/table.js";
import { Core } from "../../dist/sim/timing/core.js";
import { MemoCore } from "../../dist/sim/timing/memo-core.js";
import { Script } from "../../dist/sim/timing/script.js";
import { stepWord } from "../../dist/sim/timing/step.js";
import { SLOT_WORDS, Slot, slotOf } from "../../dist/sim/timing/transitions.js";
import { packTraits } from "../../dist/sim/timing/traits.js";

export const RAM = 0x8000_0000;
const DATA = RAM + 0x100_0000;
const LINE_BYTES = 64;
const PAGE_BYTES = 4096;
const TAKEN_BACK = 1;

/** A decoded instruction by name and operands; operands not given are 0. */
export function op(name, operands) {
  const form = allInstructions().find((f) => f.insn.name === name);
  const zeros = Object.fromEntries(form.fields.map((field) => [field, isImmediate(field) ? 0n : 0]));
  return decoded(form, encode(form, { ...zeros, ...operands }));
}

/** The one record of an engine, its numbers doubles as they come to be there. */
const record = {
  ...{ insn: undefined, pc: 0.5, fetchPhys: 0.5, nextPc: 0.5, trap: false, flush: false },
  ...{ access: "none", dataVirt: 0.5, dataPhys: 0.5, dataBytes: 8, capability: false },
  ...{ translatedFetch: false, translatedData: false, asid: 0, category: 0, fence: undefined },
};

let random = 12345;
/** A number below `most`, a power of two. */
function below(most) {
  random = Math.imul(random, 1103515245) + 12345;
  return (random >>> 8) & (most - 1);
}

const lineOf = (bytes) => DATA + LINE_BYTES * below(bytes / LINE_BYTES);
/** Three quarters of the second-level cache, which is beyond the first. */
const beyondL1 = ({ l2 }) => (3 * Math.min(l2.sizeBytes, 2 ** 19)) / 4;
const lineBeyondL1 = (config) =>
  DATA + LINE_BYTES * Math.floor(below(2 ** 20) * (beyondL1(config) / LINE_BYTES / 2 ** 20));
/** One line a page, in all sets. */
const pageOf = (pages) => {
  const page = below(pages);
  return DATA + PAGE_BYTES * page + ((LINE_BYTES * page) & (PAGE_BYTES - 1));
};

/** By name: where an access goes, and whether it stores; `again`: a load of the same bytes follows. */
export const PATTERNS = [
  { name: "the same line", address: () => DATA },
  { name: "another way of L1D", address: () => lineOf(2 ** 14) },
  { name: "L1D miss, L2 hit", address: lineBeyondL1 },
  { name: "store that misses, L2 hit", address: lineBeyondL1, store: true },
  { name: "DTLB miss", address: () => pageOf(256), translated: true },
  { name: "DRAM, tag cache", address: () => lineOf(2 ** 25) },
  { name: "store, and load of it", address: () => lineOf(2 ** 12), store: true, again: true },
];

const walk = { entries: [RAM + 0x3000, RAM + 0x4000, 0], pageBits: 12, global: false };
const walks = (virt) => {
  walk.entries[2] = RAM + 0x5000 + (Math.floor((virt - DATA) / PAGE_BYTES) & 4095) * 8;
  return walk;
};

const load = op("ld", { rd: 10, rs1: 2 });
const store = op("sd", { rs1: 2, rs2: 11 });
const uses = [op("add", { rd: 12, rs1: 10, rs2: 12 }), op("xor", { rd: 13, rs1: 12, rs2: 3 })];
const branch = op("bne", { rs1: 13, rs2: 4, imm: -16n });

/** Accesses of a pattern; after each, two instructions that use its value, and a branch back. */
function accesses(pattern) {
  return pattern.again === true ? [store, load] : [pattern.store === true ? store : load];
}

/** A run through `Core` or `MemoCore`: every instruction is a record. */
export function recordRun(Timing, config) {
  const core = new Timing(config, { categories: 1 });
  return (pattern, turns) => {
    const insns = [...accesses(pattern), ...uses, branch];
    for (let i = 0; i < turns; i += 1) {
      record.dataVirt = record.dataPhys = pattern.address(config);
      for (let k = 0; k < insns.length; k += 1) {
        const insn = insns[k];
        record.insn = insn;
        record.pc = record.fetchPhys = RAM + 4 * k;
        record.nextPc = insn === branch ? RAM : record.pc + 4;
        record.access = insn === load ? "load" : insn === store ? "store" : "none";
        record.translatedData = pattern.translated === true;
        core.retire(record, walks);
      }
    }
  };
}

/** A run as generated code makes it: accesses are asked for one by one, the rest is a piece whose transition is looked up. */
export function generatedRun(config) {
  const { generated } = new MemoCore(config, { categories: 1 });
  const { memo, pieces } = generated;
  const script = new Script();
  for (const insn of uses) script.step(stepWord(packTraits(insn), 0, 0));
  script.step(stepWord(packTraits(branch), 0, TAKEN_BACK));
  const piece = memo.script(script, 0);
  const { slots } = memo;
  return (pattern, turns) => {
    const insns = accesses(pattern);
    const words = insns.map((insn) => stepWord(packTraits(insn), 8, 0));
    record.translatedData = pattern.translated === true;
    for (let i = 0; i < turns; i += 1) {
      record.dataVirt = record.dataPhys = pattern.address(config);
      for (let k = 0; k < insns.length; k += 1) {
        record.access = insns[k] === load ? "load" : "store";
        generated.access(words[k], record, walks);
      }
      const state = pieces.state[0];
      const slot = SLOT_WORDS * slotOf(state, piece);
      const known = slots[slot] === state && slots[slot + Slot.script] === piece;
      pieces.take(known ? slot : memo.advance(state, piece, pieces.now));
    }
    return memo.computed;
  };
}

export const WAYS = [
  ["Core", (config) => recordRun(Core, config)],
  ["MemoCore", (config) => recordRun(MemoCore, config)],
  ["generated", generatedRun],
];
