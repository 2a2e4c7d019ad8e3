// What the process kernel refuses to build, and how much it can hold.
import { describe, expect, test } from "vitest";
import {
  processFreeBase,
  processImage,
  type Mapping,
  type ProcessManifest,
  type Stream,
} from "../../../kernel/process/manifest.ts";
import { LIMITS } from "../../../kernel/process/objects.ts";
import { Guest, stream, type Program } from "./guest.ts";

const FREE = processFreeBase({ streams: 1, bufferBytes: 4096 });
const PAGE: Mapping = { virt: 0x1_0000, phys: FREE, bytes: 4096, read: true, write: false, execute: true };
const THREAD = { entry: 0x1_0000, stackTop: 0, globals: 0, local: 0 };

const manifest = (
  over: { map?: Partial<Mapping>; maps?: Mapping[]; stream?: Partial<Stream>; rest?: Partial<ProcessManifest> } = {},
): ProcessManifest => {
  const maps = over.maps ?? [{ ...PAGE, ...over.map }];
  return {
    processes: [
      { name: "service", maps: [PAGE], threads: [THREAD] },
      { name: "client", maps, threads: [THREAD] },
    ],
    streams: [{ ...stream([1, 0], [0, 0]), ...over.stream }],
    tickCycles: 0,
    ...over.rest,
  };
};

describe("a manifest", () => {
  test("that is right gives an image", () => {
    expect(processImage(manifest()).segments.length).toBeGreaterThan(1);
  });

  const { DESCRIPTORS_max } = LIMITS;
  const wrong: [string, ProcessManifest, RegExp][] = [
    ["maps page 0", manifest({ map: { virt: 0 } }), /page 0/],
    ["maps a part of a page", manifest({ map: { bytes: 100 } }), /whole pages/],
    ["maps nothing", manifest({ map: { bytes: 0 } }), /whole pages/],
    ["maps into the kernel's half", manifest({ map: { virt: 2 ** 38 - 4096, bytes: 8192 } }), /kernel's half/],
    [
      "maps the kernel's own memory",
      manifest({ map: { phys: FREE - 4096 - (FREE % 4096) - 2 ** 21 } }),
      /with the kernel/,
    ],
    ["maps pages that may only be written", manifest({ map: { read: false, write: true } }), /rights/],
    ["maps an address twice", manifest({ maps: [PAGE, { ...PAGE, phys: FREE + 4096 }] }), /overlap/],
    ["has no client thread", manifest({ rest: { processes: [{ name: "x", maps: [PAGE], threads: [] }] } }), /thread/],
    [
      "names a process that is not there",
      manifest({ stream: { server: { process: 2, descriptor: 0 } } }),
      /there are 2/,
    ],
    ["uses a descriptor twice", manifest({ stream: { server: { process: 1, descriptor: 0 } } }), /two streams/],
    [
      "goes beyond the descriptors",
      manifest({ stream: { server: { process: 0, descriptor: DESCRIPTORS_max } } }),
      /0 to/,
    ],
    ["has an odd buffer", manifest({ stream: { bufferBytes: 100 } }), /multiple of 64/],
    ["has a negative period", manifest({ rest: { tickCycles: -1 } }), /tickCycles/],
    [
      "needs more page tables than there is memory",
      manifest({
        maps: Array.from({ length: 2100 }, (_, i) => ({ ...PAGE, virt: (i + 1) * 2 ** 21, phys: FREE + 4096 * i })),
      }),
      /page tables/,
    ],
  ];
  test.each(wrong)("that %s is refused, and the message says why", (_, m, message) => {
    expect(() => processImage(m)).toThrow(message);
  });

  test("may use the last descriptor and the last page of the user's half", () => {
    const last = manifest({
      map: { virt: 2 ** 38 - 4096 },
      stream: { server: { process: 0, descriptor: DESCRIPTORS_max - 1 } },
    });
    expect(processImage(last).segments.length).toBeGreaterThan(1);
  });
});

describe("many processes", () => {
  test("pass a number along a chain of 14, each adding one", () => {
    const length = 14;
    const link: Program = {
      name: "link",
      text: `
start:  addi    sp, sp, -16
next:   SYSTEM  poll
        mv      a1, sp
        li      a2, 8
        SYSTEM  receive
        li      a0, 511
        mv      a1, sp
        li      a2, 8
        SYSTEM  send
        li      t0, -ERROR_badDescriptor
        beq     a0, t0, answer          # the last of the chain
        li      a0, 511
        mv      a1, sp
        li      a2, 8
        SYSTEM  receive
answer: ld      t0, 0(sp)
        addi    t0, t0, 1
        sd      t0, 0(sp)
        li      a0, 0
        mv      a1, sp
        li      a2, 8
        SYSTEM  send
        j       next`,
    };
    const client: Program = {
      name: "client",
      text: `
start:  addi    sp, sp, -16
        li      s0, 3
next:   sd      zero, 0(sp)
        li      a0, 511
        mv      a1, sp
        li      a2, 8
        SYSTEM  send
        li      a0, 511
        mv      a1, sp
        li      a2, 8
        SYSTEM  receive
        ld      a0, 0(sp)
        EXPECT  ${length}, 1
        addi    s0, s0, -1
        bnez    s0, next
        EXIT    0`,
    };
    const links = Array.from({ length }, () => link);
    const streams = Array.from({ length }, (_, i) => stream([i + 1, 511], [i, 0], 64));
    const guest = new Guest([...links, client], { streams });
    expect(guest.run()).toEqual({ kind: "exit", status: 0 });
  });
});
