// Control and status registers: who may access which, and what the general rules leave of a value written to one.
import { csrPrivilege, csrReadOnly, CSRS, type CsrRecord } from "../../isa/csr.ts";
import { isIntact, setAddress } from "../../isa/cap/bounds.ts";
import type { Arithmetic, CacheBlockOperation, Capabilities } from "../../isa/semantics.ts";
import { Capability, type CapabilityArithmetic } from "./capability.ts";
import {
  behaviours,
  Effect,
  type BehaviourOptions,
  type CsrBehaviour,
  type FieldsCsr,
  type HeldCsr,
} from "./csr-behaviour.ts";
import { counterValue, showsCounter, type CounterCsr } from "./counters.ts";
import { MENVCFG, type Hart } from "./hart.ts";
import { HELD, isSet, type HeldState } from "./held.ts";
import { Mode } from "./mmu.ts";

interface Csr {
  readonly record: CsrRecord;
  readonly behaviour: CsrBehaviour;
}

const CSR_SPACE = 4096;
const COUNTEREN_TM = 1n << 1n;
const STIMECMP = 0x14d;

export class Csrs {
  readonly #hart: Hart;
  readonly #m: CapabilityArithmetic;
  readonly #rvy: boolean;
  readonly #csrs = new Array<Csr | undefined>(CSR_SPACE).fill(undefined);

  constructor(o: BehaviourOptions) {
    this.#hart = o.hart;
    this.#m = o.m;
    this.#rvy = o.extensions.has("Y");
    const all = behaviours(o);
    for (const record of CSRS) {
      const behaviour = all[record.name];
      if (behaviour === undefined) throw new Error(`CSR ${record.name} has no behaviour`);
      if (record.ext !== undefined && !o.extensions.has(record.ext)) continue;
      this.#csrs[record.number] = { record, behaviour };
    }
  }

  name(number: number): string {
    return this.#csrs[number]!.record.name;
  }

  /** Is the register accessed as a whole where pointers are capabilities, or are not (#rvy_zicsr_mod_insn_table)? */
  accessedWhole(number: number, capabilityMode: boolean): boolean {
    const { width } = this.#csrs[number]!.record;
    return width === "ylen" || (width === "extended" && capabilityMode);
  }

  /** May the register hold a capability? */
  holdsCapability(number: number): boolean {
    const csr = this.#csrs[number]!.behaviour;
    return csr.kind === "ylen" || (csr.kind === "held" && csr.width === "ylen");
  }

  /** What the register holds, whoever may read it. */
  read(number: number): Capability {
    const csr = this.#csrs[number]!.behaviour;
    if (csr.kind === "ylen") return csr.read();
    const { held, clock } = this.#hart;
    if (csr.kind === "held" && csr.width === "ylen") return held.y(csr.at);
    const integer = (value: bigint): Capability => new Capability(0n, 0n, value, undefined);
    if (csr.kind === "xlen") return integer(csr.read());
    if (csr.kind === "counter") return integer(counterValue(this.#m, held, csr, BigInt(clock[csr.counts])));
    const value = held.x(csr.at);
    return integer(csr.kind === "held" ? value : csr.read(this.#m, value));
  }

  /**
   * May the current mode access the register? `systemAccess`: the pcc grants ASR
   * (#asr_perm), which all privileged registers need, and those that name a thread only for writing. `rvy`: it is not
   * disabled; where it is, there are no registers of YLEN bits (#section_cheri_disable).
   */
  permits(number: number, write: boolean, systemAccess: boolean, rvy = true): boolean {
    const csr = this.#csrs[number];
    if (csr === undefined || (csr.record.width === "ylen" && !rvy)) return false;
    const { mode } = this.#hart;
    if (mode < csrPrivilege(number) || (write && csrReadOnly(number))) return false;
    if (!systemAccess && (csr.record.asr === "always" || (csr.record.asr === "write" && write))) return false;
    return mode === Mode.machine || this.#enabled(number);
  }

  /** Writes a register to which access was granted. */
  write(number: number, value: Capability, whole: boolean): Effect {
    const csr = this.#csrs[number]!.behaviour;
    if (csr.kind === "xlen" || csr.kind === "counter") return csr.write(value.addr);
    const { held } = this.#hart;
    if (csr.kind === "fields") {
      const written = csr.write(this.#m, held.x(csr.at), value.addr);
      held.setX(csr.at, written.held);
      if (written.retranslates !== 0n) return Effect.translation;
      return csr.letsIn ? Effect.interrupts : Effect.none;
    }
    if (csr.kind === "held" && csr.width === "xlen") {
      held.setX(csr.at, value.addr);
      return Effect.none;
    }
    const given = this.#rvy ? written(this.#m, () => this.read(number), value, whole) : value;
    if (csr.kind === "ylen") return csr.write(given);
    held.setY(csr.at, csr.keep(this.#m, given));
    return Effect.none;
  }

  /** The rules and the place of a register that is nothing but what is held, if it is one. */
  held(number: number): HeldCsr | FieldsCsr | undefined {
    const behaviour = this.#csrs[number]?.behaviour;
    return behaviour?.kind === "held" || behaviour?.kind === "fields" ? behaviour : undefined;
  }

  /** The counter that a register shows, if it does. */
  counter(number: number): CounterCsr | undefined {
    const behaviour = this.#csrs[number]?.behaviour;
    return behaviour?.kind === "counter" ? behaviour : undefined;
  }

  /** What higher modes have withheld from the lower ones. */
  #enabled(number: number): boolean {
    const { held, mode, status, mcounteren, sstc } = this.#hart;
    const csr = this.#csrs[number]!.behaviour;
    if (csr.kind === "fields") return (status & csr.withheldBy) === 0;
    if (number === STIMECMP) return sstc && (mcounteren & COUNTEREN_TM) !== 0n;
    return showsCounter(this.#m, held, mode, number) !== 0n;
  }
}

/**
 * What a register that holds a capability is given of a value (#rvy_zicsr_mod_insn_table): of a whole one all, but no tag
 * without integrity; else the address, by YADDRW.
 */
export function written<X, Y>(m: Arithmetic<X> & Capabilities<X, Y>, old: () => Y, value: Y, whole: boolean): Y {
  return whole ? m.keepTagIf(value, isIntact(m, value)) : setAddress(m, old(), m.addr(value));
}

/** Do menvcfg and senvcfg let a mode do a cache-block operation (cmo.adoc)? */
export function permitsCacheBlock<X, Y>(
  m: Arithmetic<X>,
  held: HeldState<X, Y>,
  mode: number,
  operation: CacheBlockOperation,
): X {
  const field = operation === "zero" ? MENVCFG.CBZE : operation === "inval" ? MENVCFG.CBIE : MENVCFG.CBCFE;
  if (mode === Mode.machine) return m.const(1n);
  const machine = isSet(m, held.x(HELD.menvcfg), field);
  return mode === Mode.supervisor ? machine : m.and(machine, isSet(m, held.x(HELD.senvcfg), field));
}
