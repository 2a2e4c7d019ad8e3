// 16550 UART, transmit only: always ready, never interrupts.
import type { Device } from "./device.ts";

/** Transmitter holding register; with DLAB the low byte of the divisor. */
const THR = 0;
/** Interrupt enable register; with DLAB the high byte of the divisor. */
const IER = 1;
const IIR = 2;
const LCR = 3;
const LSR = 5;
const LCR_DLAB = 0x80;
const IIR_NONE_PENDING = 0x01;
const LSR_THRE_AND_TEMT = 0x60;

export class Uart implements Device {
  readonly name = "uart";
  readonly base = 0x1000_0000;
  readonly sizeBytes = 0x100;
  readonly #registers = new Uint8Array(8);
  readonly #divisor = new Uint8Array(2);
  readonly #onByte: (byte: number) => void;

  constructor(onByte: (byte: number) => void) {
    this.#onByte = onByte;
  }

  read(offset: number, bytes: number): bigint | undefined {
    if (offset >= this.#registers.length || bytes !== 1) return undefined;
    if (offset <= IER && this.#divisorLatch()) return BigInt(this.#divisor[offset]!);
    if (offset === THR) return 0n;
    if (offset === IIR) return BigInt(IIR_NONE_PENDING);
    if (offset === LSR) return BigInt(LSR_THRE_AND_TEMT);
    return BigInt(this.#registers[offset]!);
  }

  write(offset: number, bytes: number, value: bigint): boolean {
    if (offset >= this.#registers.length || bytes !== 1) return false;
    const byte = Number(value & 0xffn);
    if (offset <= IER && this.#divisorLatch()) this.#divisor[offset] = byte;
    else if (offset === THR) this.#onByte(byte);
    else this.#registers[offset] = byte;
    return true;
  }

  #divisorLatch(): boolean {
    return (this.#registers[LCR]! & LCR_DLAB) !== 0;
  }
}
