// What each control and status register does when it is read and written, by its name in the standard.
import { setAddress } from "../../isa/cap/bounds.ts";
import { INTERRUPT } from "../../isa/cause.ts";
import { PMP_ENTRIES } from "../../isa/csr.ts";
import type { Extension } from "../../isa/insn.ts";
import type { Arithmetic, Capabilities } from "../../isa/semantics.ts";
import type { Capability } from "./capability.ts";
import { type CapabilityArithmetic } from "./capability.ts";
import { INHIBIT, type CounterCsr } from "./counters.ts";
import { HELD, isSet, type HeldAt } from "./held.ts";
import type { Pmp } from "./pmp.ts";
import { IP, lowWord, MENVCFG, MSTATUS, MSTATUS_HIGH, SUPERVISOR_INTERRUPTS, type Hart } from "./hart.ts";

/** What an engine has to look at again after a write. */
export const Effect = { none: 0, interrupts: 1, translation: 2 } as const;
export type Effect = (typeof Effect)[keyof typeof Effect];

/** A register of XLEN bits. A read-only one has no `write`; one that ignores writes has an empty one. */
export interface XlenCsr {
  readonly kind: "xlen";
  readonly read: () => bigint;
  readonly write: (value: bigint) => Effect;
}

/** A register that holds a capability; `write` gets what the general rules leave of the written value. */
export interface YlenCsr {
  readonly kind: "ylen";
  readonly read: () => Capability;
  readonly write: (value: Capability) => Effect;
}

/** A register that only holds what it is given: an engine may read and write it where it lies. */
export interface HeldCsr {
  readonly kind: "held";
  readonly at: HeldAt;
  readonly width: "xlen" | "ylen";
  /** What is left of a value that is written, after the general rules. */
  readonly keep: KeepRule;
}

/** In the algebra, so that an engine can translate it. */
export type KeepRule = <X, Y>(m: Arithmetic<X> & Capabilities<X, Y>, value: Y) => Y;

/** A register of XLEN bits that shows what is held, or fields of it; its rules, too, can be translated. */
export interface FieldsCsr {
  readonly kind: "fields";
  readonly at: HeldAt;
  readonly read: <X>(m: Arithmetic<X>, held: X) => X;
  readonly write: <X>(m: Arithmetic<X>, held: X, value: X) => FieldsWrite<X>;
  /** May a write let in an interrupt that is pending? */
  readonly letsIn: boolean;
  /** Bits of mstatus that withhold the register from S-mode. */
  readonly withheldBy: number;
}

export interface FieldsWrite<X> {
  /** What is held from then on. */
  readonly held: X;
  /** 1 where addresses may mean something else then (`Effect.translation`). */
  readonly retranslates: X;
}

export type CsrBehaviour = XlenCsr | YlenCsr | HeldCsr | FieldsCsr | CounterCsr;

export interface BehaviourOptions {
  readonly hart: Hart;
  readonly m: CapabilityArithmetic;
  readonly extensions: ReadonlySet<Extension>;
  readonly instructionAlignment: 2 | 4;
}

const XLEN = 64;
const MIE_MASK = IP.SSIP | IP.MSIP | IP.STIP | IP.MTIP | IP.SEIP | IP.MEIP;
const { SIE, MIE, SPIE, MPIE, SPP, MPP, MPRV, SUM, MXR, TVM, TW, TSR } = MSTATUS;
const { UXL, YRGE, SYRG, UYRG } = MSTATUS_HIGH;
/** A field of mstatus, or several, in its low and its high word. */
const fields = (low: number, high = 0): bigint => BigInt(low) | (BigInt(high) << 32n);
const MSTATUS_MASK = SIE | MIE | SPIE | MPIE | SPP | MPP | MPRV | SUM | MXR | TVM | TW | TSR;
const SSTATUS_MASK = SIE | SPIE | SPP | SUM | MXR;
/** What Svyrg adds to the high word of both (#mstatus_y, #sstatus_y). */
const SVYRG_MASK = YRGE | SYRG | UYRG;
/** Changing these changes what an address means; MPP does only while MPRV is set. */
const MSTATUS_TRANSLATION = fields(MPRV | SUM | MXR, SVYRG_MASK);
const MPP_RESERVED = 2 << 11;
/** Exceptions that can be delegated: all that can occur below M-mode (machine.adoc, medeleg); the first, where IALIGN is 32. */
const MEDELEG_BASE = 0xb3fen;
const MEDELEG_MISALIGNED = 1n;
const MEDELEG_CHERI = 0x1f_0000_0000n;
const { CY, IR } = INHIBIT;
const COUNTEREN_MASK = 0xffff_ffffn;
const SATP_MODE_SHIFT = 60n;
const SATP_BARE = 0n;
const SATP_SV39 = 8n;
const MISA_MXL_64 = 2n << 62n;

const none = (): Effect => Effect.none;
const readOnly = (read: () => bigint): XlenCsr => ({ kind: "xlen", read, write: none });
const zero = readOnly(() => 0n);
/** What counters that nobody writes or inhibits have in common. */
const COUNTER = { kind: "counter", inhibitedBy: 0n, write: none } as const;

/** A field of the hart that holds interrupts, of which `mask` is writable. */
function interruptsOf(hart: Hart, name: "mie" | "mideleg", mask: number): XlenCsr {
  return {
    kind: "xlen",
    read: () => BigInt(hart[name]),
    write: (value) => {
      hart[name] = lowWord(value) & mask;
      return Effect.interrupts;
    },
  };
}

/** A plain field of the hart, of which `mask` is writable. */
function fieldOf<K extends keyof Hart>(
  hart: { [P in K]: bigint },
  name: K,
  mask: bigint,
  effect: Effect = Effect.none,
): XlenCsr {
  return {
    kind: "xlen",
    read: () => hart[name],
    write: (value) => {
      hart[name] = value & mask;
      return effect;
    },
  };
}

/** Behaviour of every register that this hart has. */
export function behaviours(o: BehaviourOptions): Readonly<Record<string, CsrBehaviour>> {
  return { ...machineInformation(o), ...status(o), ...traps(o), ...counters(o.hart), ...protection(o.hart.pmp) };
}

function machineInformation({ extensions }: BehaviourOptions): Record<string, CsrBehaviour> {
  const letter = (l: string): bigint => 1n << BigInt(l.charCodeAt(0) - "A".charCodeAt(0));
  const has = (...needed: Extension[]): boolean => needed.every((e) => extensions.has(e));
  const letters = [
    ...["I", "S", "U"],
    ...(has("M") ? ["M"] : []),
    ...(has("A") ? ["A"] : []),
    ...(has("Zca") ? ["C"] : []),
    ...(has("Zba", "Zbb", "Zbs") ? ["B"] : []),
    ...(has("Y") ? ["Y"] : []),
  ];
  const misa = letters.reduce((bits, l) => bits | letter(l), MISA_MXL_64);
  return {
    misa: readOnly(() => misa),
    ...{ mvendorid: zero, marchid: zero, mimpid: zero, mhartid: zero, mconfigptr: zero },
  };
}

/** mstatus and what else says how the hart behaves in each mode. */
function status({ hart, extensions }: BehaviourOptions): Record<string, CsrBehaviour> {
  // On an RVY base the Y field is read-only 1; Zyhybrid makes it writable (machine.adoc, menvcfg; supervisor.adoc, senvcfg).
  const zyhybrid = extensions.has("Zyhybrid");
  const fixed = extensions.has("Y") && !zyhybrid ? MENVCFG.Y : 0n;
  // What menvcfg and senvcfg share: fields are there with the extension that furnishes them.
  const shared = [
    MENVCFG.FIOM,
    extensions.has("Zicbom") ? MENVCFG.CBIE | MENVCFG.CBCFE : 0n,
    extensions.has("Zicboz") ? MENVCFG.CBZE : 0n,
    zyhybrid ? MENVCFG.Y : 0n,
  ].reduce((mask, field) => mask | field);
  const svyrg = extensions.has("Svyrg") ? SVYRG_MASK : 0;
  const legalEnvcfg = (value: bigint, mask: bigint): bigint =>
    (value & MENVCFG.CBIE) === MENVCFG.CBIE_RESERVED ? value & mask & ~MENVCFG.CBIE : value & mask;
  return {
    mstatus: statusFields((_, held) => held, fields(MSTATUS_MASK, svyrg)),
    sstatus: statusFields(
      (m, held) => m.and(held, m.const(fields(SSTATUS_MASK, svyrg | UXL))),
      fields(SSTATUS_MASK, svyrg),
    ),
    menvcfg: {
      kind: "xlen",
      read: () => hart.menvcfg | fixed,
      write: (value) => {
        const old = hart.menvcfg;
        hart.menvcfg = legalEnvcfg(value, shared | MENVCFG.ADUE | MENVCFG.STCE);
        return ((old ^ hart.menvcfg) & MENVCFG.ADUE) !== 0n ? Effect.translation : Effect.interrupts;
      },
    },
    senvcfg: {
      kind: "xlen",
      read: () => hart.senvcfg | fixed,
      write: (value) => {
        hart.senvcfg = legalEnvcfg(value, shared);
        return Effect.none;
      },
    },
    satp: {
      ...{ kind: "fields", at: HELD.satp, letsIn: false, withheldBy: TVM },
      read: (_, held) => held,
      write: (m, held, value) => {
        // A mode that is not supported: the write has no effect at all (supervisor.adoc, satp).
        const mode = m.let(m.shr(value, m.const(SATP_MODE_SHIFT)));
        const supported = m.let(m.or(m.eq(mode, m.const(SATP_BARE)), m.eq(mode, m.const(SATP_SV39))));
        return { held: m.select(supported, value, held), retranslates: supported };
      },
    },
  };
}

/** A register that shows fields of mstatus, of which `mask` is writable. */
function statusFields(read: FieldsCsr["read"], mask: bigint): FieldsCsr {
  return {
    ...{ kind: "fields", at: HELD.mstatus, letsIn: true, withheldBy: 0, read },
    write: (m, held, value) => {
      const given = m.let(m.or(m.and(held, m.const(~mask)), m.and(value, m.const(mask))));
      const mpp = m.const(fields(MPP));
      // MPP holds a mode that exists: 2 is none, and leaves it as it was.
      const reserved = m.eq(m.and(given, mpp), m.const(fields(MPP_RESERVED)));
      const next = m.let(m.select(reserved, m.xor(given, m.and(m.xor(held, given), mpp)), given));
      const usesMpp = isSet(m, next, fields(MPRV));
      const changes = m.let(m.xor(held, next));
      const changesMode = m.and(usesMpp, isSet(m, changes, fields(MPP)));
      return { held: next, retranslates: m.or(isSet(m, changes, MSTATUS_TRANSLATION), changesMode) };
    },
  };
}

/** Vectors, saved state, delegation, interrupts and scratch registers. */
function traps(o: BehaviourOptions): Record<string, CsrBehaviour> {
  const { hart, extensions } = o;
  const misaligned = o.instructionAlignment === 4 ? MEDELEG_MISALIGNED : 0n;
  const medeleg = MEDELEG_BASE | misaligned | (extensions.has("Y") ? MEDELEG_CHERI : 0n);
  const setMip = (mask: number, value: bigint): Effect => {
    hart.mipSoftware = (hart.mipSoftware & ~mask) | (lowWord(value) & mask);
    return Effect.interrupts;
  };
  return {
    medeleg: fieldOf(hart, "medeleg", medeleg),
    mideleg: interruptsOf(hart, "mideleg", SUPERVISOR_INTERRUPTS),
    mie: interruptsOf(hart, "mie", MIE_MASK),
    mip: {
      kind: "xlen",
      read: () => BigInt(hart.mip),
      write: (value) => setMip(IP.SSIP | IP.SEIP | (hart.sstc ? 0 : IP.STIP), value),
    },
    sie: {
      kind: "xlen",
      read: () => BigInt(hart.mie & hart.mideleg),
      write: (value) => {
        hart.mie = (hart.mie & ~hart.mideleg) | (lowWord(value) & hart.mideleg);
        return Effect.interrupts;
      },
    },
    sip: {
      kind: "xlen",
      read: () => BigInt(hart.mip & hart.mideleg),
      write: (value) => setMip(IP.SSIP & hart.mideleg, value),
    },
    stimecmp: fieldOf(hart, "stimecmp", (1n << BigInt(XLEN)) - 1n, Effect.interrupts),
    mcause: held(HELD.mcause, "xlen"),
    scause: held(HELD.scause, "xlen"),
    mtval: held(HELD.mtval, "xlen"),
    stval: held(HELD.stval, "xlen"),
    mtvec: held(HELD.mtvec, "ylen", vector(o, INTERRUPT.machineExternal)),
    stvec: held(HELD.stvec, "ylen", vector(o, INTERRUPT.supervisorExternal)),
    mepc: held(HELD.mepc, "ylen", savedPc(o.instructionAlignment)),
    sepc: held(HELD.sepc, "ylen", savedPc(o.instructionAlignment)),
    mscratch: held(HELD.mscratch, "ylen"),
    sscratch: held(HELD.sscratch, "ylen"),
    mtidc: held(HELD.mtidc, "ylen"),
    stidc: held(HELD.stidc, "ylen"),
    utidc: held(HELD.utidc, "ylen"),
    ddc: {
      kind: "ylen",
      read: () => hart.ddc,
      write: (value) => {
        hart.ddc = value;
        return Effect.none;
      },
    },
  };
}

/** Direct write: the register holds whatever it is given. */
const whatever: KeepRule = (_, value) => value;

const held = (at: HeldAt, width: HeldCsr["width"], keep = whatever): HeldCsr => ({
  kind: "held",
  ...{ at, width, keep },
});

/**
 * Trap vectors (#mtvec_y): always an address update, so that a sealed value loses its tag; in vectored mode every address
 * that a trap can form must be representable. Modes 2 and 3 are reserved and become 0 and 1.
 */
function vector({ extensions }: BehaviourOptions, highestCause: number): KeepRule {
  // An integer machine's vectors have no tag to lose, and no bounds.
  const capabilities = extensions.has("Y");
  return (m, value) => {
    const addr = m.let(m.and(m.addr(value), m.const(~2n)));
    if (!capabilities) return m.cap(m.tag(value), m.meta(value), addr);
    const base = m.let(m.and(addr, m.const(~3n)));
    const beyond = m.select(m.eq(addr, base), m.const(0n), m.const(BigInt(4 * highestCause)));
    const reached = [base, m.add(base, beyond)].map((a) => m.tag(setAddress(m, value, a)));
    return m.keepTagIf(
      setAddress(m, value, addr),
      reached.reduce((a, b) => m.and(a, b)),
    );
  };
}

/** Saved program counters (#mepc_y): a sealed value stays; the tag goes where the address is not one of an instruction. */
function savedPc(instructionAlignment: number): KeepRule {
  return (m, value) => {
    const addr = m.addr(value);
    const excess = m.let(m.and(addr, m.const(BigInt(instructionAlignment - 1))));
    const aligned = m.cap(m.tag(value), m.meta(value), m.sub(addr, excess));
    return m.keepTagIf(aligned, m.eq(excess, m.const(0n)));
  };
}

function counters(hart: Hart): Record<string, CsrBehaviour> {
  // A register changes after the writing instruction: minstret does not count its own write, and counts that which inhibits it.
  const now = (): bigint => BigInt(hart.clock.now);
  const retiredSoon = (): bigint => BigInt(hart.clock.retired + 1);
  const stands = (counter: bigint): boolean => (hart.mcountinhibit & counter) !== 0n;
  const cycle: CounterCsr = { ...COUNTER, counts: "now", offset: HELD.cycleOffset, inhibitedBy: CY };
  const instret: CounterCsr = { ...COUNTER, counts: "retired", offset: HELD.instretOffset, inhibitedBy: IR };
  const fixed: Record<string, CsrBehaviour> = {
    mcounteren: fieldOf(hart, "mcounteren", COUNTEREN_MASK),
    scounteren: fieldOf(hart, "scounteren", COUNTEREN_MASK),
    mcountinhibit: {
      kind: "xlen",
      read: () => hart.mcountinhibit,
      write: (value) => {
        const next = value & (CY | IR);
        const changes = hart.mcountinhibit ^ next;
        if ((changes & CY) !== 0n) hart.cycleOffset += stands(CY) ? -now() : now();
        if ((changes & IR) !== 0n) hart.instretOffset += stands(IR) ? -retiredSoon() : retiredSoon();
        hart.mcountinhibit = next;
        return Effect.none;
      },
    },
    ...{ cycle, instret, time: { ...COUNTER, counts: "now", offset: HELD.timeOffset } },
    mcycle: {
      ...cycle,
      write: (value: bigint) => {
        hart.cycleOffset = stands(CY) ? value : value - now();
        return Effect.none;
      },
    },
    minstret: {
      ...instret,
      write: (value: bigint) => {
        hart.instretOffset = stands(IR) ? value : value - retiredSoon();
        return Effect.none;
      },
    },
  };
  // No debug trigger is implemented: a tdata1 of 0 says so to the debugger that looks.
  for (const name of ["tselect", "tdata1", "tdata2", "tdata3"]) fixed[name] = zero;
  for (let n = 3; n < 32; n += 1) {
    for (const name of ["mhpmcounter", "mhpmevent", "hpmcounter"]) fixed[`${name}${n}`] = zero;
  }
  return fixed;
}

function protection(pmp: Pmp): Record<string, CsrBehaviour> {
  const register = (read: () => bigint, write: (value: bigint) => void): XlenCsr => ({
    kind: "xlen",
    read,
    write: (value) => {
      write(value);
      return Effect.translation;
    },
  });
  const all: Record<string, CsrBehaviour> = {};
  for (let n = 0; n < PMP_ENTRIES; n += 1) {
    all[`pmpaddr${n}`] = register(
      () => pmp.readAddr(n),
      (value) => pmp.writeAddr(n, value),
    );
  }
  for (let n = 0; n < PMP_ENTRIES / 4; n += 2) {
    all[`pmpcfg${n}`] = register(
      () => pmp.readCfg(n),
      (value) => pmp.writeCfg(n, value),
    );
  }
  return all;
}
