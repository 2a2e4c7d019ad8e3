// Isolation and fault containment of the process kernel.
import { describe, expect, test } from "vitest";
import { guestSource } from "../../../kernel/image.ts";
import { LIMITS, STATUS } from "../../../kernel/process/objects.ts";
import { Guest, stream, type Options } from "./guest.ts";
import * as scenario from "./services.ts";

describe("a process that does what it may not", () => {
  const { guest, stop } = scenario.offences();

  test.each(scenario.VIOLATIONS.map((v, i) => ({ ...v, i })))(
    "and $what is stopped there, and logged",
    ({ cause, i }) => {
      const { process, cause: logged, pc } = guest.faults[i]!;
      const from = guest.label(0, scenario.offenceLabel(i));
      const fetched = /jump|run/.test(scenario.VIOLATIONS[i]!.what);
      expect({ process, logged }).toEqual({ process: 0, logged: cause });
      if (!fetched) expect(pc - from).toBeLessThan(32);
    },
  );

  test("is an error to its peer alone: it answers the next request, from a fresh stack", () => {
    expect(stop).toEqual({ kind: "exit", status: 0 });
    expect(guest.faultCount).toBe(scenario.VIOLATIONS.length);
  });
});

describe("the connections of a thread that faults", () => {
  test("never give the answer to an old request for that to a new one, wherever the threads are preempted", () => {
    const spins = [
      { a: 1, b: 60 },
      { a: 200, b: 5 },
      { a: 60, b: 60 },
    ];
    for (let i = 0; i < 18; i += 1) {
      const run = { tickCycles: 150 + 71 * i, ...spins[i % spins.length]! };
      expect({ ...run, status: scenario.nestedFaults(run, run) }).toEqual({ ...run, status: 0 });
    }
  });

  test("are reset where the peer is blocked in the middle of a long message", () => {
    expect(scenario.faultAmidMessage()).toBe(0);
  });
});

describe("the end of a run", () => {
  test("comes with a status of its own when the client faults", () => {
    const guest = new Guest([{ name: "client", text: "start: ld t0, 0(zero)" }]);
    expect(guest.run()).toEqual({ kind: "exit", status: STATUS.clientFault });
    expect(guest.faults).toEqual([{ process: 0, cause: 13, tval: 0, pc: guest.label(0, "start") }]);
  });

  test("comes when no thread can ever run again", () => {
    const guest = new Guest([{ name: "client", text: "start: SYSTEM poll" }]);
    expect(guest.run()).toEqual({ kind: "exit", status: STATUS.deadlock });
  });

  test("carries the client's status", () => {
    const guest = new Guest([{ name: "client", text: "start: EXIT 42" }]);
    expect(guest.run()).toEqual({ kind: "exit", status: 42 });
  });
});

describe("the fault log", () => {
  test("counts every fault and keeps the newest", () => {
    const rounds = LIMITS.FAULT_LOG_entries + 3;
    const service = `
start:  SYSTEM  poll
        ld      t0, count
        addi    t0, t0, 1
        la      t1, count
        sd      t0, 0(t1)
        slli    t0, t0, 12
        ld      t0, -2048(t0)           # a different address each time; nothing is mapped at any
        .data
        .balign 8
count:  .dword  0x10000`;
    const client = `
start:  li      s0, ${rounds}
1:      li      a0, 0
        la      a1, start
        li      a2, 1
        SYSTEM  send
        li      a0, 0
        la      a1, byte
        li      a2, 1
        SYSTEM  receive
        addi    s0, s0, -1
        bnez    s0, 1b
        EXIT    0
        .bss
byte:   .space  1`;
    const programs = [
      { name: "service", text: service },
      { name: "client", text: client },
    ];
    const guest = new Guest(programs, { streams: [stream([1, 0], [0, 0])] });
    expect(guest.run()).toEqual({ kind: "exit", status: 0 });
    expect(guest.faultCount).toBe(rounds);
    const newest = guest.faults.map((f) => f.tval);
    const address = (nth: number): number => (0x10000 + nth) * 4096 - 2048;
    expect(newest.slice(0, 4)).toEqual([address(65), address(66), address(67), address(4)]);
  });
});

/** The kernel with some of its text replaced. */
function changed(file: string, from: string, to: string): Options {
  const path = `kernel/process/${file}`;
  return {
    read: (name) => {
      const source = guestSource(name);
      if (name !== path) return source;
      if (!source.text.includes(from)) throw new Error(`${path} has no '${from}'`);
      return { ...source, text: source.text.replaceAll(from, to) };
    },
  };
}

describe("these tests notice a kernel", () => {
  const ticks = { tickCycles: 150 };
  const nested = (o: Options): boolean => scenario.nestedFaults({ a: 200, b: 5 }, { ...o, ...ticks }) === 0;
  const cases: [string, Options, (o: Options) => boolean][] = [
    [
      "that clears no registers",
      changed("schedule.S", "j       clear_registers", "jr t5"),
      (o) => scenario.registersLeaked(o) === 0,
    ],
    [
      "that does not check user addresses",
      changed("stream.S", "bnez    t1, bad_address", ""),
      (o) => !scenario.readsKernelBySend(o),
    ],
    ["that leaves a stale answer at the thread's end", changed("fault.S", "sd      zero, END_used(s1)", ""), nested],
    ["that does not tell the peer", changed("fault.S", "sd      t1, END_reset(t5)", ""), nested],
    ["that resets only what the thread serves", changed("fault.S", "bne     t0, t6, 4f", "j 4f"), nested],
    [
      "that leaves a blocked sender alone",
      changed("fault.S", "beqz    t1, 2f", "j 2f"),
      (o) => scenario.faultAmidMessage(o) === 0,
    ],
    ["that keeps the faulting thread's claim", changed("fault.S", "sd      t0, END_announce(s1)", ""), nested],
  ];
  test.each(cases)("%s", (_, options, comesOutRight) => {
    expect(comesOutRight({})).toBe(true);
    expect(comesOutRight(options)).toBe(false);
  });
});
