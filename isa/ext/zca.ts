// Zca: 16-bit encodings; each one expands to an instruction of the base, as the standard's page says.
import { insn, type Insn, type Operands } from "../insn.ts";
import { rv64i } from "./rv64i.ts";
import { rvy } from "./rvy.ts";

type Expansion = Readonly<Record<string, number | bigint>>;

const BASE: ReadonlyMap<string, Insn> = new Map([...rv64i, ...rvy].map((i) => [i.name, i]));

/** What differs from the plain case; `capability` is the instruction to expand to where pointers are capabilities. */
type Extra = Pick<Insn, "except" | "implies" | "with" | "without"> & { readonly capability?: string };

function compressed<const Bits extends string>(
  name: string,
  bits: Bits,
  asm: string,
  spec: string,
  base: string,
  expand: (o: Operands<Bits>) => Expansion,
  { capability = base, ...extra }: Extra = {},
): Insn {
  const [plain, withCapabilities] = [BASE.get(base)!, BASE.get(capability)!];
  return insn<Bits>({
    ...{ name, ext: "Zca", timing: plain.timing, spec, bits, asm, ...extra },
    exec: (m, o) => (m.capabilityMode ? withCapabilities : plain).exec(m, expand(o) as never),
  });
}

const X0 = 0;
const RA = 1;
const SP = 2;

const LOADS = "#reg-based-ldnstr";
const STORES = "#c-cs-format-ls";
const SP_LOADS = "#c-sp-load-store";
const SP_STORES = "#c-sp-load-store-css";
const IMMEDIATES = "#c-integer-register-immediate";

type Memory = { readonly rs1?: number; readonly rd?: number; readonly rs2?: number; readonly uimm: bigint };

/** A load or store through a register, or through sp where the encoding names no base. */
const access = (o: Memory): Expansion => ({ rs1: SP, ...o, imm: o.uimm });

type Arithmetic = { readonly rd: number; readonly rs1: number };
const registers = (o: Arithmetic & { readonly rs2: number }): Expansion => o;
const withImmediate = (o: Arithmetic & { readonly imm: bigint }): Expansion => o;
const withAmount = (o: Arithmetic & { readonly uimm: bigint }): Expansion => o;

const Y = { with: "Y" } as const;
const viaSp = { implies: { rs1: SP } } as const;

export const zca: readonly Insn[] = [
  // Loads and stores

  compressed("c.lw", "010 uimm[5:3] rs1' uimm[2|6] rd' 00", "rd, uimm(rs1)", LOADS, "lw", access),
  compressed("c.ld", "011 uimm[5:3] rs1' uimm[7:6] rd' 00", "rd, uimm(rs1)", LOADS, "ld", access),
  compressed("c.ly", "001 uimm[5:4|8] rs1' uimm[7:6] rd' 00", "rd, uimm(rs1)", "#C_LOAD_CAP", "ly", access, Y),
  compressed("c.sw", "110 uimm[5:3] rs1' uimm[2|6] rs2' 00", "rs2, uimm(rs1)", STORES, "sw", access),
  compressed("c.sd", "111 uimm[5:3] rs1' uimm[7:6] rs2' 00", "rs2, uimm(rs1)", STORES, "sd", access),
  compressed("c.sy", "101 uimm[5:4|8] rs1' uimm[7:6] rs2' 00", "rs2, uimm(rs1)", "#C_STORE_CAP", "sy", access, Y),
  compressed("c.lwsp", "010 uimm[5] rd uimm[4:2|7:6] 10", "rd, uimm(sp)", SP_LOADS, "lw", access, {
    ...{ except: "rd=0", ...viaSp },
  }),
  compressed("c.ldsp", "011 uimm[5] rd uimm[4:3|8:6] 10", "rd, uimm(sp)", SP_LOADS, "ld", access, {
    ...{ except: "rd=0", ...viaSp },
  }),
  compressed("c.lysp", "001 uimm[5] rd uimm[4|9:6] 10", "rd, uimm(sp)", "#C_LOAD_CAP_SP", "ly", access, {
    ...{ except: "rd=0", ...viaSp, ...Y },
  }),
  compressed("c.swsp", "110 uimm[5:2|7:6] rs2 10", "rs2, uimm(sp)", SP_STORES, "sw", access, viaSp),
  compressed("c.sdsp", "111 uimm[5:3|8:6] rs2 10", "rs2, uimm(sp)", SP_STORES, "sd", access, viaSp),
  compressed("c.sysp", "101 uimm[5:4|9:6] rs2 10", "rs2, uimm(sp)", "#C_STORE_CAP_SP", "sy", access, {
    ...{ ...viaSp, ...Y },
  }),

  // Jumps and branches

  compressed("c.j", "101 imm[11|4|9:8|10|6|7|3:1|5] 01", "target", "#c-cj-format-ls", "jal", (o) => ({ rd: X0, ...o })),
  compressed("c.beqz", "110 imm[8|4:3] rs1' imm[7:6|2:1|5] 01", "rs1, target", "#c-cb-format-ls", "beq", (o) => ({
    ...{ rs2: X0, ...o },
  })),
  compressed("c.bnez", "111 imm[8|4:3] rs1' imm[7:6|2:1|5] 01", "rs1, target", "#c-cb-format-ls", "bne", (o) => ({
    ...{ rs2: X0, ...o },
  })),
  compressed(
    ...(["c.jr", "1000 rs1 00000 10", "rs1", "#C_JR_CHERI", "jalr"] as const),
    (o) => ({ rd: X0, rs1: o.rs1, imm: 0n }),
    { except: "rs1=0" },
  ),
  compressed(
    ...(["c.jalr", "1001 rs1 00000 10", "rs1", "#C_JALR_CHERI", "jalr"] as const),
    (o) => ({ rd: RA, rs1: o.rs1, imm: 0n }),
    { except: "rs1=0", implies: { rd: RA } },
  ),

  // Constants and arithmetic with an immediate

  compressed("c.li", "010 imm[5] rd imm[4:0] 01", "rd, imm", "#c-integer-const-gen", "addi", (o) => ({
    rs1: X0,
    ...o,
  })),
  compressed(
    ...(["c.lui", "011 imm[17] rd imm[16:12] 01", "rd, upper", "#c-integer-const-gen", "lui"] as const),
    (o) => ({ rd: o.rd, imm: o.imm }),
    { except: "rd=2 imm=0" },
  ),
  // With imm=0 it is a HINT (#rvc-hints), which modifies nothing: ADDI would clear a capability's metadata and tag.
  compressed(
    ...(["c.addi", "000 imm[5] rd/rs1 imm[4:0] 01", "rd, imm", IMMEDIATES, "addi"] as const),
    (o) => (o.imm === 0n ? { rd: X0, rs1: X0, imm: 0n } : withImmediate(o)),
    { except: "rd=0" },
  ),
  compressed("c.nop", "000 imm[5] 00000 imm[4:0] 01", "", "#c-nop-instr", "addi", () => ({ rd: X0, rs1: X0, imm: 0n })),
  compressed("c.addiw", "001 imm[5] rd/rs1 imm[4:0] 01", "rd, imm", IMMEDIATES, "addiw", withImmediate, {
    except: "rd=0",
  }),
  compressed(
    ...(["c.addi16sp", "011 imm[9] 00010 imm[4|6|8:7|5] 01", "sp, imm", "#C_ADDI16SP_CAP", "addi"] as const),
    (o) => ({ rd: SP, rs1: SP, imm: o.imm }),
    { except: "imm=0", implies: { rd: SP, rs1: SP }, capability: "yaddi" },
  ),
  compressed(
    ...(["c.addi4spn", "000 uimm[5:4|9:6|2|3] rd' 00", "rd, sp, uimm", "#C_ADDI4SPN_CAP", "addi"] as const),
    (o) => ({ rd: o.rd, rs1: SP, imm: o.uimm }),
    { except: "uimm=0", ...viaSp, capability: "yaddi" },
  ),
  compressed("c.slli", "000 uimm[5] rd/rs1 uimm[4:0] 10", "rd, uimm", IMMEDIATES, "slli", withAmount),
  compressed("c.srli", "100 uimm[5] 00 rd'/rs1' uimm[4:0] 01", "rd, uimm", "#c-srli-srai", "srli", withAmount),
  compressed("c.srai", "100 uimm[5] 01 rd'/rs1' uimm[4:0] 01", "rd, uimm", "#c-srli-srai", "srai", withAmount),
  compressed("c.andi", "100 imm[5] 10 rd'/rs1' imm[4:0] 01", "rd, imm", "#c-andi", "andi", withImmediate),

  // Register to register

  compressed("c.mv", "1000 rd rs2 10", "rd, rs2", "#c-cr", "add", (o) => ({ rs1: X0, ...o }), {
    ...{ except: "rs2=0", without: "Y" },
  }),
  compressed("c.ymv", "1000 rd rs2 10", "rd, rs2", "#C_MV_CAP", "ymv", (o) => ({ rd: o.rd, rs1: o.rs2 }), {
    ...{ except: "rs2=0", with: "Y" },
  }),
  compressed("c.add", "1001 rd/rs1 rs2 10", "rd, rs2", "#c-cr", "add", registers, { except: "rs2=0" }),
  compressed("c.sub", "100011 rd'/rs1' 00 rs2' 01", "rd, rs2", "#c-ca", "sub", registers),
  compressed("c.xor", "100011 rd'/rs1' 01 rs2' 01", "rd, rs2", "#c-ca", "xor", registers),
  compressed("c.or", "100011 rd'/rs1' 10 rs2' 01", "rd, rs2", "#c-ca", "or", registers),
  compressed("c.and", "100011 rd'/rs1' 11 rs2' 01", "rd, rs2", "#c-ca", "and", registers),
  compressed("c.subw", "100111 rd'/rs1' 00 rs2' 01", "rd, rs2", "#c-ca", "subw", registers),
  compressed("c.addw", "100111 rd'/rs1' 01 rs2' 01", "rd, rs2", "#c-ca", "addw", registers),

  compressed("c.ebreak", "1001 00000 00000 10", "", "#c-breakpoint-instr", "ebreak", () => ({})),
];
