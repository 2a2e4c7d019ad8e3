// Meter: a guest program stores a value here to mark a moment (a request begins, a request ends).
import type { Device } from "./device.ts";

const MARK = 0x0;

/** A marked moment: the clock and the count of instructions retired before the store that marked it. */
export interface MeterEvent {
  /** As stored, unsigned; above 2^53 rounded. */
  readonly value: number;
  readonly cycles: number;
  readonly instructions: number;
}

export class Meter implements Device {
  readonly name = "meter";
  readonly base = 0x11_0000;
  readonly sizeBytes = 0x1000;
  readonly #onMark: (value: number) => void;

  constructor(onMark: (value: number) => void) {
    this.#onMark = onMark;
  }

  read(offset: number): bigint | undefined {
    return offset === MARK ? 0n : undefined;
  }

  write(offset: number, bytes: number, value: bigint): boolean {
    if (offset !== MARK || bytes < 4) return false;
    this.#onMark(Number(BigInt.asUintN(8 * bytes, value)));
    return true;
  }
}
