// Zyhybrid: its four instructions, the P-bit in every instruction that sees metadata, and what the pointer mode changes in the rest.
import { describe, expect, test } from "vitest";
import { INTEGRAL, infiniteMeta, maskOf, PERMISSION, SDP, SEALED } from "../../../isa/cap/format.ts";
import { encode, type OperandValues } from "../../../isa/codec.ts";
import { disassemble } from "../../../isa/disasm.ts";
import { allInstructions, decoderFor } from "../../../isa/table.ts";
import { execute, integer, type After, type Before, type Value } from "../../drivers/meaning.ts";

const HYBRID = "rv64y_zyhybrid";
const { X, ASR, R, W, C, LM } = PERMISSION;
/** All authority; P says Integral Pointer Mode, or not. */
const ROOT = infiniteMeta(false);
const root = (addr: bigint, more = 0n): Value => ({ tag: 1n, meta: ROOT | more, addr });
const without = (y: Value, bits: bigint): Value => ({ ...y, meta: y.meta & ~bits });
const sealed = (y: Value): Value => ({ ...y, meta: y.meta | SEALED });
const untagged = (y: Value): Value => ({ ...y, tag: 0n });
/** P without X is a reserved combination (#zyhybrid_clrperm_table). */
const corrupt = (addr: bigint): Value => without(root(addr, INTEGRAL), X | ASR);

const CAPABILITY: Before = { isa: HYBRID, pcc: root(0n) };
const INTEGER: Before = { isa: HYBRID, pcc: root(0n, INTEGRAL) };

/** Executes `name` on x10 (result), x11 and x12, or on the operands given, in Integral Pointer Mode unless told. */
function run(
  name: string,
  registers: NonNullable<Before["registers"]> = {},
  operands: OperandValues = {},
  before: Before = INTEGER,
): After {
  const form = allInstructions().find((f) => f.insn.name === name)!;
  const before_ = { pc: 0x8000_0100n, ...before, registers };
  return execute(encode(form, { rd: 10, rs1: 11, rs2: 12, imm: 0n, ...operands }), before_);
}
const x10 = (after: After): Value | undefined => after.registers.get(10);
const bounded = (addr: bigint, length: bigint, from = root(addr)): Value =>
  x10(run("ybndsw", { 11: { ...from, addr }, 12: length }))!;

describe("an encoding", () => {
  test.each([
    [0x5600007b, "ymodeswy"],
    [0x5610007b, "ymodeswi"],
    [0x56c5857b, "ymodew a0,a1,a2"],
    [0x560000fb, "ymodew ra,zero,zero"],
    [0xf465857b, "ymoder a0,a1"],
    [0xf460007b, "ymoder zero,zero"],
  ])("%i is %s in both modes, and nothing where RVY is disabled or Zyhybrid absent", (word, text) => {
    const name = (isa: string, mode?: "capability" | "integral" | "disabled"): string | undefined => {
      const found = decoderFor(isa, mode)(word);
      return found && disassemble(found).replace("\t", " ");
    };
    expect([name(HYBRID, "capability"), name(HYBRID, "integral"), name(HYBRID)]).toEqual([text, text, text]);
    expect([name(HYBRID, "disabled"), name("rv64y"), name("rv64y_zylevels1"), name("rv64imac")]).toEqual(
      Array(4).fill(undefined),
    );
  });

  test.each([
    ["ymodeswy's with another rs1", 0x5600807b],
    ["ymodeswi's with another rs1", 0x5610807b],
    ["ymodeswi's with rs2 2", 0x5620007b],
    ["ymodew's to x0", 0x56c5807b],
  ])("like %s is reserved, and illegal", (_, word) => {
    for (const mode of ["capability", "integral"] as const) expect(decoderFor(HYBRID, mode)(word)).toBeUndefined();
  });

  test("of 16 bits that RVY took is Zca's again in Integral Pointer Mode and where RVY is disabled", () => {
    const names = (word: number): (string | undefined)[] =>
      (["capability", "integral", "disabled"] as const).map((mode) => decoderFor(HYBRID, mode)(word)?.insn.name);
    expect(names(0x852e)).toEqual(["c.ymv", "c.mv", "c.mv"]);
    expect(names(0x2188)).toEqual(["c.ly", undefined, undefined]); // Zcd's c.fld, which is not implemented
    expect(names(0xa188)).toEqual(["c.sy", undefined, undefined]);
    expect(names(0x2502)).toEqual(["c.lysp", undefined, undefined]);
    expect(names(0xa02a)).toEqual(["c.sysp", undefined, undefined]);
    expect(names(0x6188)).toEqual(["c.ld", "c.ld", "c.ld"]);
  });

  test("of 32 bits is RVY's in both modes, and nothing where RVY is disabled", () => {
    const rvy = allInstructions().filter((f) => f.bytes === 4 && (f.insn.ext === "Y" || f.insn.with === "Y"));
    expect(rvy.length).toBeGreaterThan(30);
    for (const form of rvy) {
      const word = encode(form, { rd: 1, rs1: 2, rs2: 3 });
      const names = (["capability", "integral", "disabled"] as const).map(
        (m) => decoderFor(HYBRID, m)(word)?.insn.name,
      );
      expect(names).toEqual([form.insn.name, form.insn.name, undefined]);
    }
  });

  test("of another extension is there whether RVY is enabled or not", () => {
    for (const name of ["lr.b", "amoadd.w", "sh1add", "cbo.zero", "csrrw", "mul"]) {
      const word = encode(
        allInstructions().find((f) => f.insn.name === name)!,
        { rd: 1, rs1: 2, rs2: 3, csr: 0x340 },
      );
      expect(decoderFor(HYBRID, "disabled")(word)?.insn.name).toBe(name);
    }
  });
});

describe("YMODEW", () => {
  const written = (y: Value, mode: bigint, before = INTEGER): Value | undefined =>
    x10(run("ymodew", { 11: y, 12: mode }, {}, before));

  test.each([
    ["Integral Pointer Mode", INTEGER],
    ["Capability Pointer Mode", CAPABILITY],
  ])("sets P to the lowest bit of rs2 where X is granted, in %s", (_, before) => {
    expect(written(root(0x1234n), 1n, before)).toEqual(root(0x1234n, INTEGRAL));
    expect(written(root(0x1234n, INTEGRAL), 0n, before)).toEqual(root(0x1234n));
    expect(written(root(0x1234n), -1n, before)).toEqual(root(0x1234n, INTEGRAL));
    expect(written(root(0x1234n, INTEGRAL), -2n, before)).toEqual(root(0x1234n));
  });

  test("copies a capability without X", () => {
    expect(written(without(root(8n), X | ASR), 1n)).toEqual(without(root(8n), X | ASR));
  });

  test("takes the tag of a sealed capability, whose P stays", () => {
    expect(written(sealed(root(8n)), 1n)).toEqual(untagged(sealed(root(8n))));
    expect(written(sealed(root(8n, INTEGRAL)), 0n)).toEqual(untagged(sealed(root(8n, INTEGRAL))));
    expect(written(sealed(root(8n)), 0n)).toEqual(untagged(sealed(root(8n))));
  });

  test("takes the tag of a corrupt capability, whose P stays", () => {
    expect(written(corrupt(8n), 0n)).toEqual(untagged(corrupt(8n)));
    const reserved = root(8n, 1n << 59n);
    expect(written(reserved, 1n)).toEqual(untagged(reserved));
  });

  test("does not ask for a tag", () => {
    expect(written(untagged(root(8n)), 1n)).toEqual(untagged(root(8n, INTEGRAL)));
  });
});

describe("YMODER", () => {
  test.each([
    ["P", root(8n, INTEGRAL), 1n],
    ["P of a sealed capability", sealed(root(8n, INTEGRAL)), 1n],
    ["P without a tag", untagged(root(8n, INTEGRAL)), 1n],
    ["0 where P is 0", root(8n), 0n],
    ["0 without X", corrupt(8n), 0n],
    ["0 for a corrupt capability", root(8n, INTEGRAL | (1n << 59n)), 0n],
    ["0 for NULL", integer(0n), 0n],
  ])("gives %s", (_, y, mode) => {
    expect(x10(run("ymoder", { 11: y }))).toEqual(integer(mode));
    expect(x10(run("ymoder", { 11: y }, {}, CAPABILITY))).toEqual(integer(mode));
  });
});

describe("YMODESWY and YMODESWI", () => {
  const code = bounded(0x8000_0000n, 0x1000n);

  test("go on at the next instruction with the other P in a pcc that is else the same", () => {
    const pcc = { ...INTEGER, pcc: { ...code, meta: code.meta | INTEGRAL } };
    expect(run("ymodeswy", {}, {}, pcc).target).toEqual({ ...code, addr: 0x8000_0104n });
    const cap = { ...CAPABILITY, pcc: code };
    expect(run("ymodeswi", {}, {}, cap).target).toEqual({ tag: 1n, meta: code.meta | INTEGRAL, addr: 0x8000_0104n });
  });

  test("do nothing where the mode is theirs already", () => {
    const nothing: After = { registers: new Map(), target: undefined, trap: undefined, effects: [] };
    expect(run("ymodeswy", {}, {}, CAPABILITY)).toEqual(nothing);
    expect(run("ymodeswi", {}, {}, INTEGER)).toEqual(nothing);
  });
});

describe("the P-bit", () => {
  const cleared = (y: Value, mask: bigint): Value | undefined => x10(run("ypermc", { 11: y, 12: mask }));
  const X_BIT = 1n << 17n;

  test("goes with X in YPERMC, and with nothing else", () => {
    expect(cleared(root(8n, INTEGRAL), X_BIT)).toEqual(without(root(8n, INTEGRAL), X | ASR | INTEGRAL));
    expect(cleared(root(8n, INTEGRAL), 0xff_ffffn & ~X_BIT)).toEqual(
      without(root(8n, INTEGRAL), R | W | C | LM | ASR | maskOf(SDP)),
    );
    expect(cleared(root(8n, INTEGRAL), 0n)).toEqual(root(8n, INTEGRAL));
  });

  test("is no permission that YPERMR shows", () => {
    const shown = (y: Value): Value | undefined => x10(run("ypermr", { 11: y }));
    expect(shown(root(8n, INTEGRAL))).toEqual(shown(root(8n)));
  });

  test("without X is corrupt, and without Zyhybrid reserved", () => {
    const built = (y: Value, isa: string): bigint | undefined =>
      x10(run("ybld", { 11: root(0n), 12: untagged(y) }, {}, { isa }))?.tag;
    expect([built(root(8n, INTEGRAL), HYBRID), built(corrupt(8n), HYBRID)]).toEqual([1n, 0n]);
    expect([built(root(8n), "rv64y"), built(root(8n, INTEGRAL), "rv64y")]).toEqual([1n, 0n]);
  });

  test("is no part of the subset relation: each mode is a subset of the other", () => {
    for (const [a, b] of [
      [root(8n), root(8n, INTEGRAL)],
      [root(8n, INTEGRAL), root(8n)],
    ] as const) {
      expect(x10(run("yss", { 11: a, 12: b }))).toEqual(integer(1n));
      expect(x10(run("ybld", { 11: a, 12: untagged(b) }))).toEqual(b);
      expect(x10(run("ysunseal", { 11: a, 12: sealed(b) }))).toEqual(b);
    }
  });

  test("is compared by YEQ, kept by YSENTRY, YADDI, YBNDSW and JALR, shown by SRLIY", () => {
    const y = root(0x1000n, INTEGRAL);
    expect(x10(run("yeq", { 11: y, 12: root(0x1000n) }))).toEqual(integer(0n));
    expect(x10(run("ysentry", { 12: y }))).toEqual(sealed(y));
    expect(x10(run("yaddi", { 11: y }, { imm: 8n }))).toEqual({ ...y, addr: 0x1008n });
    expect(bounded(0x1000n, 64n, y).meta & INTEGRAL).toBe(INTEGRAL);
    expect(x10(run("srliy", { 11: y }))).toEqual(integer(y.meta));
    expect(run("jalr", { 11: sealed(y) }, {}, CAPABILITY).target).toEqual(y);
  });

  test("of a capability loaded through an authority without LM stays where X does", () => {
    const through = { ...CAPABILITY, memory: root(8n, INTEGRAL) };
    const authority = without(root(0x1000n), LM);
    expect(x10(run("ly", { 11: authority }, {}, through))).toEqual(without(root(8n, INTEGRAL), W | LM));
  });
});

describe("in Integral Pointer Mode", () => {
  test("AUIPC gives an integer", () => {
    expect(x10(run("auipc", {}, { imm: 0x1000n }))).toEqual(integer(0x8000_1100n));
    expect(x10(run("auipc", {}, { imm: 0x1000n }, CAPABILITY))).toEqual(root(0x8000_1100n));
  });

  test("JAL and JALR link an integer and stay under the pcc, sealed target or not", () => {
    const link = { 1: integer(0x8000_0104n) };
    const stays = root(0x2000n, INTEGRAL);
    const jal = run("jal", {}, { rd: 1, imm: 8n });
    expect([jal.target, Object.fromEntries(jal.registers)]).toEqual([root(0x8000_0108n, INTEGRAL), link]);
    for (const target of [integer(0x2000n), root(0x2000n), sealed(root(0x2000n))]) {
      const jalr = run("jalr", { 11: target }, { rd: 1 });
      expect([jalr.target, Object.fromEntries(jalr.registers)]).toEqual([stays, link]);
    }
    expect(run("jalr", { 11: 0x2001n }, { imm: 2n }).target?.addr).toBe(0x2002n);
  });

  test("c.mv, c.addi4spn and c.addi16sp give integers", () => {
    const y = root(0x1000n);
    const registers = { 2: y, 12: y };
    const results = (before: Before): unknown[] => [
      x10(run("c.addi4spn", registers, { uimm: 16n }, before)),
      run("c.addi16sp", registers, { imm: 32n }, before).registers.get(2),
    ];
    expect(x10(run("c.mv", registers))).toEqual(integer(0x1000n));
    expect(x10(run("c.ymv", registers, {}, CAPABILITY))).toEqual(y);
    expect(results(INTEGER)).toEqual([integer(0x1010n), integer(0x1020n)]);
    expect(results(CAPABILITY)).toEqual([root(0x1010n), root(0x1020n)]);
  });

  test("instructions of RVY compute with capabilities as ever", () => {
    expect(x10(run("yaddi", { 11: root(8n) }, { imm: 8n }))).toEqual(root(16n));
    expect(x10(run("ytagr", { 11: root(8n) }))).toEqual(integer(1n));
  });
});

describe("an access in Integral Pointer Mode", () => {
  const ddc = bounded(0x1000n, 0x100n);
  const by = (authority: Value): Before => ({ ...INTEGER, ddc: authority });
  const fault = (name: string, addr: bigint, authority = ddc): After["trap"] =>
    run(name, { 11: addr }, {}, by(authority)).trap;

  const ACCESSES: readonly (readonly [name: string, bytes: bigint, cause: number, needs: bigint])[] = [
    ["lb", 1n, 33, R],
    ["ld", 8n, 33, R],
    ["ly", 16n, 33, R],
    ["sb", 1n, 34, W],
    ["sd", 8n, 34, W],
    ["sy", 16n, 34, W],
    ["lr.w", 4n, 33, R],
    ["sc.d", 8n, 34, W],
    ["lr.y", 16n, 33, R],
    ["sc.y", 16n, 34, W],
    ["amoadd.d", 8n, 34, R | W],
    ["amoswap.y", 16n, 34, R | W],
    ["c.ld", 8n, 33, R],
    ["c.sw", 4n, 34, W],
    ["cbo.zero", 64n, 34, W],
    ["cbo.inval", 64n, 34, R | W],
  ];

  test.each(ACCESSES)("%s must lie within ddc's bounds to its last byte", (name, bytes, cause) => {
    expect([fault(name, 0x1000n), fault(name, 0x1100n - bytes)]).toEqual([undefined, undefined]);
    const below = 0x1000n - bytes;
    expect(fault(name, below)).toEqual({ cause, tval: below });
    expect(fault(name, 0x1100n)).toEqual({ cause, tval: 0x1100n });
    // A cache block is addressed by any of its bytes.
    const straddling = 0x1101n - bytes;
    if (!name.startsWith("cbo")) expect(fault(name, straddling)).toEqual({ cause, tval: straddling });
  });

  test.each(ACCESSES)("%s needs ddc tagged, unsealed and intact, and the permission", (name, _, cause, needs) => {
    const refused = { cause, tval: 0x1000n };
    for (const authority of [untagged(ddc), sealed(ddc), { ...ddc, meta: ddc.meta | (1n << 59n) }, integer(0x1000n)])
      expect(fault(name, 0x1000n, authority)).toEqual(refused);
    const permissions = [R, W].filter((p) => (needs & p) !== 0n);
    const stripped = (p: bigint): Value => without(ddc, p === R ? R | LM : p);
    for (const p of permissions) expect(fault(name, 0x1000n, stripped(p))).toEqual(refused);
    for (const p of [R, W, C, X | ASR].filter((bit) => (needs & bit) === 0n))
      expect(fault(name, 0x1000n, without(ddc, p === R || p === C ? p | LM : p))).toBeUndefined();
  });

  test("asks nothing of the register that holds the address, x0 among them", () => {
    const nowhere = bounded(0x9000n, 16n);
    expect(run("lb", { 11: sealed({ ...nowhere, addr: 0x1000n }) }, {}, by(ddc)).trap).toBeUndefined();
    const low = by(bounded(0n, 0x100n));
    for (const name of ["lw", "sw", "ly", "sy", "amoadd.w", "cbo.zero"])
      expect(run(name, {}, { rs1: 0 }, low).trap).toBeUndefined();
    expect(run("lw", {}, { rs1: 0, imm: 252n }, low).effects).toEqual([{ kind: "load", addr: 252n, bytes: 4 }]);
    expect(run("lw", {}, { rs1: 0, imm: -4n }, low).trap).toEqual({ cause: 33, tval: 0xffff_ffff_ffff_fffcn });
  });

  test("of ddc in Capability Pointer Mode there is none", () => {
    const registers = { 11: root(0x9000n) };
    expect(run("ld", registers, {}, { ...CAPABILITY, ddc }).trap).toBeUndefined();
    expect(run("ld", { 11: 0x1000n }, {}, { ...CAPABILITY, ddc }).trap).toEqual({ cause: 33, tval: 0x1000n });
    expect(run("ld", {}, { rs1: 0 }, { ...CAPABILITY, ddc }).trap).toEqual({ cause: 33, tval: 0n });
  });

  test("moves tags, and W and LM, as ddc permits it", () => {
    const memory = root(0x40n);
    const loaded = (authority: Value): Value | undefined =>
      x10(run("ly", { 11: 0x1000n }, {}, { ...by(authority), memory }));
    expect(loaded(ddc)).toEqual(memory);
    expect(loaded(without(ddc, C | LM))).toEqual(untagged(memory));
    expect(loaded(without(ddc, LM))).toEqual(without(memory, W | LM));
    const storedTag = (authority: Value): unknown =>
      run("sy", { 11: root(0x1000n), 12: memory }, {}, by(authority)).effects.map((e) =>
        e.kind === "store" ? (e.value as Value).tag : undefined,
      );
    expect([storedTag(ddc), storedTag(without(ddc, C | LM))]).toEqual([[1n], [0n]]);
    const swapped = run("amoswap.y", { 11: 0x1000n, 12: memory }, {}, { ...by(without(ddc, LM)), memory });
    expect(x10(swapped)).toEqual(without(memory, W | LM));
  });

  test("to a misaligned capability faults for ddc first, then for alignment", () => {
    expect(fault("ly", 0x1008n)).toEqual({ cause: 5, tval: 0x1008n });
    expect(fault("sy", 0x1008n)).toEqual({ cause: 7, tval: 0x1008n });
    expect(fault("ly", 0x10f8n)).toEqual({ cause: 33, tval: 0x10f8n });
    expect(fault("sc.y", 0x10f8n)).toEqual({ cause: 34, tval: 0x10f8n });
  });

  test("of cbo.clean and cbo.flush needs one byte of the block within ddc's bounds", () => {
    for (const name of ["cbo.clean", "cbo.flush"]) {
      const small = bounded(0x1030n, 8n);
      expect([fault(name, 0x1000n, small), fault(name, 0x103fn, small)]).toEqual([undefined, undefined]);
      expect(fault(name, 0x1044n, small)).toEqual({ cause: 34, tval: 0x1044n });
    }
  });

  test("local capabilities need SL in ddc, and LG there to stay global, with Zylevels1", () => {
    const levels = (bits = 0n): Value => ({ tag: 1n, meta: infiniteMeta(true) & ~bits, addr: 0x1000n });
    const isa = `${HYBRID}_zylevels1`;
    const at = (authority: Value): Before => ({ isa, ddc: authority, memory: levels() });
    const global = 1n << 43n;
    const local = levels(global);
    const stored = run("sy", { 11: 0x1000n, 12: local }, {}, at(levels(PERMISSION.SL)));
    expect(stored.effects).toEqual([{ kind: "store", addr: 0x1000n, bytes: 16, value: untagged(local) }]);
    expect(x10(run("ly", { 11: 0x1000n }, {}, at(levels(PERMISSION.LG))))).toEqual(levels(global | PERMISSION.LG));
    expect(x10(run("ly", { 11: 0x1000n }, {}, at(levels())))).toEqual(levels());
  });
});
