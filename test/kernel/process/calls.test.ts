// What the process kernel's system calls return: poll's order and claims, and what is refused.
import { describe, expect, test } from "vitest";
import { Guest, stream, type Program } from "./guest.ts";
import { ECHO } from "./services.ts";

describe("poll", () => {
  test("returns the ends that have data in the order in which it came, each to one thread until that one polls again", () => {
    const server: Program = {
      name: "server",
      threads: ["first", "second"],
      text: `
first:  SYSTEM  poll                    # 5: sent first
        mv      s0, a0
        SYSTEM  poll                    # 9: 5 still has its data, behind 9
        mv      s1, a0
        la      t0, seen
        sd      s0, 0(t0)
        sd      s1, 8(t0)
        li      a0, 5                   # wake the client, and wait with 9 still claimed
        la      a1, seen
        li      a2, 1
        SYSTEM  send
        li      a0, 6
        la      a1, seen
        li      a2, 1
        SYSTEM  receive
second: SYSTEM  poll                    # 5, which the first thread has given back
        la      t0, seen
        sd      a0, 16(t0)
        SYSTEM  poll                    # 5 again: 9 is claimed
        la      t0, seen
        sd      a0, 24(t0)
        li      a0, 6
        la      a1, seen
        li      a2, 1
        SYSTEM  receive
        .bss
        .balign 8
seen:   .space  32`,
    };
    const client: Program = {
      name: "client",
      text: `
start:  li      a0, 0
        la      a1, byte
        li      a2, 1
        SYSTEM  send
        li      a0, 1
        la      a1, byte
        li      a2, 1
        SYSTEM  send
        li      a0, 0
        la      a1, byte
        li      a2, 1
        SYSTEM  receive
        li      a0, 0                   # nothing left to say: let the others run until they block
        la      a1, byte
        li      a2, 1
        SYSTEM  receive
        .data
byte:   .byte   1`,
    };
    const streams = [stream([1, 0], [0, 5]), stream([1, 1], [0, 9]), stream([1, 2], [0, 6])];
    const guest = new Guest([server, client], { streams });
    guest.run();
    expect([0, 1, 2, 3].map((i) => guest.word(0, "seen", i))).toEqual([5n, 9n, 5n, 5n]);
  });
});

describe("data left by a thread that received without having polled", () => {
  test("is there for the next poll", () => {
    const server: Program = {
      name: "server",
      text: `
start:  li      a0, 0
        la      a1, word
        li      a2, 4
        SYSTEM  receive
        SYSTEM  poll
        la      a1, word
        li      a2, 4
        SYSTEM  receive
        li      a0, 0
        la      a1, word
        li      a2, 4
        SYSTEM  send
        SYSTEM  poll
        .bss
word:   .space  8`,
    };
    const client: Program = {
      name: "client",
      text: `
start:  SYSTEM  poll                    # the server goes first
next:   li      a0, 0
        la      a1, word
        li      a2, 8
        SYSTEM  send
        li      a0, 0
        la      a1, word
        li      a2, 8
        SYSTEM  receive
        EXPECT  4, 1
        EXIT    0
wake:   li      a0, 2
        la      a1, word
        li      a2, 1
        SYSTEM  send
        SYSTEM  poll
        .bss
word:   .space  8`,
      threads: ["start", "wake"],
    };
    // Stream 1 joins the client to itself: its second thread, which runs after the server has blocked, wakes the first.
    const streams = [stream([1, 0], [0, 0]), stream([1, 2], [1, 1])];
    const guest = new Guest([server, client], { streams });
    expect(guest.run()).toEqual({ kind: "exit", status: 0 });
  });
});

describe("a system call refuses", () => {
  const CALLS: Program = {
    name: "caller",
    text: `
        .set    KERNEL, -0x4000000000
.macro TRY number, descriptor, bytes, count, result, status
        li      a0, \\descriptor
        li      a1, \\bytes
        li      a2, \\count
        SYSTEM  \\number
        EXPECT  \\result, \\status
.endm
.macro TRY_BOTH descriptor, bytes, count, result, status
        TRY     send, \\descriptor, \\bytes, \\count, \\result, \\status
        TRY     receive, \\descriptor, \\bytes, \\count, \\result, \\status + 1
.endm
start:  la      a1, word                # the echo server sends this back: receive finds data
        li      a0, 3
        li      a2, 16
        SYSTEM  send
        li      a0, 3
        la      a1, word
        li      a2, 8
        SYSTEM  receive
        TRY_BOTH 0, 0x10000, 8, -ERROR_badDescriptor, 11
        TRY_BOTH 512, 0x10000, 8, -ERROR_badDescriptor, 13
        TRY_BOTH -1, 0x10000, 8, -ERROR_badDescriptor, 15
        TRY_BOTH 3, KERNEL + 0x80010000, 8, -ERROR_badAddress, 17
        TRY_BOTH 3, -1, 2, -ERROR_badAddress, 19
        TRY_BOTH 3, 0x3ffffffff8, 9, -ERROR_badAddress, 21
        TRY_BOTH 3, 0x10000, -0x8000, -ERROR_badAddress, 23
        TRY_BOTH 3, 0x5000000, 8, -ERROR_badAddress, 25
        TRY_BOTH 3, 0, 8, -ERROR_badAddress, 27
        TRY     receive, 3, 0x10000, 8, -ERROR_badAddress, 29
        TRY_BOTH 3, 0x5000000, 0, 0, 31
        li      a7, 0
        ecall
        EXPECT  -ERROR_badCall, 33
        TRY     receive, 3, 0x30003ff8, 8, 8, 35
        EXIT    0
        .data
        .balign 8
word:   .dword  8, 0`,
  };
  test("descriptors, addresses and numbers that are not the caller's, and loses no data by it", () => {
    const guest = new Guest([ECHO, CALLS], { streams: [stream([1, 3], [0, 7])] });
    expect(guest.run()).toEqual({ kind: "exit", status: 0 });
    expect(guest.faultCount).toBe(0);
  });

  test("a second thread that would block on the same descriptor", () => {
    const client: Program = {
      name: "client",
      threads: ["first", "second"],
      text: `
first:  li      a0, 3
        la      a1, byte
        li      a2, 1
        SYSTEM  receive
second: li      a0, 3
        la      a1, byte
        li      a2, 1
        SYSTEM  receive
        EXPECT  -ERROR_busy, 1
        EXIT    0
        .bss
byte:   .space  1`,
    };
    const guest = new Guest([ECHO, client], { streams: [stream([1, 3], [0, 7])] });
    expect(guest.run()).toEqual({ kind: "exit", status: 0 });
  });

  test("a process other than the client that wants to end the run", () => {
    const service: Program = {
      name: "service",
      text: `
start:  li      a0, 0
        SYSTEM  exit
        li      t0, -ERROR_badCall
        bne     a0, t0, 1f
        SYSTEM  poll
1:      unimp`,
    };
    const client: Program = {
      name: "client",
      text: `
start:  li      a0, 0
        la      a1, start
        li      a2, 1
        SYSTEM  receive`,
    };
    const guest = new Guest([service, client], { streams: [stream([1, 0], [0, 0])] });
    expect(guest.run()).toEqual({ kind: "exit", status: 0x105 });
    expect(guest.faultCount).toBe(0);
  });
});
