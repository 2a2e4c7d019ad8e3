// SiFive test finisher: a store of 0x5555 ends the run as passed, 0x3333 with a code in the upper half as failed.
import type { Device } from "./device.ts";

const FINISHER = 0x0;
const FAIL = 0x3333;
const PASS = 0x5555;

export class Finisher implements Device {
  readonly name = "finisher";
  readonly base = 0x10_0000;
  readonly sizeBytes = 0x1000;
  readonly #onExit: (status: number) => void;

  constructor(onExit: (status: number) => void) {
    this.#onExit = onExit;
  }

  read(offset: number): bigint | undefined {
    return offset === FINISHER ? 0n : undefined;
  }

  write(offset: number, bytes: number, value: bigint): boolean {
    if (offset !== FINISHER || bytes < 2) return false;
    const status = Number(value & 0xffffn);
    const code = Number((value >> 16n) & 0xffffn);
    if (status === PASS) this.#onExit(0);
    // A failure must not look like success, whatever its code.
    else if (status === FAIL) this.#onExit(code || 1);
    return true;
  }
}
