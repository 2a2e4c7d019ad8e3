// What is said of a divergence, and what is kept of it in test/regress.
import { disassemble } from "../../isa/disasm.ts";
import { csrName } from "../../isa/csr.ts";
import { decoderFor } from "../../isa/table.ts";
import type { Program } from "../arbitrary/program.ts";
import { metaOf, type Cap } from "../model/capability.ts";
import { readCsr } from "../model/csr.ts";
import type { Model } from "../model/model.ts";
import { bodyText } from "./assembly.ts";
import type { Contest } from "./contests.ts";
import type { Divergence } from "./lockstep.ts";
import { shrink } from "./shrink.ts";

const STATE_CSRS = [0x300, 0x341, 0x342, 0x343, 0x141, 0x142, 0x143];

/** A failing program made small, and where it fails: the same thing must go on to differ. */
export function minimise(
  contest: Contest,
  program: Program,
  index: number,
): { program: Program; divergence: Divergence } {
  const divergence = (p: Program): Divergence | undefined => contest.hold(p, index, true).divergence;
  const what = divergence(program)?.what;
  if (what === undefined)
    throw new Error("the divergence does not come again on a new machine: restarting is at fault");
  const small = shrink(program, (p) => divergence(p)?.what === what);
  return { program: small, divergence: divergence(small)! };
}

/** A divergence in lines: what differs at which instruction, and the program. */
export function describe(program: Program, d: Divergence): string[] {
  const after = d.word === undefined ? "the portion that begins" : `"${wordText(program, d.word)}"`;
  return [
    `${d.what} differs after ${after} at 0x${d.pc.toString(16)}, step ${d.step}`,
    `engine: ${d.engine}`,
    `model:  ${d.model}`,
    ...bodyText(program).map((line) => `    ${line.replace("\t", " ")}`),
  ];
}

function wordText(program: Program, word: number): string {
  const decoded = decoderFor(program.isa)(word);
  return decoded === undefined ? `word 0x${word.toString(16)}` : disassemble(decoded).replace("\t", " ");
}

/** The state at the end of a run, as test/regress keeps it: pc, registers that are not NULL, what the last traps left. */
export function finalState(model: Model): string {
  const cap = (c: Cap): string => `${c.tag ? 1 : 0} 0x${metaOf(c).toString(16)} 0x${c.addr.toString(16)}`;
  const isNull = (y: Cap): boolean => !y.tag && y.high === 0 && y.low === 0 && y.addr === 0n;
  const registers = model.y.flatMap((y, r) => (isNull(y) ? [] : [`x${r} ${cap(y)}`]));
  const csrs = STATE_CSRS.map((n) => `${csrName(n)} ${cap(readCsr(model, n))}`);
  return `${[`pc ${cap(model.pcc)}`, ...registers, ...csrs].join("\n")}\n`;
}
