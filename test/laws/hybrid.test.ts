// I1, I3, I5 and I8 where code switches its pointer mode as it likes, and what Integral Pointer Mode adds to them.
import fc from "fast-check";
import { expect, test } from "vitest";
import { read, violations, written } from "./derivation.ts";
import { arbHoldings, arbHostileCode, HYBRID, type Holdings } from "./hostile.ts";
import { authorises, BIT, equal, has, isSealed, isTagged, reachable, type Cap } from "./standard.ts";
import { codeCapability, taggedMemory, toCapability, watch, Watched, type State, type Step } from "./watched.ts";

const DDC = 0x416;
const TIDC = [0x480, 0x580, 0x780];
const PERMISSIONS = { load: BIT.R, store: BIT.W, atomic: BIT.R | BIT.W } as const;

const isIntegral = ({ pcc }: State): boolean => has(pcc, BIT.P);
const ofRvy = ({ insn }: Step): boolean => ["Y", "Zyhybrid"].some((e) => insn?.insn.ext === e || insn?.insn.with === e);
const jumps = ({ insn }: Step): boolean => ["jalr", "c.jalr", "c.jr"].includes(insn?.insn.name ?? "");

/** A machine in either mode whose ddc is one of the program's own capabilities. */
function hybrid(holdings: Holdings, integral: boolean, without = BIT.ASR): { watched: Watched; pcc: Cap } {
  const watched = new Watched(HYBRID, holdings);
  watched.machine.hart.ddc = toCapability(holdings.registers[9]!);
  const code = codeCapability(HYBRID, without);
  return { watched, pcc: integral ? { ...code, meta: code.meta | BIT.P } : code };
}

function watchAll(look: (step: Step) => void, numRuns: number): void {
  fc.assert(
    fc.property(arbHoldings(HYBRID), arbHostileCode(HYBRID), fc.boolean(), (holdings, words, integral) => {
      const { watched, pcc } = hybrid(holdings, integral);
      watch(watched, words, pcc, look);
    }),
    { numRuns },
  );
}

test("I1: a capability that an instruction writes is derived from those that it reads, in either mode", () => {
  watchAll((step) => expect(violations(written(step), read(step))).toEqual([]), 100);
});

test("I3: code without ASR reaches after any steps and switches only what it reached at first, through ddc too", () => {
  const roots = (s: State): Cap[] => [...s.registers, s.pcc, ...[DDC, ...TIDC].map((n) => s.csrs.get(n)!)];
  const reach = (s: State): Cap[] => reachable(roots(s), taggedMemory(s), false);
  const mayUnseal = (name: string): boolean => ["jalr", "c.jalr", "c.jr"].includes(name);
  fc.assert(
    fc.property(arbHoldings(HYBRID), arbHostileCode(HYBRID, mayUnseal), fc.boolean(), (holdings, words, integral) => {
      const { watched, pcc } = hybrid(holdings, integral, BIT.ASR | BIT.W | BIT.SL);
      watched.resume(pcc);
      const first = reach(watched.state());
      watch(watched, words, pcc, () => {});
      expect(violations(reach(watched.state()), first)).toEqual([]);
    }),
    { numRuns: 70 },
  );
});

test("I5: every byte accessed lies in the capability that rs1 holds, or in Integral Pointer Mode in ddc", () => {
  watchAll(({ insn, before, access, trap }) => {
    if (trap !== undefined || insn === undefined) return;
    expect(authorises(before.pcc, before.pcc.addr, BigInt(insn.bytes), BIT.X)).toBe(true);
    if (access === undefined) return;
    const authority = isIntegral(before) ? before.csrs.get(DDC)! : before.registers[insn.rs1]!;
    expect(authorises(authority, access.address, BigInt(access.bytes), PERMISSIONS[access.kind])).toBe(true);
  }, 100);
});

test("I8: YMODEW of a sealed capability gives no tag", () => {
  watchAll((step) => {
    const { insn, before, after, trap } = step;
    if (insn?.insn.name !== "ymodew" || trap !== undefined || !isSealed(before.registers[insn.rs1]!)) return;
    expect(isTagged(after.registers[insn.rd]!)).toBe(false);
  }, 60);
});

test("the mode changes only by YMODESWY, YMODESWI, JALR of capability mode, a trap and a return", () => {
  watchAll((step) => {
    const { insn, before, after, trap } = step;
    if (trap !== undefined || insn === undefined || ["mret", "sret"].includes(insn.insn.name)) return;
    if (jumps(step) && !isIntegral(before)) return;
    const switched = { ymodeswy: false, ymodeswi: true }[insn.insn.name];
    expect(isIntegral(after)).toBe(switched ?? isIntegral(before));
  }, 60);
});

test("in Integral Pointer Mode no instruction but those of RVY and of Zicsr gives a register a tag", () => {
  watchAll((step) => {
    const { insn, before, after, trap } = step;
    if (trap !== undefined || insn === undefined || !isIntegral(before)) return;
    if (insn.insn.ext === "Zicsr" || ofRvy(step)) return;
    const gained = after.registers.filter((c, r) => isTagged(c) && !equal(c, before.registers[r]!));
    expect(gained).toEqual([]);
  }, 60);
});
