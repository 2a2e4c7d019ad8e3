// The second model's compressed instructions: each as the 32-bit instruction that the C chapter says it expands to.

const bits = (word: number, high: number, low: number): number => (word >>> low) & ((1 << (high - low + 1)) - 1);
const bit = (word: number, at: number): number => (word >>> at) & 1;
const signed = (value: number, width: number): number => (value << (32 - width)) >> (32 - width);

const iType = (imm: number, rs1: number, f3: number, rd: number, opcode: number): number =>
  ((imm & 0xfff) << 20) | (rs1 << 15) | (f3 << 12) | (rd << 7) | opcode;
const sType = (imm: number, rs2: number, rs1: number, f3: number, opcode: number): number =>
  (bits(imm, 11, 5) << 25) | (rs2 << 20) | (rs1 << 15) | (f3 << 12) | (bits(imm, 4, 0) << 7) | opcode;
const rType = (f7: number, rs2: number, rs1: number, f3: number, rd: number, opcode: number): number =>
  (f7 << 25) | (rs2 << 20) | (rs1 << 15) | (f3 << 12) | (rd << 7) | opcode;
const bType = (imm: number, rs2: number, rs1: number, f3: number): number =>
  (bit(imm, 12) << 31) |
  (bits(imm, 10, 5) << 25) |
  (rs2 << 20) |
  (rs1 << 15) |
  (f3 << 12) |
  (bits(imm, 4, 1) << 8) |
  (bit(imm, 11) << 7) |
  0x63;
const jType = (imm: number, rd: number): number =>
  (bit(imm, 20) << 31) | (bits(imm, 10, 1) << 21) | (bit(imm, 11) << 20) | (bits(imm, 19, 12) << 12) | (rd << 7) | 0x6f;

const LOAD = 0x03;
const OP_IMM = 0x13;
const OP_IMM_32 = 0x1b;
const STORE = 0x23;
const OP = 0x33;
const OP_32 = 0x3b;
const JALR = 0x67;
const RVY_A = 0x7b;
const LY = 1;
const SY = 2;
const YADDI = 4;
const NOP = 0x0000_0013;
const EBREAK = 0x0010_0073;
const YMV_F7 = 0x03;

/**
 * The expansion with Zca (no Zcd, Zcb or Zcmop), or undefined where the code point is reserved. In Capability Pointer Mode
 * (`y`) that of RV64Y; else that of RV64I, where capability accesses revert to Zcd's, which is not there.
 */
export function expand(half: number, y: boolean): number | undefined {
  const f3 = bits(half, 15, 13);
  switch (half & 3) {
    case 0:
      return quadrant0(half, f3, y);
    case 1:
      return quadrant1(half, f3, y);
    default:
      return quadrant2(half, f3, y);
  }
}

/** The stack pointer or a copy of it moved: a capability in Capability Pointer Mode. */
const moved = (imm: number, rs1: number, rd: number, y: boolean): number =>
  y ? iType(imm, rs1, YADDI, rd, RVY_A) : iType(imm, rs1, 0, rd, OP_IMM);

function quadrant0(h: number, f3: number, y: boolean): number | undefined {
  const rs1 = 8 + bits(h, 9, 7);
  const r2 = 8 + bits(h, 4, 2);
  const word = (bits(h, 12, 10) << 3) | (bit(h, 6) << 2) | (bit(h, 5) << 6);
  const double = (bits(h, 12, 10) << 3) | (bits(h, 6, 5) << 6);
  const quad = (bits(h, 12, 11) << 4) | (bit(h, 10) << 8) | (bits(h, 6, 5) << 6);
  switch (f3) {
    case 0: {
      const imm = (bits(h, 12, 11) << 4) | (bits(h, 10, 7) << 6) | (bit(h, 6) << 2) | (bit(h, 5) << 3);
      return imm === 0 ? undefined : moved(imm, 2, r2, y);
    }
    case 1:
      return y ? iType(quad, rs1, LY, r2, RVY_A) : undefined;
    case 2:
      return iType(word, rs1, 2, r2, LOAD);
    case 3:
      return iType(double, rs1, 3, r2, LOAD);
    case 5:
      return y ? sType(quad, r2, rs1, SY, RVY_A) : undefined;
    case 6:
      return sType(word, r2, rs1, 2, STORE);
    case 7:
      return sType(double, r2, rs1, 3, STORE);
    default:
      return undefined;
  }
}

function quadrant1(h: number, f3: number, y: boolean): number | undefined {
  const rd = bits(h, 11, 7);
  const imm = signed((bit(h, 12) << 5) | bits(h, 6, 2), 6);
  switch (f3) {
    case 0:
      // With an immediate of 0 it is a HINT, which modifies no state: on RVY, ADDI would clear the metadata (#rvc-hints).
      return imm === 0 ? NOP : iType(imm, rd, 0, rd, OP_IMM);
    case 1:
      return rd === 0 ? undefined : iType(imm, rd, 0, rd, OP_IMM_32);
    case 2:
      return iType(imm, 0, 0, rd, OP_IMM);
    case 3: {
      if (imm === 0) return undefined;
      if (rd !== 2) return (imm << 12) | (rd << 7) | 0x37;
      const scaled = signed(
        (bit(h, 12) << 9) | (bit(h, 6) << 4) | (bit(h, 5) << 6) | (bits(h, 4, 3) << 7) | (bit(h, 2) << 5),
        10,
      );
      return moved(scaled, 2, 2, y);
    }
    case 4:
      return arithmetic(h, imm);
    case 5: {
      const offset =
        (bit(h, 12) << 11) |
        (bit(h, 11) << 4) |
        (bits(h, 10, 9) << 8) |
        (bit(h, 8) << 10) |
        (bit(h, 7) << 6) |
        (bit(h, 6) << 7) |
        (bits(h, 5, 3) << 1) |
        (bit(h, 2) << 5);
      return jType(signed(offset, 12), 0);
    }
    default: {
      const offset =
        (bit(h, 12) << 8) | (bits(h, 11, 10) << 3) | (bits(h, 6, 5) << 6) | (bits(h, 4, 3) << 1) | (bit(h, 2) << 5);
      return bType(signed(offset, 9), 0, 8 + bits(h, 9, 7), f3 === 6 ? 0 : 1);
    }
  }
}

function arithmetic(h: number, imm: number): number | undefined {
  const rd = 8 + bits(h, 9, 7);
  const rs2 = 8 + bits(h, 4, 2);
  const shamt = imm & 0x3f;
  switch (bits(h, 11, 10)) {
    case 0:
      return iType(shamt, rd, 5, rd, OP_IMM);
    case 1:
      return iType(0x400 | shamt, rd, 5, rd, OP_IMM);
    case 2:
      return iType(imm, rd, 7, rd, OP_IMM);
  }
  switch ((bit(h, 12) << 2) | bits(h, 6, 5)) {
    case 0:
      return rType(0x20, rs2, rd, 0, rd, OP);
    case 1:
      return rType(0, rs2, rd, 4, rd, OP);
    case 2:
      return rType(0, rs2, rd, 6, rd, OP);
    case 3:
      return rType(0, rs2, rd, 7, rd, OP);
    case 4:
      return rType(0x20, rs2, rd, 0, rd, OP_32);
    case 5:
      return rType(0, rs2, rd, 0, rd, OP_32);
    default:
      return undefined;
  }
}

function quadrant2(h: number, f3: number, y: boolean): number | undefined {
  const rd = bits(h, 11, 7);
  const rs2 = bits(h, 6, 2);
  const double = (bit(h, 12) << 5) | (bits(h, 6, 5) << 3) | (bits(h, 4, 2) << 6);
  switch (f3) {
    case 0:
      return iType((bit(h, 12) << 5) | rs2, rd, 1, rd, OP_IMM);
    case 1: {
      const quad = (bit(h, 12) << 5) | (bit(h, 6) << 4) | (bits(h, 5, 2) << 6);
      return rd === 0 || !y ? undefined : iType(quad, 2, LY, rd, RVY_A);
    }
    case 2: {
      const word = (bit(h, 12) << 5) | (bits(h, 6, 4) << 2) | (bits(h, 3, 2) << 6);
      return rd === 0 ? undefined : iType(word, 2, 2, rd, LOAD);
    }
    case 3:
      return rd === 0 ? undefined : iType(double, 2, 3, rd, LOAD);
    case 4:
      if (bit(h, 12) === 0) {
        if (rs2 !== 0) return y ? rType(YMV_F7, 0, rs2, 0, rd, RVY_A) : rType(0, rs2, 0, 0, rd, OP);
        return rd === 0 ? undefined : iType(0, rd, 0, 0, JALR);
      }
      if (rs2 !== 0) return rType(0, rs2, rd, 0, rd, OP);
      return rd === 0 ? EBREAK : iType(0, rd, 0, 1, JALR);
    case 5:
      return y ? sType((bits(h, 12, 11) << 4) | (bits(h, 10, 7) << 6), rs2, 2, SY, RVY_A) : undefined;
    case 6:
      return sType((bits(h, 12, 9) << 2) | (bits(h, 8, 7) << 6), rs2, 2, 2, STORE);
    default:
      return sType((bits(h, 12, 10) << 3) | (bits(h, 9, 7) << 6), rs2, 2, 3, STORE);
  }
}
