// Random programs: a fixed frame that sets registers up and survives any trap, and a random body of instructions in it.
import fc from "fast-check";
import { encode, type Form } from "../../isa/codec.ts";
import type { Image } from "../../isa/image.ts";
import { instructionsOf } from "../../isa/table.ts";
import { Cap, infinite, integer as integerCap, isSubset, P, untagged, type Extensions } from "../model/capability.ts";
import { MIE, MPIE, MPP_AT, MPRV, MXR, SIE, SUM, SYRG, UYRG, YRGE } from "../model/state.ts";
import { randomBody } from "./body.ts";
import {
  BODY,
  CSR,
  frameImage,
  LANDING_BYTES,
  MACHINE_HANDLER,
  PCC_REGISTER,
  STATUS_REGISTER,
  SUPERVISOR_HANDLER,
  type Frame,
  type Setting,
} from "./frame.ts";
import { arbOperands } from "./operands.ts";
import { LOWEST, randomTables, SUPERVISOR_WINDOW, TABLES, WINDOWS } from "./pages.ts";
import { bodyPcc, bounded, dataCapability, integer, preset, type Places } from "./presets.ts";
import { Random } from "./random.ts";

export const PROGRAM_ISAS = [
  "rv64y_zylevels1",
  "rv64y",
  "rv64y_zylevels1_svyrg",
  "rv64y_zylevels1_zyhybrid",
  "rv64y_zyhybrid_svyrg",
] as const;
export type ProgramIsa = (typeof PROGRAM_ISAS)[number];

/** A program as a search can shrink it. */
export interface Program extends Omit<Frame, "zyhybrid"> {
  readonly isa: ProgramIsa;
  /** What the machine does with misaligned integer loads and stores. */
  readonly misaligned: "split" | "trap";
  /** Instruction words; one of 16 bits has its two lowest bits not both set. */
  readonly body: readonly number[];
  /** First bytes of the data region. */
  readonly data: Uint8Array;
  /** Page tables; empty where nothing is translated. */
  readonly tables: Uint8Array;
}

const BASE = 0x8000_0000;
export const PROGRAM_RAM_BYTES = 0x8000;
const BODY_BYTES = 0x800;
/** The data lie across the end of a page. */
export const DATA = 0x1c00;
export const DATA_BYTES = 0x800;
const SV39 = 8n << 60n;
const ADUE = 1n << 61n;
const ENVCFG_Y = 0x100n;
const STCE = 1n << 63n;
/** The bits of mie and mideleg of supervisor software, timer and external interrupts. */
const INTERRUPTS = 0x222;
/** Illegal instructions and faults of fetches, which a supervisor's handler without RVY could not get away from. */
const FETCH_CAUSES = (1n << 1n) | (1n << 2n) | (1n << 12n) | (1n << 32n);

export const placesAt = (window: bigint): Places => ({
  ram: BigInt(BASE),
  ramBytes: BigInt(PROGRAM_RAM_BYTES),
  body: BigInt(BASE + BODY),
  bodyBytes: BigInt(BODY_BYTES),
  data: BigInt.asUintN(64, window + BigInt(DATA)),
  dataBytes: BigInt(DATA_BYTES),
});

export function extensionsOf(isa: ProgramIsa): Extensions {
  const names: readonly string[] = isa.split("_");
  return {
    zylevels1: names.includes("zylevels1"),
    zyhybrid: names.includes("zyhybrid"),
    svyrg: names.includes("svyrg"),
  };
}

/** A body's bytes: 16-bit words take two. */
export const isShort = (word: number): boolean => (word & 3) !== 3;

export function bodyBytes(body: readonly number[]): number {
  return body.reduce((bytes, word) => bytes + (isShort(word) ? 2 : 4), 0);
}

/** The state in which the frame hands over to the body: it does so by the instruction at `pc`, in M-mode. */
export interface Handover {
  readonly pc: bigint;
  /** x1 to x31. */
  readonly registers: readonly Cap[];
  readonly settings: readonly Setting[];
}

/** The program as it lies in memory, and the addresses at which it is over: from the end of its body to the data. */
export function programImage(program: Program): {
  readonly image: Image;
  readonly end: { readonly from: number; readonly to: number };
  readonly handover: Handover;
} {
  const bytes = new Uint8Array(program.tables.length === 0 ? DATA + DATA_BYTES : TABLES + program.tables.length);
  const view = new DataView(bytes.buffer);
  const put = (offset: number, words: readonly number[]): number => {
    let at = offset;
    for (const word of words) {
      if (isShort(word)) view.setUint16(at, word, true);
      else view.setUint32(at, word, true);
      at += isShort(word) ? 2 : 4;
    }
    return at;
  };
  const { zyhybrid } = extensionsOf(program.isa);
  const frame = frameImage({ ...program, zyhybrid });
  for (const [offset, words] of frame.code) put(offset, words);
  for (const [offset, { addr, high, low }] of frame.constants) {
    view.setBigUint64(offset, addr, true);
    view.setInt32(offset + 8, low, true);
    view.setInt32(offset + 12, high, true);
  }
  const end = put(BODY, program.body);
  if (end > BODY + BODY_BYTES) throw new Error("the body is too long");
  bytes.set(program.data, DATA);
  if (program.tables.length > 0) bytes.set(program.tables, TABLES);
  const segment = { address: BASE, bytes, memoryBytes: bytes.length, executable: true, writable: true };
  const image = { entry: BASE, segments: [segment], symbols: new Map(), categories: ["other"], ranges: [] };
  const pc = BigInt(BASE + 4 * (frame.code[0]![1].length - 1));
  return { image, end: { from: BASE + end, to: BASE + DATA }, handover: { pc, ...handedOver(program) } };
}

function handedOver(program: Program): Omit<Handover, "pc"> {
  const x = extensionsOf(program.isa);
  const root = infinite(x, 0n);
  // YBLD gives a tag to what Infinite contains.
  const built = (c: Cap): Cap => (!c.tag || isSubset(c, root, x) ? c : untagged(c));
  const registers = program.presets.map(built);
  registers[PCC_REGISTER - 1] = built(program.pcc);
  registers[STATUS_REGISTER - 1] = integerCap(program.status);
  const last: Setting[] = program.returns ? [{ csr: CSR.mepc, value: program.pcc }] : [];
  const settings = [...program.settings, ...last, { csr: CSR.mstatus, value: integerCap(program.status) }];
  return { registers, settings: settings.map(({ csr, value }) => ({ csr, value: built(value) })) };
}

/** Registers that compressed instructions name, and sp: they hold memory to load from and store to. */
const POINTERS = new Set([2, 8, 9, 10, 11, 12, 13]);
/** In a translated program it points at the lowest level of the page tables. */
export const TABLE_POINTER = 14;

/** How a program is to run, drawn before anything else. */
interface Plan {
  readonly isa: ProgramIsa;
  readonly x: Extensions;
  readonly translated: boolean;
  readonly privilege: number;
  /** Zyhybrid: the pointer mode in which the body begins. */
  readonly integral: boolean;
  readonly enabled: boolean;
  readonly generations: boolean;
}

function randomPlan(random: Random, wanted?: ProgramIsa): Plan {
  const isa = wanted ?? PROGRAM_ISAS[random.chance(0.3) ? 0 : random.below(PROGRAM_ISAS.length)]!;
  const x = extensionsOf(isa);
  const translated = random.chance(0.35);
  const privilege = translated ? random.pick([0, 1, 1, 3]) : 3;
  const enabled = !x.zyhybrid || random.chance(0.85);
  const integral = x.zyhybrid && random.chance(0.5);
  return { isa, x, translated, privilege, integral, enabled, generations: x.svyrg && random.chance(0.7) };
}

function randomFrame(random: Random, plan: Plan): Omit<Program, "body"> {
  const { isa, x, translated, privilege } = plan;
  const place = (): Places => placesAt(translated && random.chance(0.4) ? random.pick(WINDOWS) : WINDOWS[0]);
  const presets = Array.from({ length: 29 }, (_, i) =>
    POINTERS.has(i + 1) ? dataCapability(random, place(), x, true) : preset(random, place(), x),
  );
  if (translated) presets[TABLE_POINTER - 1] = tablePointer(random, x);
  const data = new Uint8Array(DATA_BYTES);
  const view = new DataView(data.buffer);
  for (let at = 0; at < DATA_BYTES; at += 16) {
    if (random.chance(0.3)) view.setBigUint64(at, random.chance(0.5) ? random.bits64() : integer(random), true);
  }
  const tables = translated
    ? randomTables(random, { user: privilege === 0, generations: plan.generations })
    : new Uint8Array(0);
  const machineHandler = { integral: x.zyhybrid && random.chance(0.3), switches: true };
  const supervisorHandler = { integral: x.zyhybrid && (!plan.enabled || random.chance(0.3)), switches: false };
  const pcc = bodyPcc(random, placesAt(WINDOWS[0]), x, plan.integral);
  const settings = randomSettings(random, plan, machineHandler.integral, supervisorHandler.integral);
  const misaligned = random.chance(0.15) ? "trap" : "split";
  const status = randomStatus(random, plan);
  return {
    ...{ isa, misaligned, presets, pcc, settings, status, returns: privilege !== 3, data, tables },
    ...{ machineHandler, supervisorHandler },
  };
}

/** Almost always usable: what it changes decides what the other pointers reach. */
function tablePointer(random: Random, x: Extensions): Cap {
  const base = BigInt(BASE + LOWEST);
  return random.chance(0.5) ? bounded(infinite(x, 0n), base, 4096n, base) : infinite(x, base);
}

/** mstatus at the body's begin; MPP is the mode that MRET goes to, or the one that MPRV lends. */
function randomStatus(random: Random, { translated, privilege, generations }: Plan): bigint {
  const lends = privilege === 3 && translated;
  const mode = lends ? random.pick([0, 1, 1]) : privilege;
  const enables = (random.chance(0.3) ? SIE : 0) | (random.chance(0.3) ? MIE | MPIE : 0);
  const low =
    (translated && random.chance(0.6) ? SUM : 0) |
    (translated && random.chance(0.3) ? MXR : 0) |
    (lends ? MPRV : 0) |
    (mode << MPP_AT) |
    enables;
  const high = generations ? YRGE | (random.chance(0.3) ? UYRG : 0) | (random.chance(0.3) ? SYRG : 0) : 0;
  return (BigInt(high) << 32n) | BigInt(low);
}

function randomSettings(random: Random, plan: Plan, mIntegral: boolean, sIntegral: boolean): Setting[] {
  const { x, translated, enabled } = plan;
  const code = (offset: number, integral: boolean): Cap => {
    const { high } = infinite(x, 0n);
    return new Cap(true, integral ? high | P : high, 0, BigInt(BASE + offset));
  };
  const landing = code(BODY + LANDING_BYTES, plan.integral);
  const set = (csr: number, value: bigint): Setting => ({ csr, value: integerCap(value) });
  const vector = { ...code(SUPERVISOR_HANDLER + 1, sIntegral) };
  const window = translated ? SUPERVISOR_WINDOW - BigInt(BASE) : 0n;
  const supervisorVector = new Cap(true, vector.high, 0, vector.addr + window);
  const delegated = random.chance(0.3) ? random.bits64() & ~(random.chance(0.5) ? 4n : 0n) : 0n;
  const medeleg = enabled ? delegated : delegated & ~FETCH_CAUSES;
  const envcfg = (random.chance(0.5) ? 0xf1n : 0n) | (enabled ? ENVCFG_Y : 0n);
  return [
    { csr: CSR.mtvec, value: code(MACHINE_HANDLER + 1, mIntegral) },
    { csr: CSR.mscratch, value: landing },
    { csr: CSR.stvec, value: supervisorVector },
    { csr: CSR.sscratch, value: landing },
    set(CSR.medeleg, medeleg),
    set(CSR.menvcfg, envcfg | (translated && random.chance(0.5) ? ADUE : 0n) | (random.chance(0.5) ? STCE : 0n)),
    ...randomInterrupts(random),
    ...(x.zyhybrid
      ? [set(CSR.senvcfg, random.chance(0.8) ? envcfg : 0n), { csr: CSR.ddc, value: ddc(random, x) }]
      : []),
    ...(translated ? [set(CSR.satp, SV39 | (BigInt(random.below(4)) << 44n) | BigInt((BASE + TABLES) / 4096))] : []),
  ];
}

/** Now and then: interrupts enabled and delegated, and a timer that runs out while the body runs. */
function randomInterrupts(random: Random): Setting[] {
  if (random.chance(0.6)) return [];
  const set = (csr: number, value: number): Setting => ({ csr, value: integerCap(BigInt(value)) });
  const some = (): number => random.bits() & INTERRUPTS;
  return [set(CSR.mideleg, some()), set(CSR.mie, some()), set(CSR.stimecmp, random.between(2, 120))];
}

/** The default data capability: Infinite mostly, or one to some data. */
function ddc(random: Random, x: Extensions): Cap {
  if (random.chance(0.6)) return infinite(x, random.chance(0.5) ? 0n : random.bits64());
  const places = placesAt(WINDOWS[0]);
  if (random.chance(0.5)) return bounded(infinite(x, 0n), places.data, places.dataBytes, places.data);
  return random.chance(0.5) ? dataCapability(random, places, x, true) : preset(random, places, x);
}

/** Program number `index` of a campaign: its body has at least 64 instructions. */
export function randomProgram(seed: number, index: number, isa?: ProgramIsa): Program {
  const random = Random.of(seed, index);
  const plan = randomPlan(random, isa);
  const frame = randomFrame(random, plan);
  return { ...frame, body: randomBody(random, 64 + random.below(48), plan) };
}

/** Any instruction of an ISA with any operands, as a word. */
export function arbInstruction(isa: ProgramIsa): fc.Arbitrary<number> {
  const forms = instructionsOf(isa);
  const capability = forms.filter((f) => f.insn.ext === "Y" || f.insn.with === "Y");
  const word = (f: Form): fc.Arbitrary<number> => arbOperands(f).map((operands) => encode(f, operands));
  const any = fc.constantFrom(...forms).chain(word);
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...capability).chain(word) }, { weight: 2, arbitrary: any });
}

/** A program whose body shrinks instruction by instruction; the rest comes from a seed. */
export const arbProgram: fc.Arbitrary<Program> = fc
  .tuple(fc.integer(), fc.constantFrom(...PROGRAM_ISAS))
  .chain(([seed, isa]) =>
    fc.array(arbInstruction(isa), { minLength: 1, maxLength: 96 }).map((body) => {
      const random = new Random(seed);
      return { ...randomFrame(random, randomPlan(random, isa)), body };
    }),
  );
