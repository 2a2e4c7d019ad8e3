// Stream sockets of the process kernel: contents, blocking, polling, errors.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Guest, stream, type Program } from "./guest.ts";

/** Sends each message back: 8 bytes of length, then as many bytes. */
const ECHO: Program = {
  name: "echo",
  text: `
start:  SYSTEM  poll
        mv      s0, a0
        la      s1, buffer
        li      s2, 8
        jal     receive_all
        la      s1, buffer
        ld      s2, 0(s1)
        addi    s1, s1, 8
        jal     receive_all
        mv      a0, s0
        la      a1, buffer
        ld      a2, 0(a1)
        addi    a2, a2, 8
        mv      s3, a2
        SYSTEM  send
        beq     a0, s3, start
        unimp
receive_all:                            # s0 descriptor, s1 to, s2 bytes
        beqz    s2, 1f
        mv      a0, s0
        mv      a1, s1
        mv      a2, s2
        SYSTEM  receive
        blez    a0, 2f
        add     s1, s1, a0
        sub     s2, s2, a0
        j       receive_all
1:      ret
2:      unimp
        .bss
        .balign 64
buffer: .space  120000
`,
};

const SIZES = [0, 1, 63, 64, 65, 4096, 100_000, 3, 4095, 4097, 8];

/** For each size: sends a message of bytes that depend on place and size, and compares what comes back. */
const PINGER: Program = {
  name: "pinger",
  text: `
start:  la      s4, sizes
        la      s5, sizes_end
next:   ld      s6, 0(s4)               # s6 = bytes
        la      t0, message
        sd      s6, 0(t0)
        addi    t0, t0, 8
        add     t1, t0, s6
        addi    t2, s6, 1
1:      bgeu    t0, t1, 2f
        sb      t2, 0(t0)
        addi    t2, t2, 7
        srli    t3, t2, 8
        xor     t2, t2, t3
        addi    t0, t0, 1
        j       1b
2:      li      a0, 3
        la      a1, message
        addi    a2, s6, 8
        mv      s3, a2
        SYSTEM  send
        EXPECT_EQUAL a0, s3, 1
        la      s1, reply
        addi    s2, s6, 8
3:      li      a0, 3
        mv      a1, s1
        mv      a2, s2
        SYSTEM  receive
        blez    a0, wrong
        add     s1, s1, a0
        sub     s2, s2, a0
        bnez    s2, 3b
        la      t0, message
        la      t1, reply
        add     t2, t0, s6
        addi    t2, t2, 8
4:      lbu     t3, 0(t0)
        lbu     t4, 0(t1)
        bne     t3, t4, wrong
        addi    t0, t0, 1
        addi    t1, t1, 1
        bltu    t0, t2, 4b
        addi    s4, s4, 8
        bltu    s4, s5, next
        EXIT    0
wrong:  EXIT    2
        .data
        .balign 8
sizes:  .dword  ${SIZES.join(", ")}
sizes_end:
        .bss
        .balign 64
message: .space 120000
reply:  .space  120000
`,
};

/** One message: how its buffers lie, and how much is received at a time. */
interface Transfer {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  readonly chunk: number;
}

const AREA_BYTES = 512;
const pattern = (transfer: number, i: number): number => ((transfer * 37 + i * 11) % 255) + 1;

/** Both ends' code walks the same table of transfers; each receives into its own area. */
const table = (transfers: readonly Transfer[]): string => `
        .data
        .balign 8
table:  .dword  ${transfers.map((t) => `${t.from}, ${t.to}, ${t.bytes}, ${t.chunk}`).join(", ")}
table_end:`;

const sender = (transfers: readonly Transfer[]): Program => ({
  name: "sender",
  text: `
start:  la      s0, table
        la      s1, table_end
        la      s2, areas
next:   li      a0, 0
        ld      t0, 0(s0)
        add     a1, s2, t0
        ld      a2, 16(s0)
        mv      s3, a2
        SYSTEM  send
        beq     a0, s3, 1f
        unimp
1:      addi    s2, s2, ${AREA_BYTES}
        addi    s0, s0, 32
        bltu    s0, s1, next
        SYSTEM  poll
        ${table(transfers)}
        .balign 8
areas:  ${transfers
    .map((t, n) => {
      const bytes = new Array<number>(AREA_BYTES).fill(0);
      for (let i = 0; i < t.bytes; i += 1) bytes[t.from + i] = pattern(n, i);
      return `.byte ${bytes.join(",")}`;
    })
    .join("\n")}`,
});

const receiver = (transfers: readonly Transfer[]): Program => ({
  name: "receiver",
  text: `
start:  la      s0, table
        la      s1, table_end
        la      s2, areas
next:   ld      t0, 8(s0)
        add     s3, s2, t0
        ld      s4, 16(s0)
1:      beqz    s4, 3f
        li      a0, 0
        mv      a1, s3
        ld      a2, 24(s0)
        bltu    a2, s4, 2f
        mv      a2, s4
2:      SYSTEM  receive
        blez    a0, wrong
        add     s3, s3, a0
        sub     s4, s4, a0
        j       1b
3:      addi    s2, s2, ${AREA_BYTES}
        addi    s0, s0, 32
        bltu    s0, s1, next
        EXIT    0
wrong:  EXIT    1
        ${table(transfers)}
        .bss
        .balign 8
areas:  .space  ${AREA_BYTES * transfers.length}`,
});

const transferArbitrary: fc.Arbitrary<Transfer> = fc.record({
  from: fc.nat(15),
  to: fc.nat(15),
  bytes: fc.integer({ min: 1, max: 300 }),
  chunk: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 21, max: 300 })),
});

describe("messages between two processes", () => {
  test("arrive as they were sent, whether shorter or longer than the stream's buffer", () => {
    const guest = new Guest([ECHO, PINGER], { streams: [stream([1, 3], [0, 7])] });
    expect(guest.run(20_000_000)).toEqual({ kind: "exit", status: 0 });
    expect(guest.faultCount).toBe(0);
  });

  test("are copied whole and touch no other byte, however buffers lie and are filled and emptied", () => {
    const cases = fc.tuple(
      fc.array(transferArbitrary, { minLength: 1, maxLength: 20 }),
      fc.constantFrom(64, 128, 192, 4096),
    );
    fc.assert(
      fc.property(cases, ([transfers, bufferBytes]) => {
        const guest = new Guest([sender(transfers), receiver(transfers)], {
          streams: [stream([1, 0], [0, 0], bufferBytes)],
        });
        expect(guest.run()).toEqual({ kind: "exit", status: 0 });
        const expected = transfers.flatMap((t, n) =>
          Array.from({ length: AREA_BYTES }, (_, i) => (i >= t.to && i < t.to + t.bytes ? pattern(n, i - t.to) : 0)),
        );
        expect(guest.bytes(1, "areas", expected.length)).toEqual(Uint8Array.from(expected));
      }),
      { numRuns: 8 },
    );
  });
});

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
