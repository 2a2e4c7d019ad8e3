// RVY: encodings as the standard's own script prints them, and the corners that its pages describe in words.
import { describe, expect, test } from "vitest";
import { encode, type OperandValues } from "../../../isa/codec.ts";
import { GLOBAL, infiniteMeta, PERMISSION, SEALED } from "../../../isa/cap/format.ts";
import { CAUSE } from "../../../isa/cause.ts";
import { disassemble } from "../../../isa/disasm.ts";
import { allInstructions, decoderFor } from "../../../isa/table.ts";
import { execute, integer, type After, type Before, type Value } from "../../drivers/meaning.ts";

const { C, W, R, LM, LG, SL } = PERMISSION;
const INFINITE = infiniteMeta(false);
const LEVELS = "rv64y_zylevels1";

const infinite = (addr: bigint, without = 0n): Value => ({ tag: 1n, meta: INFINITE & ~without, addr });
const global = (addr: bigint, without = 0n): Value => ({ tag: 1n, meta: infiniteMeta(true) & ~without, addr });
const sealed = (y: Value): Value => ({ ...y, meta: y.meta | SEALED });
const untagged = (y: Value): Value => ({ ...y, tag: 0n });

/** Executes `name` on x10 (result), x11 and x12, or on the operands given. */
function run(name: string, registers: Before["registers"], operands: OperandValues = {}, before: Before = {}): After {
  const form = allInstructions().find((f) => f.insn.name === name)!;
  return execute(encode(form, { rd: 10, rs1: 11, rs2: 12, ...operands }), { ...before, registers: registers ?? {} });
}

const x10 = (after: After): Value | undefined => after.registers.get(10);

/** `capability` with bounds [addr, addr + length). */
const bounded = (addr: bigint, length: bigint, from = infinite(addr)): Value =>
  x10(run("ybndsw", { 11: { ...from, addr }, 12: length }, {}, { isa: from.meta & GLOBAL ? LEVELS : "rv64y" }))!;

describe("an RVY encoding", () => {
  test.each([
    [0x062081fb, "yadd gp,ra,sp"],
    [0x060081fb, "ymv gp,ra"],
    [0x0010c1fb, "yaddi gp,ra,1"],
    [0xe010d1fb, "ybndswi gp,ra,1"],
    [0xe000d1fb, "ybndswi gp,ra,4096"],
    [0xf000d1fb, "ybndswi gp,ra,256"],
    [0xf100d1fb, "ybndswi gp,ra,264"],
    [0xffe0d1fb, "ybndswi gp,ra,4064"],
    [0x000091fb, "ly gp,0(ra)"],
    [0x0030a07b, "sy gp,0(ra)"],
    [0x081131fb, "amoswap.y gp,ra,(sp)"],
    [0x100131fb, "lr.y gp,(sp)"],
    [0x181131fb, "sc.y gp,ra,(sp)"],
    [0x1600007b, "yaddrw zero,zero,zero"],
    [0x2600007b, "ypermc zero,zero,zero"],
    [0x3600007b, "ybndsw zero,zero,zero"],
    [0x4600007b, "ybndsrw zero,zero,zero"],
    [0x0200007b, "packy zero,zero,zero"],
    [0x0c00007b, "yeq zero,zero,zero"],
    [0x1c00007b, "yss zero,zero,zero"],
    [0x0e00007b, "ysunseal zero,zero,zero"],
    [0x1e00007b, "ybld zero,zero,zero"],
    [0x2e00007b, "ysentry zero,zero"],
    [0xf000007b, "yamask zero,zero"],
    [0xf400007b, "ybaser zero,zero"],
    [0xf410007b, "ypermr zero,zero"],
    [0xf420007b, "ytopr zero,zero"],
    [0xf430007b, "ylenr zero,zero"],
    [0xf440007b, "ytagr zero,zero"],
    [0xf450007b, "ytyper zero,zero"],
    [0x0400507b, "srliy zero,zero,64"],
    [0x0a00007b, "ysh1add zero,zero,zero"],
    [0x1a00007b, "ysh2add zero,zero,zero"],
    [0x2a00007b, "ysh3add zero,zero,zero"],
    [0x3a00007b, "ysh4add zero,zero,zero"],
    [0x4a00007b, "ysh1add.uw zero,zero,zero"],
    [0x5a00007b, "ysh2add.uw zero,zero,zero"],
    [0x6a00007b, "ysh3add.uw zero,zero,zero"],
    [0x7a00007b, "ysh4add.uw zero,zero,zero"],
  ])("%i is %s", (word, text) => {
    expect(disassemble(decoderFor("rv64y")(word)!).replace("\t", " ")).toBe(text);
  });

  test.each([
    ["ymodew, of Zyhybrid", 0x5600007b],
    ["ymodeswi, of Zyhybrid", 0x5610007b],
    ["ymoder, of Zyhybrid", 0xf460007b],
    ["ybndsrdw, of Zybndsrdw", 0x6600007b],
    ["yseal, of Zyseal", 0x2e20807b],
    ["yunseal, of Zyseal", 0x3e00007b],
    ["a shift by anything but 64", 0x0200507b],
  ])("of %s is illegal", (_, word) => {
    expect(decoderFor("rv64y")(word)).toBeUndefined();
  });
});

describe("JALR in capability mode", () => {
  const jalr = (target: Value, imm = 0n, operands: OperandValues = {}): After =>
    run("jalr", { 11: target }, { imm, ...operands }, { pc: 0x8000_0100n });

  test("unseals a sealed entry at its own even address", () => {
    const entry = bounded(0x1000n, 64n);
    expect(jalr(sealed(entry)).target).toEqual(entry);
  });

  test.each([
    ["with an offset", sealed(infinite(0x1000n)), 4n, 0x1004n],
    ["with an odd address", sealed(infinite(0x1001n)), 0n, 0x1000n],
    ["with an odd address and an offset that makes it even", sealed(infinite(0x1001n)), 1n, 0x1002n],
  ])("leaves a sealed capability %s sealed, and takes its tag", (_, target, imm, addr) => {
    expect(jalr(target, imm).target).toEqual(untagged({ ...target, addr }));
  });

  test("clears the lowest bit of the target, and takes the tag where the target is not representable", () => {
    const code = bounded(0x1_0000n, 64n);
    expect(jalr({ ...code, addr: 0x1_0001n }).target).toEqual({ ...code, addr: 0x1_0000n });
    const far = bounded(0x1_0000n, 64n);
    expect(jalr(far, -2048n).target).toMatchObject({ tag: 1n, addr: 0xf800n });
    expect(jalr({ ...far, addr: 0xf000n }, -2n).target).toMatchObject({ tag: 0n, addr: 0xeffen });
  });

  test("does not trap on an untagged target: the target will", () => {
    expect(jalr(integer(0x2000n))).toMatchObject({ trap: undefined, target: integer(0x2000n) });
  });

  test("seals its link, and JAL its own; the register may be the target's", () => {
    const link = { 1: sealed(infinite(0x8000_0104n)) };
    expect(Object.fromEntries(jalr(infinite(0x1000n), 0n, { rd: 1 }).registers)).toEqual(link);
    expect(Object.fromEntries(run("jal", {}, { rd: 1, imm: 8n }, { pc: 0x8000_0100n }).registers)).toEqual(link);
    const swapped = jalr(infinite(0x1000n), 0n, { rd: 11 });
    expect([swapped.target?.addr, swapped.registers.get(11)?.addr]).toEqual([0x1000n, 0x8000_0104n]);
  });

  test("is the integer instruction where pointers are integers", () => {
    const after = run("jalr", { 11: 0x1001n }, { imm: 4n, rd: 1 }, { isa: "rv64i", pc: 0x100n });
    expect([after.target?.addr, Object.fromEntries(after.registers)]).toEqual([0x1004n, { 1: integer(0x104n) }]);
  });
});

describe("AUIPC", () => {
  test("gives a capability of the pcc's authority, without tag where the address is not representable", () => {
    const { tag, meta } = bounded(0x8000_0000n, 4096n);
    const at = (imm: bigint): Value | undefined =>
      x10(run("auipc", {}, { imm }, { pcc: { tag, meta, addr: 0n }, pc: 0x8000_0000n }));
    expect(at(0x1000n)).toEqual({ tag: 1n, meta, addr: 0x8000_1000n });
    expect(at(0x10_0000n)).toEqual({ tag: 0n, meta, addr: 0x8010_0000n });
  });
});

describe("an access in capability mode", () => {
  const buffer = bounded(0x1000n, 16n);
  const without = (permission: bigint): Value => ({ ...buffer, meta: buffer.meta & ~permission });
  const trapOf = (name: string, authority: Value, imm = 0n, operands: OperandValues = {}): unknown =>
    run(name, { 11: authority, 12: 1n }, { imm, ...operands }).trap;

  test.each([
    ["ld", 8n, undefined],
    ["ld", 9n, { cause: 33, tval: 0x1009n }],
    ["lb", 15n, undefined],
    ["lb", 16n, { cause: 33, tval: 0x1010n }],
    ["lb", -1n, { cause: 33, tval: 0xfffn }],
    ["sd", 8n, undefined],
    ["sd", 9n, { cause: 34, tval: 0x1009n }],
    ["sh", -1n, { cause: 34, tval: 0xfffn }],
    ["ly", 0n, undefined],
    ["sy", 16n, { cause: 34, tval: 0x1010n }],
  ])("%s at offset %s of a 16-byte capability gives the trap %o", (name, imm, trap) => {
    expect(trapOf(name, buffer, imm)).toEqual(trap);
  });

  test.each([
    ["untagged", untagged(buffer)],
    ["sealed", sealed(buffer)],
    ["without R", without(R | LM)],
    ["with a reserved bit", { ...buffer, meta: buffer.meta | (1n << 30n) }],
  ])("through a capability %s cannot load", (_, authority) => {
    for (const name of ["lw", "ly", "lr.w", "lr.y", "lr.b"]) {
      expect([name, trapOf(name, authority)]).toEqual([name, { cause: CAUSE.cheriLoadAccessFault, tval: 0x1000n }]);
    }
  });

  test("of an atomic needs R and W and faults as a store", () => {
    for (const name of ["amoadd.w", "amoswap.d", "amoswap.y"]) {
      for (const authority of [without(R | LM), without(W), untagged(buffer)]) {
        expect([name, trapOf(name, authority)]).toEqual([name, { cause: CAUSE.cheriStoreAccessFault, tval: 0x1000n }]);
      }
      expect([name, trapOf(name, buffer)]).toEqual([name, undefined]);
    }
  });

  test("of a store or a store-conditional needs W alone", () => {
    for (const name of ["sd", "sy", "sc.w", "sc.y", "sc.h"]) {
      expect([name, trapOf(name, without(R | LM))]).toEqual([name, undefined]);
      expect([name, trapOf(name, without(W))]).toEqual([name, { cause: CAUSE.cheriStoreAccessFault, tval: 0x1000n }]);
    }
  });

  test("through x0 faults for want of a tag", () => {
    expect(trapOf("ld", integer(0n), 8n, { rs1: 0 })).toEqual({ cause: 33, tval: 8n });
    expect(trapOf("sd", integer(0n), 8n, { rs1: 0 })).toEqual({ cause: 34, tval: 8n });
  });

  test("does not wrap round the end of the address space", () => {
    expect(trapOf("ld", infinite(0xffff_ffff_ffff_fff8n))).toBeUndefined();
    expect(trapOf("ld", infinite(0xffff_ffff_ffff_fff9n))).toEqual({ cause: 33, tval: 0xffff_ffff_ffff_fff9n });
  });

  test("to a capability that is misaligned is an access fault, after every check of authority", () => {
    expect(trapOf("ly", infinite(0x1008n))).toEqual({ cause: CAUSE.loadAccessFault, tval: 0x1008n });
    expect(trapOf("sy", infinite(0x1001n))).toEqual({ cause: CAUSE.storeAccessFault, tval: 0x1001n });
    expect(trapOf("lr.y", infinite(0x1008n))).toEqual({ cause: CAUSE.loadAccessFault, tval: 0x1008n });
    expect(trapOf("amoswap.y", infinite(0x1008n))).toEqual({ cause: CAUSE.storeAccessFault, tval: 0x1008n });
    expect(trapOf("ly", untagged(infinite(0x1008n)))).toEqual({ cause: CAUSE.cheriLoadAccessFault, tval: 0x1008n });
  });
});

describe("LY", () => {
  const memory = infinite(0x42n);
  const ly = (authority: Value, held: Value, isa = "rv64y"): Value | undefined =>
    x10(run("ly", { 11: authority }, { imm: 0n }, { memory: held, isa }));

  test("gives what memory holds through an authority with all permissions", () => {
    expect(ly(infinite(0x1000n), memory)).toEqual(memory);
  });

  test("without C takes the tag and leaves the rest", () => {
    expect(ly(infinite(0x1000n, C | LM), memory)).toEqual(untagged(memory));
  });

  test("without LM takes W and LM from an unsealed capability, and nothing from a sealed or untagged one", () => {
    const readOnly = infinite(0x1000n, LM);
    expect(ly(readOnly, memory)).toEqual(infinite(0x42n, W | LM));
    expect(ly(readOnly, sealed(memory))).toEqual(sealed(memory));
    expect(ly(readOnly, untagged(memory))).toEqual(untagged(memory));
  });

  test("without LM takes C too from a capability that could only write", () => {
    const writeOnly = infinite(0x42n, R | LM);
    expect(ly(infinite(0x1000n, LM), writeOnly)).toEqual(infinite(0x42n, R | LM | W | C));
  });

  test("without LG takes GL from any capability and LG from an unsealed one", () => {
    const authority = global(0x1000n, LG);
    expect(ly(authority, global(0x42n), LEVELS)).toEqual(global(0x42n, GLOBAL | LG));
    expect(ly(authority, sealed(global(0x42n)), LEVELS)).toEqual(sealed(global(0x42n, GLOBAL)));
    expect(ly(authority, untagged(global(0x42n)), LEVELS)).toEqual(untagged(global(0x42n)));
  });
});

describe("SY", () => {
  const sy = (authority: Value, value: Value, isa = "rv64y"): unknown => {
    const effect = run("sy", { 11: authority, 12: value }, { imm: 0n }, { isa }).effects[0];
    return effect?.kind === "store" ? effect.value : undefined;
  };

  test("stores a capability with its tag, and without C without it", () => {
    expect(sy(infinite(0x1000n), sealed(infinite(7n)))).toEqual(sealed(infinite(7n)));
    expect(sy(infinite(0x1000n, C | LM), infinite(7n))).toEqual(untagged(infinite(7n)));
  });

  test("of a local capability needs SL", () => {
    const local = global(7n, GLOBAL);
    expect(sy(global(0x1000n), local, LEVELS)).toEqual(local);
    expect(sy(global(0x1000n, SL), local, LEVELS)).toEqual(untagged(local));
    expect(sy(global(0x1000n, SL), global(7n), LEVELS)).toEqual(global(7n));
  });
});

describe("AMOSWAP.Y", () => {
  test("stores the old value of cs2 even where it overwrites cs2, and filters what it loads", () => {
    const after = run(
      "amoswap.y",
      { 11: infinite(0x1000n, LM), 10: infinite(7n) },
      { rs2: 10 },
      { memory: infinite(9n) },
    );
    expect(after.effects).toContainEqual({ kind: "store", addr: 0x1000n, bytes: 16, value: infinite(7n) });
    expect(x10(after)).toEqual(infinite(9n, W | LM));
  });
});

describe("YPERMC", () => {
  test("keeps the tag of a sealed capability whose AP and SDP it does not change", () => {
    expect(x10(run("ypermc", { 11: sealed(infinite(4n)), 12: 0n }))?.tag).toBe(1n);
    expect(x10(run("ypermc", { 11: sealed(infinite(4n)), 12: 1n }))?.tag).toBe(0n);
    expect(x10(run("ypermc", { 11: sealed(infinite(4n, W)), 12: 1n }))?.tag).toBe(1n);
  });

  test("clears GL of a sealed capability", () => {
    const local = run("ypermc", { 11: sealed(global(4n)), 12: 0x10n }, {}, { isa: LEVELS });
    expect(x10(local)).toEqual(sealed(global(4n, GLOBAL)));
  });

  test.each([
    ["W", 0x1n, W],
    ["C, with LM", 0x20n, C | LM],
    ["R, with LM", 0x4_0000n, R | LM],
    ["X, with ASR", 0x2_0000n, PERMISSION.X | PERMISSION.ASR],
    ["R and W, with C and LM", 0x4_0001n, R | W | C | LM],
    ["an unallocated bit, and nothing", 0xf8_fc1cn, 0n],
    ["a software-defined one", 0x200n, 1n << 63n],
  ])("clears %s", (_, mask, cleared) => {
    expect(x10(run("ypermc", { 11: infinite(4n), 12: mask }))).toEqual(infinite(4n, cleared));
  });
});

describe("inspection", () => {
  test("saturates the top and the length of Infinite, and gives 0 for corrupt bits", () => {
    const get = (name: string, y: Value): bigint | undefined => x10(run(name, { 11: y }))?.addr;
    const most = 0xffff_ffff_ffff_ffffn;
    expect(["ybaser", "ytopr", "ylenr"].map((name) => get(name, infinite(5n)))).toEqual([0n, most, most]);
    const last = bounded(-4096n & most, 4096n);
    expect(["ytopr", "ylenr"].map((name) => get(name, last))).toEqual([most, 4096n]);
    const corrupt = { ...infinite(5n), meta: INFINITE | (1n << 30n) };
    expect(["ybaser", "ytopr", "ylenr", "ypermr"].map((name) => get(name, corrupt))).toEqual([0n, 0n, 0n, 0xf8_fc1cn]);
    const buffer = bounded(0x1234n, 77n);
    expect(["ybaser", "ytopr", "ylenr"].map((name) => get(name, buffer))).toEqual([0x1234n, 0x1281n, 77n]);
    expect(["ytagr", "ytyper", "srliy"].map((name) => get(name, sealed(buffer)))).toEqual([
      1n,
      1n,
      buffer.meta | SEALED,
    ]);
  });

  test("YEQ compares every bit and the tag", () => {
    const eq = (a: Value, b: Value): bigint | undefined => x10(run("yeq", { 11: a, 12: b }))?.addr;
    const y = infinite(5n);
    expect([eq(y, y), eq(y, untagged(y)), eq(y, sealed(y)), eq(y, infinite(6n))]).toEqual([1n, 0n, 0n, 0n]);
  });

  test("YSS ignores the seal, and wants equal tags", () => {
    const ss = (a: Value, b: Value): bigint | undefined => x10(run("yss", { 11: a, 12: b }))?.addr;
    const [outer, inner] = [bounded(0x1000n, 64n), bounded(0x1010n, 16n)];
    expect([ss(outer, inner), ss(inner, outer), ss(outer, sealed(inner)), ss(outer, untagged(inner))]).toEqual([
      ...[1n, 0n, 1n, 0n],
    ]);
    expect(ss(infinite(0n, W), infinite(0n))).toBe(0n);
  });
});

describe("a cache-block operation", () => {
  const cbo = (name: string, authority: Value, isa = "rv64y"): After => run(name, { 11: authority }, {}, { isa });
  const fault = (addr: bigint): object => ({ cause: CAUSE.cheriStoreAccessFault, tval: addr });

  test("that zeroes or invalidates needs its whole block in bounds; one that cleans or flushes, one byte of it", () => {
    const block = { ...bounded(0x1000n, 64n), addr: 0x1008n };
    const part = { ...bounded(0x1004n, 8n), addr: 0x1008n };
    const beside = { ...bounded(0x1040n, 64n), addr: 0x1008n };
    const empty = bounded(0x1008n, 0n);
    for (const name of ["cbo.zero", "cbo.inval"]) {
      expect([block, part].map((y) => cbo(name, y).trap)).toEqual([undefined, fault(0x1008n)]);
    }
    for (const name of ["cbo.clean", "cbo.flush"]) {
      expect([block, part].map((y) => cbo(name, y).trap)).toEqual([undefined, undefined]);
      expect([beside, empty].map((y) => cbo(name, y).trap)).toEqual([fault(0x1008n), fault(0x1008n)]);
    }
  });

  test("needs W, and any but cbo.zero R too", () => {
    const traps = (y: Value): unknown[] =>
      ["cbo.zero", "cbo.inval", "cbo.clean", "cbo.flush"].map((name) => cbo(name, y).trap?.cause);
    expect(traps(infinite(0x1000n, R | LM))).toEqual([undefined, 34, 34, 34]);
    expect(traps(infinite(0x1000n, W))).toEqual([34, 34, 34, 34]);
    expect(traps(sealed(infinite(0x1000n)))).toEqual([34, 34, 34, 34]);
  });

  test("asks for the permission of the environment before it looks at the authority", () => {
    expect(cbo("cbo.zero", integer(0x1000n)).effects).toEqual([
      ...[{ kind: "call", name: "permitCacheBlock", args: ["zero"] }],
    ]);
    expect(cbo("cbo.zero", integer(0x1008n), "rv64i_zicboz").effects.at(-1)).toEqual({
      ...{ kind: "call", name: "cacheBlock", args: [0x1008n, "zero"] },
    });
  });
});

describe("a CSR instruction", () => {
  const csr = infinite(0x1000n);
  const run1 = (name: string, operands: OperandValues, x11: Value = integer(0xffn)): After =>
    run(name, { 11: x11 }, { csr: 0x340, ...operands }, { csr });
  const written = (after: After): unknown => after.effects.map((e) => (e.kind === "csr" ? [e.value, e.whole] : e));

  test("reads whole capabilities; CSRRW writes one, the others an address", () => {
    expect(x10(run1("csrrw", {}, sealed(csr)))).toEqual(csr);
    expect(written(run1("csrrw", {}, sealed(csr)))).toEqual([[sealed(csr), true]]);
    expect(written(run1("csrrs", {}))).toEqual([[integer(0x10ffn), false]]);
    expect(written(run1("csrrc", {}, integer(0x1000n)))).toEqual([[integer(0n), false]]);
    expect(written(run1("csrrwi", { uimm: 5n }))).toEqual([[integer(5n), false]]);
    expect(written(run1("csrrsi", { uimm: 5n }))).toEqual([[integer(0x1005n), false]]);
  });

  test("writes nothing where CSRRS or CSRRC names x0, or an immediate form 0; CSRRW and CSRRWI always write", () => {
    for (const [name, operands] of [
      ["csrrs", { rs1: 0 }],
      ["csrrc", { rs1: 0 }],
      ["csrrsi", { uimm: 0n }],
      ["csrrci", { uimm: 0n }],
    ] as const) {
      expect([name, written(run1(name, operands))]).toEqual([name, []]);
    }
    expect(written(run1("csrrwi", { uimm: 0n }))).toEqual([[integer(0n), false]]);
    expect(written(run1("csrrw", { rs1: 0, rd: 0 }))).toEqual([[integer(0n), true]]);
  });
});

describe("a 16-bit instruction in capability mode", () => {
  test("C.ADDI4SPN gives sp's capability moved", () => {
    const after = execute(0x0808, { isa: "rv64y", registers: { 2: infinite(0x1000n) } }); // c.addi4spn a0, sp, 16
    expect(x10(after)).toEqual(infinite(0x1010n));
  });

  test("C.ADDI of 0 is a hint, which leaves even a sealed capability as it is", () => {
    const after = execute(0x0501, { isa: "rv64y", registers: { 10: sealed(infinite(0x1000n)) } }); // c.addi a0, 0
    expect([...after.registers.keys()].filter((r) => r !== 0)).toEqual([]);
  });

  test.each([
    [0x2542, 16n], // 001 uimm[5] rd uimm[4|9:6] 10
    [0x3502, 32n],
    [0x2506, 64n],
    [0x2522, 512n],
  ])("C.LYSP %s loads from sp + %s", (word, offset) => {
    const after = execute(word, { isa: "rv64y", registers: { 2: infinite(0x1000n) }, memory: infinite(7n) });
    expect(after.effects).toEqual([{ kind: "load", addr: 0x1000n + offset, bytes: 16 }]);
    expect(x10(after)).toEqual(infinite(7n));
  });
});

test("YSH4ADD.UW scales the low half of its index alone", () => {
  const after = run("ysh4add.uw", { 11: 0xffff_ffff_0000_0003n, 12: infinite(0x1000n) });
  expect(x10(after)).toEqual(infinite(0x1030n));
});
