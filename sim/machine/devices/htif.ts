// HTIF `tohost`: a doubleword in RAM through which test programs end (odd value) or print (device 1, command 1).
import { Mark, type Memory } from "../memory.ts";

const DEVICE_SYSTEM = 0n;
const DEVICE_CONSOLE = 1n;
const COMMAND_PUT = 1n;

export class Htif {
  readonly #memory: Memory;
  readonly #offset: number;
  readonly #onExit: (status: number) => void;
  readonly #onByte: (byte: number) => void;

  /** `tohost` is a physical address in RAM. */
  constructor(memory: Memory, tohost: number, onExit: (status: number) => void, onByte: (byte: number) => void) {
    this.#memory = memory;
    this.#offset = tohost - memory.base;
    this.#onExit = onExit;
    this.#onByte = onByte;
    memory.mark(this.#offset, 8, Mark.watched);
  }

  /** Does a store to [offset, offset + bytes) of RAM write the doubleword? */
  touchedBy(offset: number, bytes: number): boolean {
    return offset < this.#offset + 8 && offset + bytes > this.#offset;
  }

  /** Acts on what the guest has stored, and takes a printed byte away so that the next can come. */
  poll(): void {
    const value = this.#memory.load(this.#offset, 8);
    if (value === 0n) return;
    const device = value >> 56n;
    const command = (value >> 48n) & 0xffn;
    if (device === DEVICE_CONSOLE && command === COMMAND_PUT) {
      this.#memory.store(this.#offset, 8, 0n);
      this.#onByte(Number(value & 0xffn));
    } else if (device === DEVICE_SYSTEM && (value & 1n) === 1n) {
      this.#onExit(Number((value >> 1n) & 0x7fff_ffffn));
    }
  }
}
