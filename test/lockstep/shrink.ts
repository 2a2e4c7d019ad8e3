// Shrinks a program that fails to a few lines: fewer instructions, plainer registers, no data.
import { instruction } from "../arbitrary/frame.ts";
import type { Program } from "../arbitrary/program.ts";
import { NULL, type Cap } from "../model/capability.ts";

const NOP = instruction("addi", { rd: 0, rs1: 0, imm: 0n });
const SHORT_NOP = instruction("c.nop");
const isNop = (word: number): boolean => word === NOP || word === SHORT_NOP;

/** The smallest program found that still fails; `fails` is asked at most some thousand times. */
export function shrink(program: Program, fails: (candidate: Program) => boolean): Program {
  let best = program;
  for (let before = -1; before !== size(best);) {
    before = size(best);
    best = withLess(best, fails);
    best = withoutInstructions(best, fails);
    best = withNops(best, fails);
    best = withPlainRegisters(best, fails);
  }
  return best;
}

function size(p: Program): number {
  const plain = (a: Cap): boolean => a.addr === 0n && a.high === 0 && a.low === 0;
  return (
    p.body.length * 1000 +
    p.body.filter((w) => !isNop(w)).length * 100 +
    p.settings.length +
    p.presets.filter((r) => !plain(r)).length
  );
}

/** The first of these changes that keeps it failing, each in turn. */
function withLess(program: Program, fails: (p: Program) => boolean): Program {
  const changes: readonly ((p: Program) => Program)[] = [
    (p) => ({ ...p, data: new Uint8Array(p.data.length) }),
    ...program.settings.map((setting) => (p: Program) => ({ ...p, settings: p.settings.filter((s) => s !== setting) })),
  ];
  return changes.reduce((best, change) => (fails(change(best)) ? change(best) : best), program);
}

/** Takes out runs of instructions, long ones first. */
function withoutInstructions(program: Program, fails: (p: Program) => boolean): Program {
  let best = program;
  for (let length = Math.ceil(best.body.length / 2); length >= 1; length = Math.floor(length / 2)) {
    // Windows overlap, as two short instructions may go where one may not.
    const stride = Math.ceil(length / 2);
    for (let at = best.body.length - length; at >= 0; at -= stride) {
      const candidate = { ...best, body: best.body.filter((_, i) => i < at || i >= at + length) };
      if (fails(candidate)) best = candidate;
    }
  }
  return best;
}

/** Where an instruction cannot go, since a branch spans it, it may do nothing. */
function withNops(program: Program, fails: (p: Program) => boolean): Program {
  let best = program;
  for (const [i, word] of program.body.entries()) {
    if (isNop(word)) continue;
    const nop = (word & 3) === 3 ? NOP : SHORT_NOP;
    const candidate = { ...best, body: best.body.map((w, n) => (n === i ? nop : w)) };
    if (fails(candidate)) best = candidate;
  }
  return best;
}

function withPlainRegisters(program: Program, fails: (p: Program) => boolean): Program {
  let best = program;
  for (const r of program.presets.keys()) {
    const candidate = { ...best, presets: best.presets.map((p, n) => (n === r ? NULL : p)) };
    if (fails(candidate)) best = candidate;
  }
  return best;
}
