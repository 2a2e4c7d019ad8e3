// Devices: each register by its offset in the datasheet, and what the bus refuses.
import { describe, expect, test } from "vitest";
import { Bus } from "../../../sim/machine/bus.ts";
import { Clint } from "../../../sim/machine/devices/clint.ts";
import { Finisher } from "../../../sim/machine/devices/finisher.ts";
import { Meter } from "../../../sim/machine/devices/meter.ts";
import { Uart } from "../../../sim/machine/devices/uart.ts";
import { Memory } from "../../../sim/machine/memory.ts";
import { PASS, run } from "../../drivers/machine.ts";

describe("finisher", () => {
  const exitOf = (value: bigint): number | undefined => {
    let status: number | undefined;
    new Finisher((s) => (status = s)).write(0, 4, value);
    return status;
  };

  test("0x5555 passes, 0x3333 fails with the code in the upper half, anything else does nothing", () => {
    expect([exitOf(0x5555n), exitOf((7n << 16n) | 0x3333n), exitOf(0x1234n)]).toEqual([0, 7, undefined]);
  });

  test("a failure with code 0 is still a failure", () => {
    expect(exitOf(0x3333n)).toBe(1);
  });

  test("the instruction after the store that ends the run is not executed", () => {
    const { machine, stop } = run(`${PASS} li a0, 1`);
    expect([stop, machine.engine.x(10)]).toEqual([{ kind: "exit", status: 0 }, 0n]);
  });
});

describe("meter", () => {
  test("a store marks its value with the clock and the instructions before it", () => {
    const events: unknown[] = [];
    run(` li t0, 0x110000\n li t1, 42\n sw t1, 0(t0)\n nop\n sd t1, 0(t0)\n${PASS}`, {
      onMeter: (e) => events.push(e),
    });
    expect(events).toEqual([
      { value: 42, cycles: 2, instructions: 2 },
      { value: 42, cycles: 4, instructions: 4 },
    ]);
  });

  test("it takes 32 and 64 bits and refuses less", () => {
    const values: number[] = [];
    const meter = new Meter((v) => values.push(v));
    expect([meter.write(0, 4, 0xff_ffff_ffffn), meter.write(0, 8, 1n << 40n), meter.write(0, 2, 1n)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(values).toEqual([0xffff_ffff, 2 ** 40]);
  });
});

describe("uart", () => {
  test("bytes stored to THR come out as text, in UTF-8", () => {
    let text = "";
    const source = [...Buffer.from("hé\n")].map((byte) => ` li t1, ${byte}\n sb t1, 0(t0)\n`).join("");
    run(` li t0, 0x10000000\n${source}${PASS}`, { onOutput: (t) => (text += t) });
    expect(text).toBe("hé\n");
  });

  test("the transmitter is always empty, and with DLAB the divisor is written instead", () => {
    const bytes: number[] = [];
    const uart = new Uart((b) => bytes.push(b));
    uart.write(3, 1, 0x80n);
    uart.write(0, 1, 0x41n);
    uart.write(3, 1, 0x03n);
    uart.write(0, 1, 0x42n);
    expect([uart.read(5, 1), bytes]).toEqual([0x60n, [0x42]]);
  });
});

describe("clint", () => {
  test("mtime is the clock, mtimecmp compares with it, both in two 32-bit halves as well", () => {
    let now = 1000;
    const clint = new Clint(() => now);
    clint.write(0x4000, 4, 0x10n);
    clint.write(0x4004, 4, 0n);
    now = 2000;
    expect([clint.read(0xbff8, 8), clint.mtimecmp, clint.read(0x4004, 4)]).toEqual([2000n, 0x10n, 0n]);
  });

  test("a written mtime goes on from the value written", () => {
    let now = 1000;
    const clint = new Clint(() => now);
    clint.write(0xbff8, 8, 5n);
    now += 7;
    expect([clint.mtime, clint.cycleOf(20n)]).toEqual([12n, 1015]);
  });

  test("only the lowest bit of msip is a bit", () => {
    const clint = new Clint(() => 0);
    clint.write(0, 4, 0xffff_fffen);
    const low = clint.msip;
    clint.write(0, 4, 0xffff_ffffn);
    expect([low, clint.msip, clint.read(0, 4)]).toEqual([false, true, 1n]);
  });
});

describe("bus", () => {
  const memory = new Memory({ base: 0x8000_0000, sizeBytes: 0x10000 });
  const bus = new Bus(memory, [new Clint(() => 0), new Uart(() => {})]);

  test("an access between devices, across the end of one, or misaligned is refused", () => {
    expect(bus.loadDevice(0x1234, 4)).toBeUndefined();
    expect(bus.loadDevice(0x0200_ffff, 8)).toBeUndefined();
    expect(bus.loadDevice(0x0200_4004, 8)).toBeUndefined();
    expect(bus.storeDevice(0x1000_0100, 1, 0n)).toBe(false);
  });

  test("two devices on one address, or one in RAM, are our bug", () => {
    expect(() => new Bus(memory, [new Uart(() => {}), new Uart(() => {})])).toThrow("overlaps");
    const uartInRam = Object.assign(new Uart(() => {}), { base: 0x8000_0000 });
    expect(() => new Bus(memory, [uartInRam])).toThrow("lies in RAM");
  });
});

describe("htif", () => {
  const program = (value: string): string =>
    ` la t0, tohost\n li t1, ${value}\n sd t1, 0(t0)\n nop\n j .\n .data\n .balign 8\n .globl tohost\ntohost: .dword 0\n`;

  test("an odd value in tohost ends the run with the rest as status", () => {
    expect([run(program("1")).stop, run(program("11")).stop]).toEqual([
      { kind: "exit", status: 0 },
      { kind: "exit", status: 5 },
    ]);
  });

  test("a console command prints its byte and clears tohost", () => {
    let text = "";
    const { machine } = run(program("0x0101000000000041"), { onOutput: (t) => (text += t) });
    expect([text, machine.readMemory(Number(machine.engine.x(5)), 8)]).toEqual(["A", new Uint8Array(8)]);
  });
});
