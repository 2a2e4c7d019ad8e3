// RVY, the capability base: instructions that make, inspect, load and store capabilities (encoding RV64LYA).
import { authorityOf, keepsTag, loaded, readableY, stored, updatableY, writableY } from "../cap/access.ts";
import { contains, encodeBounds, field, isIntact, setAddress } from "../cap/bounds.ts";
import { CT } from "../cap/format.ts";
import { clearPermissions, permissionWord, samePermissions } from "../cap/perms.ts";
import { isSealed, isSubset, sealed, unsealed } from "../cap/seal.ts";
import { insn, type Insn } from "../insn.ts";
import type { Bounds, Semantics } from "../semantics.ts";

const not = <X, Y>(m: Semantics<X, Y>, cond: X): X => m.xor(cond, m.const(1n));
const saturated = <X, Y>(m: Semantics<X, Y>, high: X, low: X): X => m.select(high, m.const(-1n), low);

/** YBNDSW, YBNDSWI and YBNDSRW: bounds [address, address + length), which the source must hold; inexact ones lose the tag or not. */
function setBounds<X, Y>(m: Semantics<X, Y>, cs1: Y, length: X, mustBeExact: boolean): Y {
  const size = m.let(length);
  const { meta, exact } = encodeBounds(m, m.meta(cs1), m.addr(cs1), size);
  const source = m.bounds(cs1);
  const within = m.and(source.integral, contains(m, source, m.addr(cs1), size));
  const result = m.cap(m.tag(cs1), meta, m.addr(cs1));
  const allowed = m.and(within, not(m, isSealed(m, cs1)));
  return m.keepTagIf(result, mustBeExact ? m.and(allowed, exact) : allowed);
}

/** YBNDSWI's nine bits say 1 to 255, 256 to 504 by 8, 512 to 4080 by 16, and 4096 (#SCBNDSI). */
const boundsImmediate = {
  decode: (imm: bigint): bigint => {
    if (imm === 0n) return 4096n;
    if (imm < 256n) return imm;
    if ((imm & 0xe0n) === 0n) return 256n | ((imm & 0xfn) << 4n) | (((imm >> 4n) & 1n) << 3n);
    return (imm & 0xffn) << 4n;
  },
  encode: (length: bigint): bigint | undefined => LENGTHS.get(length),
};
const LENGTHS = new Map(Array.from({ length: 512 }, (_, imm) => [boundsImmediate.decode(BigInt(imm)), BigInt(imm)]));

/**
 * Bounds as YBASER, YTOPR and YLENR see them; `shown` is 0 where integrity fails, and they give 0. NULL covers all addresses
 * (#section_null_cap_encoding), though without Zylevels1 no valid capability has its AP.
 */
function shownBounds<X, Y>(m: Semantics<X, Y>, y: Y): Bounds<X> & { readonly shown: X } {
  const bounds = m.bounds(y);
  return { ...bounds, shown: m.or(bounds.integral, m.eq(m.meta(y), m.const(0n))) };
}

export const rvy: readonly Insn[] = [
  // Address

  insn({
    ...{ name: "yadd", was: "cadd", ext: "Y", timing: "cap", spec: "#CADD" },
    bits: "0000011 rs2 rs1 000 rd 1111011",
    asm: "rd, rs1, rs2",
    except: "rs2=0",
    exec: (m, o) => m.setY(o.rd, setAddress(m, m.y(o.rs1), m.let(m.add(m.x(o.rs1), m.x(o.rs2))))),
  }),
  insn({
    ...{ name: "yaddi", was: "caddi", ext: "Y", timing: "cap", spec: "#CADDI" },
    bits: "imm[11:0] rs1 100 rd 1111011",
    asm: "rd, rs1, imm",
    exec: (m, o) => m.setY(o.rd, setAddress(m, m.y(o.rs1), m.let(m.add(m.x(o.rs1), m.const(o.imm))))),
  }),
  insn({
    ...{ name: "yaddrw", was: "scaddr", ext: "Y", timing: "cap", spec: "#SCADDR" },
    bits: "0001011 rs2 rs1 000 rd 1111011",
    asm: "rd, rs1, rs2",
    exec: (m, o) => m.setY(o.rd, setAddress(m, m.y(o.rs1), m.x(o.rs2))),
  }),

  // Copy, metadata, permissions, bounds

  insn({
    ...{ name: "ymv", was: "cmv", ext: "Y", timing: "cap", spec: "#CMV" },
    bits: "0000011 00000 rs1 000 rd 1111011",
    asm: "rd, rs1",
    exec: (m, o) => m.setY(o.rd, m.y(o.rs1)),
  }),
  insn({
    ...{ name: "packy", was: "schi", aliases: ["yhiw rd, rs1, rs2"], ext: "Y", timing: "cap", spec: "#SCHI_BASE" },
    bits: "0000001 rs2 rs1 000 rd 1111011",
    asm: "rd, rs1, rs2",
    exec: (m, o) => m.setY(o.rd, m.cap(m.const(0n), m.x(o.rs2), m.x(o.rs1))),
  }),
  insn({
    ...{ name: "ypermc", ext: "Y", timing: "cap", spec: "#CLRPERM" },
    bits: "0010011 rs2 rs1 000 rd 1111011",
    asm: "rd, rs1, rs2",
    exec: (m, o) => {
      const cs1 = m.y(o.rs1);
      const meta = m.let(clearPermissions(m, m.meta(cs1), m.x(o.rs2)));
      const allowed = m.or(not(m, isSealed(m, cs1)), samePermissions(m, meta, m.meta(cs1)));
      m.setY(o.rd, m.keepTagIf(m.cap(m.tag(cs1), meta, m.addr(cs1)), m.and(allowed, isIntact(m, cs1))));
    },
  }),
  insn({
    ...{ name: "ybndsw", was: "scbnds", ext: "Y", timing: "cap", spec: "#SCBNDS" },
    bits: "0011011 rs2 rs1 000 rd 1111011",
    asm: "rd, rs1, rs2",
    exec: (m, o) => m.setY(o.rd, setBounds(m, m.y(o.rs1), m.x(o.rs2), true)),
  }),
  insn({
    ...{ name: "ybndswi", was: "scbndsi", ext: "Y", timing: "cap", spec: "#SCBNDSI" },
    bits: "111 uimm[8:0] rs1 101 rd 1111011",
    asm: "rd, rs1, uimm",
    immediate: boundsImmediate,
    exec: (m, o) => m.setY(o.rd, setBounds(m, m.y(o.rs1), m.const(boundsImmediate.decode(o.uimm)), true)),
  }),
  insn({
    ...{ name: "ybndsrw", was: "scbndsr", ext: "Y", timing: "cap", spec: "#SCBNDSR" },
    bits: "0100011 rs2 rs1 000 rd 1111011",
    asm: "rd, rs1, rs2",
    exec: (m, o) => m.setY(o.rd, setBounds(m, m.y(o.rs1), m.x(o.rs2), false)),
  }),

  // Seal, unseal, build

  insn({
    ...{ name: "ysentry", was: "sentry", ext: "Y", timing: "cap", spec: "#SENTRY" },
    bits: "0010111 rs2 00000 000 rd 1111011",
    asm: "rd, rs2",
    exec: (m, o) => {
      const cs2 = m.y(o.rs2);
      m.setY(o.rd, m.keepTagIf(sealed(m, cs2), m.and(not(m, isSealed(m, cs2)), isIntact(m, cs2))));
    },
  }),
  insn({
    ...{ name: "ysunseal", ext: "Y", timing: "cap", spec: "#YSUNSEAL" },
    bits: "0000111 rs2 rs1 000 rd 1111011",
    asm: "rd, rs1, rs2",
    exec: (m, o) => {
      const [cs1, cs2] = [m.y(o.rs1), m.y(o.rs2)];
      const authority = m.and(m.tag(cs1), not(m, isSealed(m, cs1)));
      m.setY(o.rd, m.keepTagIf(unsealed(m, cs2), m.and(m.and(authority, isSealed(m, cs2)), isSubset(m, cs2, cs1))));
    },
  }),
  insn({
    ...{ name: "ybld", was: "cbld", ext: "Y", timing: "cap", spec: "#CBLD" },
    bits: "0001111 rs2 rs1 000 rd 1111011",
    asm: "rd, rs1, rs2",
    exec: (m, o) => {
      const [cs1, cs2] = [m.y(o.rs1), m.y(o.rs2)];
      const authority = m.and(m.tag(cs1), not(m, isSealed(m, cs1)));
      m.setY(o.rd, m.cap(m.and(authority, isSubset(m, cs2, cs1)), m.meta(cs2), m.addr(cs2)));
    },
  }),

  // Inspect

  insn({
    ...{ name: "ybaser", was: "gcbase", ext: "Y", timing: "cap", spec: "#GCBASE" },
    bits: "1111010 00000 rs1 000 rd 1111011",
    asm: "rd, rs1",
    exec: (m, o) => {
      const { base, shown } = shownBounds(m, m.y(o.rs1));
      m.setX(o.rd, m.select(shown, base, m.const(0n)));
    },
  }),
  insn({
    ...{ name: "ytopr", was: "gctop", ext: "Y", timing: "cap", spec: "#GCTOP" },
    bits: "1111010 00010 rs1 000 rd 1111011",
    asm: "rd, rs1",
    exec: (m, o) => {
      const { top, topHigh, shown } = shownBounds(m, m.y(o.rs1));
      m.setX(o.rd, m.select(shown, saturated(m, topHigh, top), m.const(0n)));
    },
  }),
  insn({
    ...{ name: "ylenr", was: "gclen", ext: "Y", timing: "cap", spec: "#GCLEN" },
    bits: "1111010 00011 rs1 000 rd 1111011",
    asm: "rd, rs1",
    exec: (m, o) => {
      const { base, top, topHigh, shown } = shownBounds(m, m.y(o.rs1));
      const longest = m.and(topHigh, not(m, m.ltu(top, base))); // top - base has 65 bits
      m.setX(o.rd, m.select(shown, saturated(m, longest, m.sub(top, base)), m.const(0n)));
    },
  }),
  insn({
    ...{ name: "ytagr", was: "gctag", ext: "Y", timing: "cap", spec: "#GCTAG" },
    bits: "1111010 00100 rs1 000 rd 1111011",
    asm: "rd, rs1",
    exec: (m, o) => m.setX(o.rd, m.tag(m.y(o.rs1))),
  }),
  insn({
    ...{ name: "ypermr", was: "gcperm", ext: "Y", timing: "cap", spec: "#GCPERM" },
    bits: "1111010 00001 rs1 000 rd 1111011",
    asm: "rd, rs1",
    exec: (m, o) => m.setX(o.rd, permissionWord(m, m.meta(m.y(o.rs1)), m.bounds(m.y(o.rs1)).integral)),
  }),
  insn({
    ...{ name: "ytyper", was: "gctype", ext: "Y", timing: "cap", spec: "#GCTYPE" },
    bits: "1111010 00101 rs1 000 rd 1111011",
    asm: "rd, rs1",
    exec: (m, o) => m.setX(o.rd, field(m, m.meta(m.y(o.rs1)), CT)),
  }),
  insn({
    ...{ name: "srliy", aliases: ["yhir rd, rs1", "gchi rd, rs1"], ext: "Y", timing: "cap", spec: "#GCHI_BASE" },
    bits: "00000 1000000 rs1 101 rd 1111011", // XLEN is the only shift amount
    asm: "rd, rs1, 64",
    exec: (m, o) => m.setX(o.rd, m.meta(m.y(o.rs1))),
  }),

  // Compare, align

  insn({
    ...{ name: "yeq", was: "sceq", ext: "Y", timing: "cap", spec: "#SCEQ" },
    bits: "0000110 rs2 rs1 000 rd 1111011",
    asm: "rd, rs1, rs2",
    exec: (m, o) => {
      const [cs1, cs2] = [m.y(o.rs1), m.y(o.rs2)];
      const sameBits = m.and(m.eq(m.meta(cs1), m.meta(cs2)), m.eq(m.addr(cs1), m.addr(cs2)));
      m.setX(o.rd, m.and(m.eq(m.tag(cs1), m.tag(cs2)), sameBits));
    },
  }),
  insn({
    ...{ name: "yss", was: "scss", ext: "Y", timing: "cap", spec: "#SCSS" },
    bits: "0001110 rs2 rs1 000 rd 1111011",
    asm: "rd, rs1, rs2",
    exec: (m, o) => {
      const [cs1, cs2] = [m.y(o.rs1), m.y(o.rs2)];
      m.setX(o.rd, m.and(m.eq(m.tag(cs1), m.tag(cs2)), isSubset(m, cs2, cs1)));
    },
  }),
  insn({
    ...{ name: "yamask", was: "cram", ext: "Y", timing: "cap", spec: "#CRAM" },
    bits: "1111000 00000 rs1 000 rd 1111011",
    asm: "rd, rs1",
    exec: (m, o) => {
      const { alignment } = encodeBounds(m, m.const(0n), m.const(0n), m.x(o.rs1));
      m.setX(o.rd, m.shl(m.const(-1n), alignment));
    },
  }),

  // Memory

  insn({
    ...{ name: "ly", was: "lc", ext: "Y", timing: "load", spec: "#LOAD_CAP" },
    bits: "imm[11:0] rs1 001 rd 1111011",
    asm: "rd, imm(rs1)",
    exec: (m, o) => {
      const authority = authorityOf(m, o.rs1);
      m.setY(o.rd, loaded(m, authority, m.loadY(readableY(m, o.rs1, o.imm), keepsTag(m, authority))));
    },
  }),
  insn({
    ...{ name: "sy", was: "sc", ext: "Y", timing: "store", spec: "#STORE_CAP" },
    bits: "imm[11:5] rs2 rs1 010 imm[4:0] 1111011",
    asm: "rs2, imm(rs1)",
    exec: (m, o) => m.storeY(writableY(m, o.rs1, o.imm), stored(m, authorityOf(m, o.rs1), m.y(o.rs2))),
  }),
  insn({
    ...{ name: "lr.y", was: "lr.c", ext: "Y", with: "A", timing: "atomic", spec: "#LOAD_RES_CAP" },
    bits: "00010 aq rl 00000 rs1 011 rd 1111011",
    asm: "rd, (rs1)",
    exec: (m, o) => {
      const authority = authorityOf(m, o.rs1);
      m.setY(o.rd, loaded(m, authority, m.loadReservedY(readableY(m, o.rs1, 0n), keepsTag(m, authority))));
    },
  }),
  insn({
    ...{ name: "sc.y", was: "sc.c", ext: "Y", with: "A", timing: "atomic", spec: "#STORE_COND_CAP" },
    bits: "00011 aq rl rs2 rs1 011 rd 1111011",
    asm: "rd, rs2, (rs1)",
    exec: (m, o) => {
      const value = stored(m, authorityOf(m, o.rs1), m.y(o.rs2));
      m.setX(o.rd, m.storeConditionalY(writableY(m, o.rs1, 0n), value));
    },
  }),
  insn({
    ...{ name: "amoswap.y", was: "amoswap.c", ext: "Y", with: "A", timing: "atomic", spec: "#AMOSWAP_CAP" },
    bits: "00001 aq rl rs2 rs1 011 rd 1111011",
    asm: "rd, rs2, (rs1)",
    exec: (m, o) => {
      const authority = authorityOf(m, o.rs1);
      const value = stored(m, authority, m.y(o.rs2));
      m.setY(o.rd, loaded(m, authority, m.amoY(updatableY(m, o.rs1), value, keepsTag(m, authority))));
    },
  }),
];
