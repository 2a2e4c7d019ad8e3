// Seeded bugs in what instructions do to capabilities and to integers: isa/.
import { mutations, type Mutation } from "./mutation.ts";

const TESTS = ["test/isa/ext/rvy.test.ts", "test/isa/cap", "test/laws", "test/isa/ext/integer.test.ts"];
const ENGINE = [...TESTS, "test/sim/engine/reference.test.ts", "test/sim/engine/bigint.test.ts"];

const rvy = mutations("isa/ext/rvy.ts", TESTS, [
  [
    "PACKY keeps the tag",
    "m.cap(m.const(0n), m.x(o.rs2), m.x(o.rs1))",
    "m.cap(m.tag(m.y(o.rs1)), m.x(o.rs2), m.x(o.rs1))",
  ],
  [
    "YBNDSW does not check that the source holds the new bounds",
    "const within = m.and(source.integral, contains(m, source, m.addr(cs1), size));",
    "const within = source.integral;",
  ],
  ["YBNDSW narrows a sealed capability", "m.and(within, not(m, isSealed(m, cs1)))", "within"],
  ["YBNDSW keeps the tag of inexact bounds", "mustBeExact ? m.and(allowed, exact) : allowed", "allowed"],
  [
    "YPERMC takes permissions from a sealed capability and keeps its tag",
    "m.and(allowed, isIntact(m, cs1))",
    "isIntact(m, cs1)",
  ],
  [
    "YPERMC clearing GL of a sealed capability takes its tag",
    "m.or(not(m, isSealed(m, cs1)), samePermissions(m, meta, m.meta(cs1)))",
    "not(m, isSealed(m, cs1))",
  ],
  [
    "YSENTRY of a sealed capability keeps its tag",
    "m.and(not(m, isSealed(m, cs2)), isIntact(m, cs2))",
    "isIntact(m, cs2)",
  ],
  [
    "YSUNSEAL asks for no authority",
    "m.and(m.and(authority, isSealed(m, cs2)), isSubset(m, cs2, cs1))",
    "m.and(isSealed(m, cs2), isSubset(m, cs2, cs1))",
  ],
  [
    "YSUNSEAL takes any authority for a superset",
    "m.and(m.and(authority, isSealed(m, cs2)), isSubset(m, cs2, cs1))",
    "m.and(authority, isSealed(m, cs2))",
  ],
  [
    "YSUNSEAL opens what is not sealed",
    "m.and(m.and(authority, isSealed(m, cs2)), isSubset(m, cs2, cs1))",
    "m.and(authority, isSubset(m, cs2, cs1))",
  ],
  [
    "YBLD builds beyond its authority",
    "m.cap(m.and(authority, isSubset(m, cs2, cs1)), m.meta(cs2), m.addr(cs2))",
    "m.cap(authority, m.meta(cs2), m.addr(cs2))",
  ],
  [
    "YBLD builds under an untagged or sealed authority",
    "m.cap(m.and(authority, isSubset(m, cs2, cs1)), m.meta(cs2), m.addr(cs2))",
    "m.cap(isSubset(m, cs2, cs1), m.meta(cs2), m.addr(cs2))",
  ],
  ["YSS ignores the tags", "m.and(m.eq(m.tag(cs1), m.tag(cs2)), isSubset(m, cs2, cs1))", "isSubset(m, cs2, cs1)"],
  [
    "YEQ ignores the metadata",
    "m.and(m.eq(m.meta(cs1), m.meta(cs2)), m.eq(m.addr(cs1), m.addr(cs2)))",
    "m.eq(m.addr(cs1), m.addr(cs2))",
  ],
  [
    "LY loads past its authority's filter",
    "loaded(m, authority, m.loadY(readableY(m, o.rs1, o.imm), keepsTag(m, authority)))",
    "m.loadY(readableY(m, o.rs1, o.imm), keepsTag(m, authority))",
  ],
  [
    "SY stores past its authority's filter",
    "m.storeY(writableY(m, o.rs1, o.imm), stored(m, authorityOf(m, o.rs1), m.y(o.rs2)))",
    "m.storeY(writableY(m, o.rs1, o.imm), m.y(o.rs2))",
  ],
  [
    "SC.Y stores past its authority's filter",
    "const value = stored(m, authorityOf(m, o.rs1), m.y(o.rs2));",
    "const value = m.y(o.rs2);",
  ],
  [
    "AMOSWAP.Y loads past its authority's filter",
    "loaded(m, authority, m.amoY(updatableY(m, o.rs1), value, keepsTag(m, authority)))",
    "m.amoY(updatableY(m, o.rs1), value, keepsTag(m, authority))",
  ],
]);

const order = mutations("isa/ext/rvy.ts", TESTS, [
  [
    "AMOSWAP.Y clears its destination before it may trap",
    "const value = stored(m, authority, m.y(o.rs2));",
    "const value = stored(m, authority, m.y(o.rs2));\n      m.setX(o.rd, m.const(0n));",
  ],
]);

const access = mutations("isa/cap/access.ts", TESTS, [
  ["an access may begin below the base", "m.or(m.ltu(addr, bounds.base), m.ltu(last, addr))", "m.ltu(last, addr)"],
  ["an access may wrap round 2^64", "m.or(m.ltu(addr, bounds.base), m.ltu(last, addr))", "m.ltu(addr, bounds.base)"],
  [
    "only the first byte of an access must lie below the top",
    "m.or(bounds.topHigh, m.ltu(last, bounds.top))",
    "m.or(bounds.topHigh, m.ltu(addr, bounds.top))",
  ],
  ["a sealed capability authorises accesses", "m.const(permissions | SEALED)", "m.const(permissions)"],
  [
    "an untagged capability authorises accesses",
    "m.and(m.and(m.tag(authority), granted), held)",
    "m.and(granted, held)",
  ],
  [
    "a corrupt capability authorises accesses",
    "m.and(bounds.integral, m.and(inside,",
    "m.and(m.const(1n), m.and(inside,",
  ],
  ["a load needs no R", "bytes, R, CAUSE.cheriLoadAccessFault", "bytes, 0n, CAUSE.cheriLoadAccessFault"],
  ["a store needs no W", "bytes, W, CAUSE.cheriStoreAccessFault", "bytes, 0n, CAUSE.cheriStoreAccessFault"],
  ["an AMO needs no R", "bytes, R | W, CAUSE.cheriStoreAccessFault", "bytes, W, CAUSE.cheriStoreAccessFault"],
  ["LY without C keeps the tag", "m.and(m.tag(y), keepsTag(m, authority))", "m.tag(y)"],
  ["LY without LM leaves W", "noneIf(hasAll(m, auth, LM), W | LM)", "noneIf(hasAll(m, auth, LM), LM)"],
  ["LY without LM leaves LM", "noneIf(hasAll(m, auth, LM), W | LM)", "noneIf(hasAll(m, auth, LM), W)"],
  [
    "LY without LM changes a sealed capability",
    "m.select(isSealed, m.const(0n), noneIf(hasAll(m, auth, LM), W | LM))",
    "noneIf(hasAll(m, auth, LM), W | LM)",
  ],
  ["LY without LG leaves a sealed capability global", "noneIf(lg, GLOBAL)", "noneIf(m.or(lg, isSealed), GLOBAL)"],
  ["LY without LG leaves LG", "noneIf(m.or(lg, isSealed), LG)", "m.const(0n)"],
  [
    "LY leaves permissions whose prerequisites it took",
    "legalise(m, m.and(meta, m.xor(strip, m.const(-1n))))",
    "m.and(meta, m.xor(strip, m.const(-1n)))",
  ],
  [
    "SY of a local capability needs no SL",
    "m.and(c, m.or(hasAll(m, m.meta(y), GLOBAL), hasAll(m, m.meta(authority), SL)))",
    "c",
  ],
  ["SY without C keeps the tag", "const c = keepsTag(m, authority);", "const c = hasAll(m, m.meta(authority), W);"],
  [
    "a misaligned LY is an address-misaligned exception",
    "readable(m, rs1, offset, YLEN_BYTES), YLEN_BYTES, CAUSE.loadAccessFault",
    "readable(m, rs1, offset, YLEN_BYTES), YLEN_BYTES, CAUSE.loadAddressMisaligned",
  ],
]);

const alignment = mutations("isa/cap/access.ts", TESTS, [
  [
    "LY asks for alignment before authority",
    "return requireAligned(m, readable(m, rs1, offset, YLEN_BYTES), YLEN_BYTES, CAUSE.loadAccessFault);",
    "requireAligned(m, m.let(m.add(m.x(rs1), m.const(offset))), YLEN_BYTES, CAUSE.loadAccessFault);\n  return readable(m, rs1, offset, YLEN_BYTES);",
  ],
]);

const seal = mutations("isa/cap/seal.ts", TESTS, [
  [
    "a subset may have more permissions",
    "m.and(m.and(integral, within), grantsNoMore(m, m.meta(inner), m.meta(outer)))",
    "m.and(integral, within)",
  ],
  ["a subset may be corrupt", "m.and(m.and(integral, within), grantsNoMore", "m.and(within, grantsNoMore"],
  ["a subset may begin lower", "m.and(notBelow, m.eq(topAbove, m.const(0n)))", "m.eq(topAbove, m.const(0n))"],
  ["a subset may end higher", "m.and(notBelow, m.eq(topAbove, m.const(0n)))", "notBelow"],
]);

const perms = mutations("isa/cap/perms.ts", TESTS, [
  ["a subset of a local capability may be global", "maskOf(AP) | maskOf(SDP) | GLOBAL", "maskOf(AP) | maskOf(SDP)"],
  ["ASR outlives X", "m.zyhybrid ? ASR | INTEGRAL : ASR", "m.zyhybrid ? INTEGRAL : 0n"],
  ["C outlives R and W", "meta = drop(meta, m.or(hasAll(m, meta, R), hasAll(m, meta, W)), C);", ""],
  ["LM and LG outlive C", "meta = drop(meta, hasAll(m, meta, C | R), m.zylevels1 ? LM | LG : LM);", ""],
  ["SL outlives W", "if (m.zylevels1) meta = drop(meta, hasAll(m, meta, C | W), SL);", ""],
  [
    "reserved bits pass the integrity check",
    "m.and(reservedClear, m.eq(legalise(m, meta), meta))",
    "m.eq(legalise(m, meta), meta)",
  ],
]);

const bounds = mutations("isa/cap/bounds.ts", TESTS, [
  [
    "an address out of the representable range keeps the tag",
    "m.and(m.and(unsealed, old.integral), representable)",
    "m.and(unsealed, old.integral)",
  ],
  [
    "a sealed capability's address can be changed",
    "m.and(m.and(unsealed, old.integral), representable)",
    "m.and(old.integral, representable)",
  ],
  [
    "new bounds may begin below the old",
    "m.and(m.and(bounds.valid, not(m, m.ltu(addr, bounds.base))), above)",
    "m.and(bounds.valid, above)",
  ],
  [
    "new bounds may end above the old",
    "m.and(m.and(bounds.valid, not(m, m.ltu(addr, bounds.base))), above)",
    "m.and(bounds.valid, not(m, m.ltu(addr, bounds.base)))",
  ],
  ["the top is not rounded up", "m.let(m.add(whole, lostTop))", "m.let(whole)"],
  [
    "rounding the top does not raise the exponent",
    "m.add(m.add(E, m.const(INTERNAL)), carried)",
    "m.add(E, m.const(INTERNAL))",
  ],
  ["the top mantissa takes no carry", "m.ltu(tLow, m.zext(bMantissa, MW - 2))", "m.const(0n)"],
  [
    "bounds do not follow the address down a representable region",
    "m.sub(m.shr(shifted, m.const(MANTISSA)), aBelow)",
    "m.shr(shifted, m.const(MANTISSA))",
  ],
  [
    "malformed bounds of the largest exponent are valid",
    "m.and(m.eq(exponent, m.const(0n)), isNot(m, bMantissa, 0n))",
    "m.const(0n)",
  ],
]);

const jumps = mutations("isa/ext/rv64i.ts", ENGINE, [
  [
    "a link is not sealed",
    "m.setY(rd, sealed(m, m.cap(m.tag(m.pcc), m.meta(m.pcc), m.nextPc)))",
    "m.setY(rd, m.cap(m.tag(m.pcc), m.meta(m.pcc), m.nextPc))",
  ],
  ["JALR opens a sealed capability at an odd address", "m.and(isSealed(m, target), even)", "isSealed(m, target)"],
  [
    "JALR's target keeps its tag out of its representable range",
    "return setAddress(m, opened, addr);",
    "return m.cap(m.tag(opened), m.meta(opened), addr);",
  ],
  [
    "a jump to an untagged capability gives it a tag",
    "return setAddress(m, opened, addr);",
    "return setAddress(m, m.cap(m.const(1n), m.meta(opened), m.addr(opened)), addr);",
  ],
  ["JALR with an offset opens a sealed capability", "offset === 0n ? m.selectY", "offset !== -1n ? m.selectY"],
  [
    "AUIPC gives an address without asking whether it is representable",
    "m.setY(o.rd, setAddress(m, m.pcc, addr))",
    "m.setY(o.rd, m.cap(m.tag(m.pcc), m.meta(m.pcc), addr))",
  ],
  ["LB does not sign-extend", "1, (m, v) => m.sext(v, 8)", "1, (_, v) => v"],
  ["LW does not sign-extend", "4, (m, v) => m.sext(v, 32)", "4, (_, v) => v"],
  [
    "SLTIU compares signed",
    '"#norm:slti_sltiu_op", (m, a, b) => m.ltu(a, b)',
    '"#norm:slti_sltiu_op", (m, a, b) => m.lts(a, b)',
  ],
]);

const atomics = mutations("isa/ext/a.ts", ENGINE, [
  ["AMOs of words do not sign-extend what they return", "m.setX(o.rd, m.sext(old, 8 * bytes))", "m.setX(o.rd, old)"],
  ["LR.W does not sign-extend", "m.sext(m.loadReserved(addr, bytes), 8 * bytes)", "m.loadReserved(addr, bytes)"],
  ["AMOMIN compares unsigned", "m.select(m.lts(a, b), a, b)", "m.select(m.ltu(a, b), a, b)"],
]);

const zicsr = mutations(
  "isa/ext/zicsr.ts",
  [...TESTS, "test/sim/machine"],
  [
    ["CSRRS of x0 writes", "if (o.rs1 !== 0) {", "if (o.rs1 >= 0) {"],
    ["CSRRW writes an address only", "m.csrWrite(o.csr, value, true)", "m.csrWrite(o.csr, value, false)"],
  ],
);

const cbo = mutations("isa/ext/zicbo.ts", TESTS, [
  [
    "CBO.ZERO needs one byte in bounds, not its block",
    'operation === "clean" || operation === "flush" ? checkOverlap',
    'operation !== "inval" ? checkOverlap',
  ],
  ["CBO.INVAL needs no W", '"inval", R | W)', '"inval", R)'],
]);

/** Everything here is of the ISA alone: any engine has these bugs at once. */
export const CAPABILITY_MUTATIONS: readonly Mutation[] = [
  ...rvy,
  ...order,
  ...access,
  ...alignment,
  ...seal,
  ...perms,
  ...bounds,
  ...jumps,
  ...atomics,
  ...zicsr,
  ...cbo,
];
