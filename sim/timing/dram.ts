// DRAM: one channel of banks with open rows; requests are served in the order in which they come.
import { bytes, megabytesPerSecond, nanoseconds, powerOfTwo, type ConfigOf } from "../config/params.ts";
import { eventBlock, type Part, type Storage } from "./part.ts";

export const dramParams = {
  banks: powerOfTwo(8, "Banks", { max: 1024 }),
  rowBytes: bytes(8192, "Bytes of a row, over all chips of the channel", { min: 64, max: 65536, powerOfTwo: true }),
  controllerNs: nanoseconds(18, "Controller, physical interface and interconnect, there and back"),
  casNs: nanoseconds(14, "Column access of an open row (tCAS)"),
  rcdNs: nanoseconds(14, "Opening a row (tRCD)"),
  rpNs: nanoseconds(14, "Closing a row (tRP)"),
  bandwidthMBps: megabytesPerSecond(16000, "Peak bandwidth of the channel; 0: without limit"),
};

export type DramConfig = ConfigOf<typeof dramParams>;

export const DramEvent = { reads: 0, writes: 1, rowHits: 2, rowConflicts: 3, bytes: 4 } as const;
/** What takes how long, by number; the first two by whether another row is open. */
export const DramCycles = { openRow: 0, otherRow: 1, closedRow: 2, column: 3, controller: 4 } as const;
/** The row of a bank that has none open. */
export const CLOSED = -1;

/** What code has to know that does what DRAM does: state and parameters, as in the class. */
export interface DramLayout {
  /** By `DramEvent`. */
  readonly counts: Float64Array;
  readonly openRow: Int32Array;
  readonly bankFree: Float64Array;
  readonly busFree: Float64Array;
  readonly rowBytes: number;
  readonly banks: number;
  /** By `DramCycles`. */
  readonly cycles: Float64Array;
  /** How long so many bytes occupy the bus. */
  readonly burstCycles: (bytes: number) => number;
}

export class Dram implements Part {
  readonly events;
  readonly #count: Float64Array;
  readonly #openRow: Int32Array;
  /** When each bank takes the next column command. */
  readonly #bankFree: Float64Array;
  /** [0]: when the data bus is free. */
  readonly #busFree: Float64Array;
  readonly #bankMask: number;
  readonly #bankBits: number;
  readonly #perByte: number;
  readonly #cycles: Float64Array;
  readonly #cyclesPerByte: number;

  constructor(config: DramConfig, clockMhz: number, storage: Storage) {
    const inCycles = (ns: number): number => Math.ceil((ns * clockMhz) / 1000);
    this.events = eventBlock("dram", ["reads", "writes", "rowHits", "rowConflicts", "bytes"], storage);
    this.#count = this.events.values;
    this.#openRow = storage.int32(config.banks, CLOSED);
    this.#bankFree = storage.float64(config.banks);
    this.#busFree = storage.float64(1);
    this.#bankMask = config.banks - 1;
    this.#bankBits = Math.log2(config.banks);
    this.#perByte = 1 / config.rowBytes;
    const [activate, precharge] = [inCycles(config.rcdNs), inCycles(config.rpNs)];
    const cycles = [0, precharge + activate, activate, inCycles(config.casNs), inCycles(config.controllerNs)];
    this.#cycles = storage.float64(cycles.length);
    this.#cycles.set(cycles);
    this.#cyclesPerByte = config.bandwidthMBps === 0 ? 0 : clockMhz / config.bandwidthMBps;
  }

  get layout(): DramLayout {
    return {
      ...{ counts: this.#count, openRow: this.#openRow, bankFree: this.#bankFree, busFree: this.#busFree },
      ...{ rowBytes: 1 / this.#perByte, banks: this.#bankMask + 1 },
      cycles: this.#cycles,
      burstCycles: (bytes) => this.#burstCycles(bytes),
    };
  }

  read(phys: number, bytes: number, at: number): number {
    this.#count[DramEvent.reads]! += 1;
    return this.#transfer(phys, bytes, at) + this.#cycles[DramCycles.controller]!;
  }

  write(phys: number, bytes: number, at: number): void {
    this.#count[DramEvent.writes]! += 1;
    this.#transfer(phys, bytes, at);
  }

  /** When the last byte has crossed the bus. Consecutive rows lie in consecutive banks. */
  #transfer(phys: number, bytes: number, at: number): number {
    const rowNumber = (phys * this.#perByte) | 0;
    const bank = rowNumber & this.#bankMask;
    const row = rowNumber >> this.#bankBits;
    const open = this.#openRow[bank]!;
    const found = open === row ? "openRow" : open === CLOSED ? "closedRow" : "otherRow";
    if (found === "openRow") this.#count[DramEvent.rowHits]! += 1;
    if (found === "otherRow") this.#count[DramEvent.rowConflicts]! += 1;
    this.#openRow[bank] = row;
    this.#count[DramEvent.bytes]! += bytes;
    const burstCycles = this.#burstCycles(bytes);
    const column = Math.max(at, this.#bankFree[bank]!) + this.#cycles[DramCycles[found]]!;
    const done = Math.max(column + this.#cycles[DramCycles.column]!, this.#busFree[0]!) + burstCycles;
    this.#bankFree[bank] = column + burstCycles;
    this.#busFree[0] = done;
    return done;
  }

  #burstCycles(bytes: number): number {
    return Math.ceil(bytes * this.#cyclesPerByte);
  }
}
