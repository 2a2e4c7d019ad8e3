// Stream sockets of the process kernel: what is sent arrives.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Guest, stream, type Program } from "./guest.ts";
import { ECHO } from "./services.ts";

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
