// The physical address space: RAM and the devices beside it.
import type { AccessBytes } from "../../isa/semantics.ts";
import type { Device } from "./devices/device.ts";
import type { Memory } from "./memory.ts";

export class Bus {
  readonly memory: Memory;
  /** Called after a device was accessed: it may have raised or lowered an interrupt. */
  onDeviceAccess: () => void = () => {};
  readonly #devices: readonly Device[];

  constructor(memory: Memory, devices: readonly Device[]) {
    this.memory = memory;
    this.#devices = devices;
    for (const [i, a] of devices.entries()) {
      if (memory.holds(a.base, 1)) throw new Error(`device ${a.name} lies in RAM`);
      for (const b of devices.slice(i + 1)) {
        if (a.base < b.base + b.sizeBytes && b.base < a.base + a.sizeBytes)
          throw new Error(`${a.name} overlaps ${b.name}`);
      }
    }
  }

  /** Loads from outside RAM; undefined is an access fault. Devices take aligned accesses only. */
  loadDevice(phys: number, bytes: AccessBytes): bigint | undefined {
    const device = this.#deviceAt(phys, bytes);
    const value = device?.read(phys - device.base, bytes);
    if (device !== undefined) this.onDeviceAccess();
    return value;
  }

  /** Stores outside RAM; false is an access fault. */
  storeDevice(phys: number, bytes: AccessBytes, value: bigint): boolean {
    const device = this.#deviceAt(phys, bytes);
    if (device === undefined || !device.write(phys - device.base, bytes, value)) return false;
    this.onDeviceAccess();
    return true;
  }

  #deviceAt(phys: number, bytes: AccessBytes): Device | undefined {
    if (phys % bytes !== 0) return undefined;
    return this.#devices.find((d) => phys >= d.base && phys + bytes <= d.base + d.sizeBytes);
  }
}
