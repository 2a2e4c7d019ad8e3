// Processes that serve, or misbehave on request, and what the kernel must make of it: each scenario says how it came out.
import { CAUSE } from "../../../isa/cause.ts";
import type { Stop } from "../../../sim/engine/engine.ts";
import { Guest, STACKS, stream, type Options, type Program } from "./guest.ts";

/** Sends and receives 8 bytes. */
const MACROS = `
.macro TELL descriptor, label
        li      a0, \\descriptor
        la      a1, \\label
        li      a2, 8
        SYSTEM  send
.endm
.macro HEAR descriptor, label, bytes=8
        li      a0, \\descriptor
        la      a1, \\label
        li      a2, \\bytes
        SYSTEM  receive
.endm
.macro SPIN turns
        li      t0, \\turns
1:      addi    t0, t0, -1
        bnez    t0, 1b
.endm
# Sends a value and expects a result, and the value that comes back.
.macro ASK value, result, answer=0
        li      t0, \\value
        la      t1, word
        sd      t0, 0(t1)
        TELL    0, word
        HEAR    0, word
        EXPECT  \\result, \\value + 1
.if \\result > 0
        la      t1, word
        ld      a0, 0(t1)
        EXPECT  \\answer, \\value + 100
.endif
.endm
.macro WORDS
        .data
        .balign 8
word:   .dword  0
.endm
        .set    KERNEL, -0x4000000000 + 0x80000000
`;

/** Sends each message back: 8 bytes of length, then as many bytes. */
export const ECHO: Program = {
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

/** What a process may not do, by the number that asks for it, and the cause of the fault. */
export const VIOLATIONS: readonly { readonly what: string; readonly code: string; readonly cause: number }[] = [
  {
    what: "reads an address that nothing is mapped at",
    code: "li t0, 0x5000000; ld t0, 0(t0)",
    cause: CAUSE.loadPageFault,
  },
  { what: "reads kernel memory", code: "li t0, KERNEL; ld t0, 0(t0)", cause: CAUSE.loadPageFault },
  { what: "writes kernel memory", code: "li t0, KERNEL + 0x10000; sd t0, 0(t0)", cause: CAUSE.storePageFault },
  { what: "jumps into the kernel", code: "li t0, KERNEL; jr t0", cause: CAUSE.instructionPageFault },
  {
    what: "reads another process's memory by its physical address",
    code: "li t0, 0x80a00000; ld t0, 0(t0)",
    cause: CAUSE.loadPageFault,
  },
  { what: "writes its own code", code: "la t0, start; sd t0, 0(t0)", cause: CAUSE.storePageFault },
  { what: "runs its own data", code: "la t0, word; jr t0", cause: CAUSE.instructionPageFault },
  { what: "reads satp", code: "csrr t0, satp", cause: CAUSE.illegalInstruction },
  { what: "writes sscratch", code: "csrw sscratch, t0", cause: CAUSE.illegalInstruction },
  { what: "flushes the TLB", code: "sfence.vma", cause: CAUSE.illegalInstruction },
  { what: "returns from a trap it has not taken", code: "sret", cause: CAUSE.illegalInstruction },
  { what: "breaks", code: "ebreak", cause: CAUSE.breakpoint },
];

/** Answers 0 with 0 and its stack pointer's fresh value; any other number commits that violation. */
const OFFENDER: Program = {
  name: "offender",
  text: `${MACROS}
start:  li      t0, ${STACKS + 0x4000}
        bne     sp, t0, spoilt
        addi    sp, sp, -64
        SYSTEM  poll
        HEAR    0, word
        la      t0, word
        ld      t0, 0(t0)
        beqz    t0, well
        la      t1, table
        slli    t0, t0, 3
        add     t0, t0, t1
        ld      t0, 0(t0)
        jr      t0
well:   TELL    0, word
        addi    sp, sp, 64
        j       start
spoilt: j       spoilt
${VIOLATIONS.map((v, i) => `offence${i + 1}: ${v.code}`).join("\n")}
        unimp
        .section .rodata
        .balign 8
table:  .dword  0, ${VIOLATIONS.map((_, i) => `offence${i + 1}`).join(", ")}
        WORDS`,
};

/** Asks for each violation, and after each that the service answers again. */
export function offences(options: Options = {}): { guest: Guest; stop: Stop } {
  const client: Program = {
    name: "client",
    text: `${MACROS}
start:  ${VIOLATIONS.map((_, i) => `ASK ${i + 1}, -ERROR_reset\nASK 0, 8, 0`).join("\n")}
        EXIT    0
        WORDS`,
  };
  const guest = new Guest([OFFENDER, client], { ...options, streams: [stream([1, 0], [0, 0])] });
  return { guest, stop: guest.run() };
}

/** Where an offence's code begins. */
export const offenceLabel = (i: number): string => `offence${i + 1}`;

/**
 * A client asks A, A asks B. For 7, A faults when it has asked B; for 8, when it has half of B's answer; for 9, B faults. All
 * others come back as 1000 more. Returns the status of the run: what the client expected and did not get, or 0.
 */
export function nestedFaults(spins: { a: number; b: number }, options: Options = {}): number {
  const b: Program = {
    name: "b",
    text: `${MACROS}
start:  SYSTEM  poll
        HEAR    0, word
        li      t0, 8
        bne     a0, t0, start           # the stream was reset
        SPIN    ${spins.b}
        la      t0, word
        ld      t1, 0(t0)
        li      t2, 9
        bne     t1, t2, 1f
        unimp
1:      addi    t1, t1, 1000
        sd      t1, 0(t0)
        TELL    0, word
        j       start
        WORDS`,
  };
  const a: Program = {
    name: "a",
    text: `${MACROS}
start:  SYSTEM  poll
        HEAR    0, word
        la      t0, word
        ld      s0, 0(t0)
        TELL    1, word
        SPIN    ${spins.a}
        li      t0, 7
        beq     s0, t0, fault
        li      t0, 8
        beq     s0, t0, half
        HEAR    1, word
        bgez    a0, 1f
        la      t0, word                # B's error is A's answer
        sd      a0, 0(t0)
1:      TELL    0, word
        j       start
half:   HEAR    1, word, 4
fault:  unimp
        WORDS`,
  };
  const client: Program = {
    name: "client",
    text: `${MACROS}
start:  ASK     5, 8, 1005
        ASK     7, -ERROR_reset
        ASK     6, 8, 1006
        ASK     8, -ERROR_reset
        ASK     4, 8, 1004
        ASK     9, 8, -ERROR_reset
        ASK     3, 8, 1003
        EXIT    0
        WORDS`,
  };
  const streams = [stream([1, 1], [0, 0]), stream([2, 0], [1, 0])];
  const stop = new Guest([b, a, client], { ...options, streams }).run(200_000);
  return stop.kind === "exit" ? stop.status : -1;
}

/** A service faults when it has taken 8 bytes of a message that is longer than the stream's buffer. */
export function faultAmidMessage(options: Options = {}): number {
  const server: Program = {
    name: "server",
    text: `${MACROS}
start:  SYSTEM  poll
        HEAR    0, word
        la      t0, word
        ld      t1, 0(t0)
        bnez    t1, 1f
        TELL    0, word
        j       start
1:      unimp
        WORDS`,
  };
  const client: Program = {
    name: "client",
    text: `${MACROS}
start:  la      t0, long
        li      t1, 1
        sd      t1, 0(t0)
        li      a0, 0
        la      a1, long
        li      a2, 100000
        SYSTEM  send
        EXPECT  -ERROR_reset, 1
        ASK     0, 8, 0
        EXIT    0
        .bss
        .balign 8
long:   .space  100000
        WORDS`,
  };
  const stop = new Guest([server, client], { ...options, streams: [stream([1, 0], [0, 0])] }).run(200_000);
  return stop.kind === "exit" ? stop.status : -1;
}

/**
 * A sends a secret to B, and is then switched away from in favour of C, which was waiting for something else. Returns how
 * many registers of C hold the secret at C's first instruction.
 */
export function registersLeaked(options: Options = {}): number {
  const secret = 0x5ec2e7;
  const waiting: Program = {
    name: "waiting",
    text: `${MACROS}
start:  SYSTEM  poll
after:  HEAR    0, word
        TELL    0, word
        j       start
        WORDS`,
  };
  const a: Program = {
    name: "a",
    text: `${MACROS}
start:  ASK     1, 8, 1                 # C (descriptor 0) waits in poll again
        TELL    0, word
        li      a0, 1
        la      a1, secrets
        li      a2, 64
        SYSTEM  send
${["t0", "t1", "t2", "t3", "t4", "t5", "t6", "a3", "a4", "a5", "a6", "s1", "s5", "s11"].map((r) => `li ${r}, ${secret}`).join("\n")}
        HEAR    0, word
        EXIT    0
        .balign 8
secrets: .dword ${new Array(8).fill(secret).join(", ")}
        WORDS`,
  };
  const streams = [stream([2, 0], [0, 0]), stream([2, 1], [1, 0])];
  const guest = new Guest([waiting, waiting, a], { ...options, streams });
  let arrivals = 0;
  let leaked = 0;
  const after = guest.label(0, "after");
  guest.trace((pc) => {
    if (pc !== after || guest.machine.hart.asid !== 1 || guest.machine.hart.mode !== 0) return;
    arrivals += 1;
    if (arrivals !== 2) return;
    const registers = Array.from({ length: 31 }, (_, r) => guest.machine.engine.x(r + 1));
    leaked = registers.filter((x) => x === BigInt(secret)).length;
  });
  if (arrivals < 2) throw new Error("the waiting process was not served twice");
  return leaked;
}

/** Does a process get bytes of the kernel by sending from its address? */
export function readsKernelBySend(options: Options = {}): boolean {
  const client: Program = {
    name: "client",
    text: `${MACROS}
start:  li      a0, 0
        li      a1, KERNEL
        li      a2, 8
        SYSTEM  send
        EXPECT  -ERROR_badAddress, 1
        EXIT    0`,
  };
  const idle: Program = { name: "idle", text: "start: SYSTEM poll" };
  const stop = new Guest([idle, client], { ...options, streams: [stream([1, 0], [0, 0])] }).run(100_000);
  return !(stop.kind === "exit" && stop.status === 0);
}
