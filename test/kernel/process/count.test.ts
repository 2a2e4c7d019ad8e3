// What the headers of the kernel's files say that its paths cost, against what is executed.
import { describe, expect, test } from "vitest";
import { GUEST_ISA, guestSource } from "../../../kernel/image.ts";
import { resolveMachine } from "../../../sim/config/machine.ts";
import { createMachine } from "../../../sim/machine/machine.ts";
import { Mode } from "../../../sim/machine/mmu.ts";
import { Core } from "../../../sim/timing/core.ts";
import { Guest, stream, type Program } from "./guest.ts";

/** The number that a kernel file states as `<what>: <n> instructions`. */
function stated(file: string, what: string): number {
  const { text } = guestSource(`kernel/process/${file}`);
  const found = new RegExp(`^# *${what}: *(\\d+) instructions`, "m").exec(text);
  if (!found) throw new Error(`${file} states no '${what}'`);
  expect(guestSource("kernel/README.md").text).toMatch(new RegExp(`\\| ${found[1]} +\\|`));
  return Number(found[1]);
}

/** Kernel instructions between the last two times that a process reaches a label in user mode. */
function kernelInstructionsBetween(guest: Guest, process: number, label: string): number {
  const address = guest.label(process, label);
  const processAsid = process + 1;
  let kernel = 0;
  let last = 0;
  guest.trace((pc, mode) => {
    if (mode !== Mode.user) kernel += 1;
    else if (pc === address && guest.machine.hart.asid === processAsid) [last, kernel] = [kernel, 0];
  });
  return last;
}

/** Exchanges 64 bytes eight times; the server knows its descriptor, or asks for it. */
function exchange(server: string): Guest {
  const serving: Program = { name: "server", text: `${server}\n.bss\n.balign 64\nbuffer: .space 64` };
  const client: Program = {
    name: "client",
    text: `
start:  li      s0, 8
next:   li      a0, 0
        la      a1, buffer
        li      a2, 64
        SYSTEM  send
        li      a0, 0
        la      a1, buffer
        li      a2, 64
        SYSTEM  receive
        addi    s0, s0, -1
        bnez    s0, next
        EXIT    0
        .bss
        .balign 64
buffer: .space  64`,
  };
  return new Guest([serving, client], { streams: [stream([1, 0], [0, 0])] });
}

const TRANSFER = (call: string): string => `
        mv      a0, s0
        la      a1, buffer
        li      a2, 64
        SYSTEM  ${call}`;

describe("the instructions that a path takes are those its file states", () => {
  test("a null system call", () => {
    const text = `
start:  li      s0, 3
next:   li      a7, 0
        ecall
        addi    s0, s0, -1
        bnez    s0, next
        EXIT    0`;
    const guest = new Guest([{ name: "client", text }]);
    expect(kernelInstructionsBetween(guest, 0, "next")).toBe(stated("trap.S", "A null system call"));
  });

  test("64 bytes one way, from one process to another that waits in receive", () => {
    const guest = exchange(`start: ${TRANSFER("receive")}${TRANSFER("send")}\n j start`);
    expect(kernelInstructionsBetween(guest, 1, "next") / 2).toBe(
      stated("stream.S", "64 bytes one way, send to receive"),
    );
  });

  test("64 bytes there and back, with a server that polls", () => {
    const guest = exchange(`start: SYSTEM poll\n mv s0, a0${TRANSFER("receive")}${TRANSFER("send")}\n j start`);
    const there = stated("stream.S", "64 bytes there and back, with a server that polls");
    expect(kernelInstructionsBetween(guest, 1, "next")).toBe(there);
  });
});

/** Cycles between the last two times that the client, process 1, reaches a label. */
function cyclesBetween(guest: Guest, label: string, preset: string): number {
  const resolved = resolveMachine({ preset });
  if (resolved.kind !== "machine") throw new Error(`no preset ${preset}`);
  const core = new Core(resolved.config, { categories: guest.image.categories.length });
  const { image } = guest;
  const machine = createMachine({ isa: GUEST_ISA[8], ramBytes: resolved.config.ramBytes, image, timing: core });
  const address = BigInt(guest.label(1, label));
  let [last, before] = [0, 0];
  do {
    const { hart, engine } = machine;
    if (hart.mode === Mode.user && hart.asid === 2 && engine.pcc.addr === address) [before, last] = [last, core.now];
  } while (!machine.step());
  return last - before;
}

test.each(["cva6@1", "rocket@1"])(
  "on %s, 64 bytes there and back take fewer than 1,000 cycles once caches are warm",
  (preset) => {
    const guest = exchange(`start: ${TRANSFER("receive")}${TRANSFER("send")}\n j start`);
    const cycles = cyclesBetween(guest, "next", preset);
    expect(cycles).toBeLessThan(1000);
    // Not fewer than it executes: two one-way transfers, and 27 instructions of the processes.
    expect(cycles).toBeGreaterThan(2 * stated("stream.S", "64 bytes one way, send to receive"));
  },
);
