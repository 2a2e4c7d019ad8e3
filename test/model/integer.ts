// The second model's integer arithmetic: RV64 I, M, Zba, Zbb, Zbs and Zicond on the low halves of registers.
import { s64, u64 } from "./capability.ts";

const u32 = (v: bigint): bigint => v & 0xffff_ffffn;
const s32 = (v: bigint): bigint => BigInt.asIntN(32, v);
const bool = (condition: boolean): bigint => (condition ? 1n : 0n);
const bitsOf = (v: bigint): string => v.toString(2);

function countLeading(v: bigint, width: number): bigint {
  return BigInt(v === 0n ? width : width - bitsOf(v).length);
}
function countTrailing(v: bigint, width: number): bigint {
  const text = bitsOf(v);
  return BigInt(v === 0n ? width : text.length - 1 - text.lastIndexOf("1"));
}
function countOnes(v: bigint): bigint {
  return BigInt(bitsOf(v).replaceAll("0", "").length);
}
function rotateLeft(v: bigint, by: bigint, width: bigint): bigint {
  return by === 0n ? v : ((v << by) | (v >> (width - by))) & ((1n << width) - 1n);
}
function bytesOf(v: bigint): bigint[] {
  return Array.from({ length: 8 }, (_, i) => (v >> BigInt(8 * i)) & 0xffn);
}
function fromBytes(bytes: readonly bigint[]): bigint {
  return bytes.reduce((value, byte, i) => value | (byte << BigInt(8 * i)), 0n);
}

/** OP: by funct7 and funct3; undefined where reserved. */
export function op(f7: number, f3: number, a: bigint, b: bigint): bigint | undefined {
  const shamt = b & 63n;
  switch ((f7 << 3) | f3) {
    case 0o000:
      return a + b;
    case 0o001:
      return a << shamt;
    case 0o002:
      return bool(s64(a) < s64(b));
    case 0o003:
      return bool(a < b);
    case 0o004:
      return a ^ b;
    case 0o005:
      return a >> shamt;
    case 0o006:
      return a | b;
    case 0o007:
      return a & b;
    // M
    case 0o010:
      return a * b;
    case 0o011:
      return (s64(a) * s64(b)) >> 64n;
    case 0o012:
      return (s64(a) * b) >> 64n;
    case 0o013:
      return (a * b) >> 64n;
    case 0o014:
      return b === 0n ? -1n : s64(a) / s64(b);
    case 0o015:
      return b === 0n ? -1n : a / b;
    case 0o016:
      return b === 0n ? a : s64(a) % s64(b);
    case 0o017:
      return b === 0n ? a : a % b;
    // Zbb: min, max; Zicond
    case 0o054:
      return s64(a) < s64(b) ? a : b;
    case 0o055:
      return a < b ? a : b;
    case 0o056:
      return s64(a) > s64(b) ? a : b;
    case 0o057:
      return a > b ? a : b;
    case 0o075:
      return b === 0n ? 0n : a;
    case 0o077:
      return b !== 0n ? 0n : a;
    // Zba
    case 0o202:
      return (a << 1n) + b;
    case 0o204:
      return (a << 2n) + b;
    case 0o206:
      return (a << 3n) + b;
    // Zbs
    case 0o241:
      return a | (1n << shamt);
    case 0o441:
      return a & ~(1n << shamt);
    case 0o445:
      return (a >> shamt) & 1n;
    case 0o641:
      return a ^ (1n << shamt);
    // I and Zbb
    case 0o400:
      return a - b;
    case 0o405:
      return s64(a) >> shamt;
    case 0o404:
      return ~(a ^ b);
    case 0o406:
      return a | ~b;
    case 0o407:
      return a & ~b;
    case 0o601:
      return rotateLeft(a, shamt, 64n);
    case 0o605:
      return rotateLeft(a, (64n - shamt) & 63n, 64n);
  }
  return undefined;
}

/** OP-32: operands of 32 bits, sign-extended results; Zba's .UW forms; zext.h. */
export function op32(f7: number, f3: number, rs2: number, a: bigint, b: bigint): bigint | undefined {
  const x = u32(a);
  const y = u32(b);
  const shamt = b & 31n;
  switch ((f7 << 3) | f3) {
    case 0o000:
      return s32(a + b);
    case 0o001:
      return s32(a << shamt);
    case 0o005:
      return s32(x >> shamt);
    case 0o400:
      return s32(a - b);
    case 0o405:
      return s32(s32(a) >> shamt);
    case 0o010:
      return s32(a * b);
    case 0o014:
      return y === 0n ? -1n : s32(s32(a) / s32(b));
    case 0o015:
      return y === 0n ? -1n : s32(x / y);
    case 0o016:
      return y === 0n ? s32(a) : s32(s32(a) % s32(b));
    case 0o017:
      return y === 0n ? s32(a) : s32(x % y);
    case 0o040:
      return x + b;
    case 0o044:
      return rs2 === 0 ? a & 0xffffn : undefined;
    case 0o202:
      return (x << 1n) + b;
    case 0o204:
      return (x << 2n) + b;
    case 0o206:
      return (x << 3n) + b;
    case 0o601:
      return s32(rotateLeft(x, shamt, 32n));
    case 0o605:
      return s32(rotateLeft(x, (32n - shamt) & 31n, 32n));
  }
  return undefined;
}

/** OP-IMM; `imm` is the sign-extended immediate, `high` its 12 bits. */
export function opImm(f3: number, high: number, a: bigint, imm: bigint): bigint | undefined {
  const f6 = high >> 6;
  const shamt = BigInt(high & 63);
  switch (f3) {
    case 0:
      return a + imm;
    case 2:
      return bool(s64(a) < imm);
    case 3:
      return bool(a < u64(imm));
    case 4:
      return a ^ imm;
    case 6:
      return a | imm;
    case 7:
      return a & imm;
    case 1:
      if (f6 === 0x00) return a << shamt;
      if (f6 === 0x0a) return a | (1n << shamt);
      if (f6 === 0x12) return a & ~(1n << shamt);
      if (f6 === 0x1a) return a ^ (1n << shamt);
      return unary(high, a);
    default:
      if (f6 === 0x00) return a >> shamt;
      if (f6 === 0x10) return s64(a) >> shamt;
      if (f6 === 0x12) return (a >> shamt) & 1n;
      if (f6 === 0x18) return rotateLeft(a, (64n - shamt) & 63n, 64n);
      if (high === 0x287) return fromBytes(bytesOf(a).map((byte) => (byte === 0n ? 0n : 0xffn)));
      if (high === 0x6b8) return fromBytes(bytesOf(a).reverse());
      return undefined;
  }
}

function unary(high: number, a: bigint): bigint | undefined {
  switch (high) {
    case 0x600:
      return countLeading(a, 64);
    case 0x601:
      return countTrailing(a, 64);
    case 0x602:
      return countOnes(a);
    case 0x604:
      return BigInt.asIntN(8, a);
    case 0x605:
      return BigInt.asIntN(16, a);
    default:
      return undefined;
  }
}

/** OP-IMM-32 */
export function opImm32(f3: number, high: number, a: bigint, imm: bigint): bigint | undefined {
  const f7 = high >> 5;
  const shamt = BigInt(high & 31);
  const x = u32(a);
  switch (f3) {
    case 0:
      return s32(a + imm);
    case 1:
      if (high >> 6 === 0x02) return x << BigInt(high & 63);
      if (f7 === 0) return s32(a << shamt);
      if (high === 0x600) return countLeading(x, 32);
      if (high === 0x601) return countTrailing(x, 32);
      if (high === 0x602) return countOnes(x);
      return undefined;
    case 5:
      if (f7 === 0x00) return s32(x >> shamt);
      if (f7 === 0x20) return s32(s32(a) >> shamt);
      if (f7 === 0x30) return s32(rotateLeft(x, (32n - shamt) & 31n, 32n));
      return undefined;
    default:
      return undefined;
  }
}

/** What an AMO stores, by funct5; operands and result are `bytes` wide. */
export function amoUpdate(f5: number, bytes: number, rs2: bigint): ((old: bigint) => bigint) | undefined {
  const width = 8 * bytes;
  const b = BigInt.asUintN(width, rs2);
  const signed = (v: bigint): bigint => BigInt.asIntN(width, v);
  switch (f5) {
    case 0x00:
      return (old) => old + b;
    case 0x01:
      return () => b;
    case 0x04:
      return (old) => old ^ b;
    case 0x08:
      return (old) => old | b;
    case 0x0c:
      return (old) => old & b;
    case 0x10:
      return (old) => (signed(old) < signed(b) ? old : b);
    case 0x14:
      return (old) => (signed(old) > signed(b) ? old : b);
    case 0x18:
      return (old) => (old < b ? old : b);
    case 0x1c:
      return (old) => (old > b ? old : b);
    default:
      return undefined;
  }
}
