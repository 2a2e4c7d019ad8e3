// I1 to I4: no code gains authority. The checker knows the standard's subset relation and the machine's public state, no semantics.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { read, violations, written } from "./derivation.ts";
import { arbHoldings, arbHostileCode, hasLevels, ISAS } from "./hostile.ts";
import { BIT, isTagged, reachable, type Cap } from "./standard.ts";
import { codeCapability, taggedMemory, toCapability, watch, Watched, type State, type Step } from "./watched.ts";

const TIDC = [0x480, 0x580, 0x780];
const [MTVEC, STVEC, MEPC, SEPC] = [0x305, 0x105, 0x341, 0x141];

const unsealed = (c: Cap): Cap => ({ ...c, meta: c.meta & ~BIT.sealed });

/** Where execution may go on: the pcc moved, what a jump names, a vector, or what xepc holds. */
function nextSources({ insn, before, trap }: Step): Cap[] {
  if (trap !== undefined) return [before.csrs.get(MTVEC)!, before.csrs.get(STVEC)!];
  const jumps = insn !== undefined && insn.insn.timing === "jump";
  const named = jumps ? [before.registers[insn.rs1]!, unsealed(before.registers[insn.rs1]!)] : [];
  const returns = insn?.insn.name === "mret" ? [MEPC] : insn?.insn.name === "sret" ? [SEPC] : [];
  return [before.pcc, ...named, ...returns.map((n) => unsealed(before.csrs.get(n)!))];
}

describe.each(ISAS)("%s", (isa) => {
  const arbCase = fc.record({ holdings: arbHoldings(isa), words: arbHostileCode(isa), asr: fc.boolean() });

  test("I1: a capability that an instruction writes is derived from those that it reads", () => {
    fc.assert(
      fc.property(arbCase, ({ holdings, words, asr }) => {
        watch(new Watched(isa, holdings), words, codeCapability(isa, asr ? 0n : BIT.ASR), (step) => {
          expect(violations(written(step), read(step))).toEqual([]);
        });
      }),
      { numRuns: 70 },
    );
  });

  test("I2: the pcc alone takes more: a trap installs the vector, xRET and JALR what they unseal", () => {
    fc.assert(
      fc.property(arbCase, ({ holdings, words, asr }) => {
        watch(new Watched(isa, holdings), words, codeCapability(isa, asr ? 0n : BIT.ASR), (step) => {
          expect(violations([step.after.pcc].filter(isTagged), nextSources(step))).toEqual([]);
        });
      }),
      { numRuns: 40 },
    );
  });

  test("I3: code without ASR reaches after any steps only what it reached at first", () => {
    const roots = (s: State): Cap[] => [...s.registers, s.pcc, ...TIDC.map((n) => s.csrs.get(n)!)];
    const reach = (s: State): Cap[] => reachable(roots(s), taggedMemory(s), hasLevels(isa));
    const mayUnseal = (name: string): boolean => ["jalr", "c.jalr", "c.jr"].includes(name);
    fc.assert(
      fc.property(arbHoldings(isa), arbHostileCode(isa, mayUnseal), (holdings, words) => {
        const watched = new Watched(isa, holdings);
        watched.machine.hart.utidc = toCapability(holdings.registers[0]!);
        const pcc = codeCapability(isa, BIT.ASR | BIT.W | BIT.SL);
        watched.resume(pcc);
        const first = reach(watched.state());
        watch(watched, words, pcc, () => {});
        expect(violations(reach(watched.state()), first)).toEqual([]);
      }),
      { numRuns: 70 },
    );
  });

  test("I4: where nothing is tagged nothing becomes so, but the pcc's own copies", () => {
    const untagged = (c: Cap): Cap => ({ ...c, tag: 0n });
    const linksOrReads = (name: string): boolean => /^(auipc|jalr?|c\.jalr|csr\w+)$/.test(name);
    fc.assert(
      fc.property(arbHoldings(isa), arbHostileCode(isa, linksOrReads), (holdings, words) => {
        const watched = new Watched(isa, {
          registers: holdings.registers.map(untagged),
          memory: holdings.memory.map(([granule, c]) => [granule, untagged(c)]),
        });
        watch(watched, words, codeCapability(isa, BIT.ASR), () => {});
        const { registers, tags } = watched.state();
        expect({ registers: registers.filter(isTagged), tags: tags.indexOf(1) }).toEqual({ registers: [], tags: -1 });
      }),
      { numRuns: 40 },
    );
  });
});
