// Seeded bugs in the SASOS kernel: switcher, faults, context switch, loader: kernel/sasos/.
import { mutations, type Mutation } from "./mutation.ts";

// Not headers.test.ts, which would notice any change of the text by what the labels' headers say.
const TESTS = ["switcher", "fault", "interruption", "random-calls", "boot"].map(
  (t) => `test/kernel/sasos/${t}.test.ts`,
);

const switcher = mutations("kernel/sasos/switcher.S", TESTS, [
  ["a call does not ask whether the trusted stack has a frame left", "        bltu    a2, t0, switcher_no_room\n", ""],
  [
    "a call does not ask whether the stack has room for the slice",
    "        bltu    t5, t4, switcher_no_room ",
    "        nop # ",
  ],
  ["the callee gets the whole stack, not a slice", "        NARROW  t4, t4, t5, t3\n", "        yaddrw  t4, t4, t5\n"],
  ["the callee's frame does not say where its slice begins", "        sd      t5, FRAME_slice(t0)\n", ""],
  ["the callee's frame does not say whose it is", "        sd      a2, FRAME_compartment(t0)\n", ""],
  [
    "a call commits before it has kept the caller's registers",
    "        FRAME_REGISTERS sy, t0\n        sc.d    zero, zero, (t0)                # the callee must not inherit a reservation\n        sy      t0, TRUSTED_top - TOKEN_bias(t1)\n",
    "        sy      t0, TRUSTED_top - TOKEN_bias(t1)\n        FRAME_REGISTERS sy, t0\n        sc.d    zero, zero, (t0)\n",
  ],
  [
    "the callee sees s11 of its caller",
    ".irp r, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11\n        li",
    ".irp r, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10\n        li",
  ],
  ["the callee sees its caller's globals", "        ly      gp, ENTRY_globals(t6)\n", ""],
  ["a return leaves the slice as the callee left it", "        cbo.zero (t4)\n", "        nop\n"],
  ["the callee inherits its caller's reservation", "        sc.d    zero, zero, (t0) ", "        nop # "],
  ["the caller inherits its callee's reservation", "        sc.d    zero, zero, (t6) ", "        nop # "],
  ["a return does not pop the frame", "        sy      t6, TRUSTED_top - TOKEN_bias(t1)\n", ""],
  ["a return does not ask whether anybody called", "        beq     t2, t3, 1f\n", ""],
  [
    "a return pops the frame before it has zeroed the slice",
    "        cbo.zero (t4)\n        yaddi   t4, t4, CACHE_BLOCK_bytes\n        bltu    t4, t3, switcher_wipe\n        sy      t6, TRUSTED_top - TOKEN_bias(t1)\n",
    "        sy      t6, TRUSTED_top - TOKEN_bias(t1)\n2:      cbo.zero (t4)\n        yaddi   t4, t4, CACHE_BLOCK_bytes\n        bltu    t4, t3, 2b\n",
  ],
]);

const fault = mutations("kernel/sasos/fault.S", TESTS, [
  [
    "a jump at the switcher counts as a fault in it",
    "        beq     t1, t0, unwind                  # its pcc",
    "        nop # ",
  ],
  [
    "a fault before the call's commit unwinds the caller",
    "        bltu    t4, t0, fault_caller            # before",
    "        nop # ",
  ],
  ["a fault leaves the slice as the callee left it", "1:      cbo.zero (t0)\n", "1:      nop\n"],
  ["a fault does not pop the frame", "        sy      s3, TRUSTED_top - TOKEN_bias(s1)\n", ""],
  [
    "a fault leaves the callee's a1 and temporaries to the caller",
    "        sy      zero, CONTEXT_\\r(sp)\n",
    "        nop\n",
  ],
  [
    "a fault leaves the callee's s11 to the caller",
    "s9, s10, s11\n        ly      t0, FRAME_\\r(s2)",
    "s9, s10\n        ly      t0, FRAME_\\r(s2)",
  ],
]);

const trap = mutations("kernel/sasos/trap.S", TESTS, [
  [
    "a thread keeps the trusted stack of the one before it",
    "        csrw    utidc, t0                       # the next",
    "        nop # ",
  ],
  ["any compartment may end the run", "        bne     t2, t3, fault\n", ""],
]);

const loader = mutations("kernel/sasos/loader.S", TESTS, [
  [
    "links are not sealed",
    "        ysentry t2, t2\n        STORE_IN_DATA t2, LINK_at(a1)",
    "        STORE_IN_DATA t2, LINK_at(a1)",
  ],
  ["read-only pointers can write", "2:      li      t0, CLEAR_TO_READ\n        ypermc  t2, t2, t0\n", "2:\n"],
  [
    "a grant may name the kernel's own device",
    "        beqz    t0, loader_refuse               # mapped",
    "        nop # ",
  ],
]);

export const KERNEL_MUTATIONS: readonly Mutation[] = [...switcher, ...fault, ...trap, ...loader];
