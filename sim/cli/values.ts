// Option values as numbers: each is checked, and a misfit says what was expected.
import type { PayloadSize } from "../../workloads/schedule.ts";
import { Failure } from "./failure.ts";

/** What bare-metal programs may use unless --isa says otherwise. */
export const DEFAULT_ISA = "rv64imac_zicsr_zifencei_zicboz_zba_zbb_zbs_zicond";

export function whole(option: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw misfit(option, text, `a whole number from ${least} to ${most}`);
}

export function fraction(option: string, text: string, zeroAllowed: boolean): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : NaN;
  if (value <= 1 && (value > 0 || (zeroAllowed && value === 0))) return value;
  throw misfit(option, text, zeroAllowed ? "a number from 0 to 1" : "a number above 0, at most 1");
}

export function powerOfTwo(option: string, text: string, least: number, most: number): number {
  const value = whole(option, text, least, most);
  if (Number.isInteger(Math.log2(value))) return value;
  throw misfit(option, text, "a power of two");
}

export function payloadSize(text: string): PayloadSize {
  if (/^\d+$/.test(text)) return { kind: "fixed", bytes: whole("payload", text, 0, 1 << 20) };
  const [, median, sigma] = /^lognormal:(\d+),(\d*\.?\d+)$/.exec(text) ?? [];
  if (median !== undefined && Number(sigma) <= 3) {
    return { kind: "lognormal", medianBytes: whole("payload", median, 1, 1 << 20), sigma: Number(sigma) };
  }
  throw misfit("payload", text, "bytes (up to 1048576), or lognormal:MEDIAN,SIGMA with SIGMA up to 3");
}

function misfit(option: string, text: string, expected: string): Failure {
  return new Failure("usage", `meshsim: --${option} ${text}: expected ${expected} (status 2)`);
}
