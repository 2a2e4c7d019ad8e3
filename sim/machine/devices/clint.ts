// Core-local interruptor (SiFive CLINT, one hart): software interrupt, timer, and the clock they share with `time`.
import type { AccessBytes } from "../../../isa/semantics.ts";
import { HELD, HeldRegisters } from "../held.ts";
import type { Device } from "./device.ts";

const MSIP = 0x0000;
const MTIMECMP = 0x4000;
const MTIME = 0xbff8;
const XLEN = 64;

export class Clint implements Device {
  readonly name = "clint";
  readonly base = 0x200_0000;
  readonly sizeBytes = 0x1_0000;
  /** Machine software interrupt pending. */
  msip = false;
  mtimecmp = 0xffff_ffff_ffff_ffffn;
  readonly #now: () => number;
  /** Of the hart that it belongs to: what software has added to the clock by writing mtime is among it. */
  readonly held: HeldRegisters;

  /** `now` is the cycle clock of the timing model: one tick of mtime is one cycle. */
  constructor(now: () => number, held = new HeldRegisters()) {
    this.#now = now;
    this.held = held;
  }

  get mtime(): bigint {
    return BigInt.asUintN(XLEN, BigInt(this.#now()) + this.held.x(HELD.timeOffset));
  }

  /** Cycle at which mtime reaches a value: now or earlier if it has, Infinity if it lies beyond any run. */
  cycleOf(time: bigint): number {
    const cycle = Number(time - this.mtime) + this.#now();
    return cycle <= Number.MAX_SAFE_INTEGER ? cycle : Infinity;
  }

  read(offset: number, bytes: AccessBytes): bigint | undefined {
    const register = offset & ~7;
    const shift = BigInt(8 * (offset & 7));
    const value = this.#register(register);
    return value === undefined || offset % bytes !== 0 ? undefined : BigInt.asUintN(8 * bytes, value >> shift);
  }

  write(offset: number, bytes: AccessBytes, value: bigint): boolean {
    if (bytes < 4 || offset % bytes !== 0) return false;
    const register = offset & ~7;
    const old = this.#register(register);
    if (old === undefined) return false;
    const shift = BigInt(8 * (offset & 7));
    const mask = ((1n << BigInt(8 * bytes)) - 1n) << shift;
    const next = (old & ~mask) | ((value << shift) & mask);
    if (register === MSIP) this.msip = (next & 1n) !== 0n;
    else if (register === MTIMECMP) this.mtimecmp = next;
    else this.held.setX(HELD.timeOffset, next - BigInt(this.#now()));
    return true;
  }

  #register(offset: number): bigint | undefined {
    switch (offset) {
      case MSIP:
        return this.msip ? 1n : 0n;
      case MTIMECMP:
        return this.mtimecmp;
      case MTIME:
        return this.mtime;
      default:
        return undefined;
    }
  }
}
