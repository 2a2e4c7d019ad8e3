// Seeded bugs in the privileged machine and the reference engine: sim/.
import { mutations, type Mutation } from "./mutation.ts";

const TESTS = ["test/sim/machine", "test/sim/engine/reference.test.ts", "test/laws"];
const file = (name: string): string => `test/sim/machine/${name}.test.ts`;
const CSRS = [...["csrs", "traps", "capability-mode"].map(file), "test/laws/privilege.test.ts", ...TESTS];
const TRAPS = [file("traps"), file("capability-mode"), ...TESTS];
const ENGINE = ["test/sim/engine/reference.test.ts", file("traps"), "test/laws", ...TESTS];
const MEMORY = [file("memory"), "test/laws/memory.test.ts", ...TESTS];
const MMU = [...["mmu", "svadu", "pmp"].map(file), "test/laws/privilege.test.ts", ...TESTS];

const csrs = mutations("sim/machine/csrs.ts", CSRS, [
  ["no register asks for ASR", 'csr.record.asr === "always" || (csr.record.asr === "write" && write)', "false"],
  [
    "UTIDC can be written without ASR",
    'csr.record.asr === "always" || (csr.record.asr === "write" && write)',
    'csr.record.asr === "always"',
  ],
  ["UTIDC cannot be read without ASR", '(csr.record.asr === "write" && write)', 'csr.record.asr === "write"'],
  ["lower modes reach the registers of higher ones", "mode < csrPrivilege(number) || (write", "(write"],
  ["read-only registers can be written", "(write && csrReadOnly(number))", "false"],
  ["a corrupt capability keeps its tag in a register", "m.keepTagIf(value, isIntact(m, value))", "value"],
  [
    "CSRRS moves a register's address without asking whether it is representable",
    "setAddress(m, old(), m.addr(value))",
    "m.cap(m.tag(old()), m.meta(old()), m.addr(value))",
  ],
]);

const counters = mutations("sim/machine/counters.ts", CSRS, [
  [
    "scounteren alone lets U-mode read counters",
    "m.and(machine, isSet(m, held.x(HELD.scounteren), bit))",
    "isSet(m, held.x(HELD.scounteren), bit)",
  ],
]);

const behaviour = mutations("sim/machine/csr-behaviour.ts", CSRS, [
  [
    "mtvec takes a sealed value as it is",
    "return m.keepTagIf(\n      setAddress(m, value, addr),",
    "return ((y, _) => y)(\n      m.cap(m.tag(value), m.meta(value), addr),",
  ],
  ["vectors out of the representable range keep mtvec's tag", "[base, m.add(base, beyond)].map", "[base].map"],
  ["mepc keeps the tag at an odd address", "m.keepTagIf(aligned, m.eq(excess, m.const(0n)))", "aligned"],
  [
    "MPP takes a mode that does not exist",
    "m.select(reserved, m.xor(given, m.and(m.xor(held, given), mpp)), given)",
    "given",
  ],
  ["satp takes any mode", "held: m.select(supported, value, held)", "held: value"],
]);

const trap = mutations("sim/machine/trap.ts", TRAPS, [
  ["MRET does not unseal mepc", "return unsealed(m, held.y(epc));", "return held.y(epc);"],
  ["MRET to a lower mode leaves MPRV", "m.and(next, m.const(~MPRV))", "next"],
  ["MRET leaves MPP", "m.const(~(ie | pie | previous))", "m.const(~(ie | pie))"],
  ["MRET is legal in any mode", "if (mode < LEVEL[from].mode) return m.const(1n);", ""],
  [
    "a trap leaves interrupts on",
    "m.const(~(level.ie | level.pie | level.previous))",
    "m.const(~(level.pie | level.previous))",
  ],
  ["a trap does not say from which mode", "m.or(others, m.or(enabled, from))", "m.or(others, enabled)"],
  ["exceptions are vectored", "interrupt ? cause : undefined)", "cause)"],
  [
    "mepc gets the pcc without its tag",
    "held.setY(level.epc, pcc);",
    "held.setY(level.epc, m.cap(m.const(0n), m.meta(pcc), m.addr(pcc)));",
  ],
  ["a trap leaves the reservation", "  unreserve(m, held);\n", ""],
]);

const reservation = mutations("sim/machine/reservation.ts", ENGINE, [
  ["SC stores more than was reserved", "m.eq(m.or(before, behind), ", "m.eq(before, "],
]);

const reference = mutations("sim/engine/reference.ts", ENGINE, [
  ["MRET needs no ASR", "from) !== 0n || !this.#systemAccess()", "from) !== 0n"],
  ["a trap of M-mode is delegated", "hart.mode !== Mode.machine && isDelegated(", "isDelegated("],
  ["CBO.INVAL needs no ASR", 'if (operation === "inval" && !this.#systemAccess()) this.#illegal();', ""],
  [
    "an integer result keeps the register's old metadata and tag",
    "    this.#xs[r] = value;\n    this.#ys[r] = undefined;",
    "    this.#xs[r] = value;\n    const y = this.#ys[r];\n    this.#ys[r] = y && new Capability(y.tag, y.meta, value, undefined);",
  ],
  [
    "x0 can be written",
    "  setY(r: number, value: Capability): void {\n    if (r === 0) return;",
    "  setY(r: number, value: Capability): void {",
  ],
  [
    "U-mode may SFENCE.VMA",
    "mode === Mode.user || trapped) this.#illegal();\n    // Translations",
    "trapped) this.#illegal();\n    // Translations",
  ],
]);

const data = mutations("sim/engine/data.ts", MMU, [
  [
    "a page without Y gives capabilities with their tags",
    "loadedTags === LoadedTags.strip ? 0n : BigInt(this.memory.tag(offset))",
    "BigInt(this.memory.tag(offset))",
  ],
  [
    "a store across two pages asks only whether the second can be loaded",
    "this.mmu.translateData(second, Number(second), direction)",
    'this.mmu.translateData(second, Number(second), "load")',
  ],
  ["SC leaves the reservation", "    unreserve(this, this.#held);\n    if (!covered)", "    if (!covered)"],
  [
    "a capability of finite bounds authorises an address that is not canonical",
    "return bounds.base === 0n && bounds.topHigh !== 0n ? 1n : 0n;",
    "return bounds.base >= 0n ? 1n : 0n;",
  ],
]);

const device = mutations("sim/engine/data.ts", MEMORY, [
  [
    "SY to a device is a load's access fault",
    "if (!this.memory.holds(phys, bytes)) this.raise(ACCESS_FAULT[direction], tval);",
    "if (!this.memory.holds(phys, bytes)) this.raise(ACCESS_FAULT.load, tval);",
  ],
]);

const log = mutations(
  "sim/engine/commit-log.ts",
  ["test/sim/engine/commit-log.test.ts", "test/laws/engines.test.ts"],
  [
    [
      "a log makes integers of untagged capabilities",
      "    super.setY(r, value);\n",
      "    if (value.tag === 0n) super.setX(r, value.addr);\n    else super.setY(r, value);\n",
    ],
  ],
);

const fetch = mutations(
  "sim/engine/fetch.ts",
  [file("capability-mode"), ...ENGINE],
  [
    ["a sealed pcc executes", "(pcc.meta & (required | SEALED)) !== required", "(pcc.meta & required) !== required"],
    ["an untagged pcc executes", "pcc.tag === 0n || (pcc.meta", "(pcc.meta"],
    ["a pcc without X executes", "const required = PERMISSION.X;", "const required = 0n;"],
    ["a corrupt pcc executes", "return this.bounds(pcc).integral !== 0n;", "return true;"],
    ["an instruction may end beyond the pcc's top", "    this.#requireInBounds(bytes);\n", ""],
    [
      "a jump keeps the old pcc's authority where the permissions differ",
      "target.tag === authority.tag && target.meta === authority.meta",
      "target.tag === authority.tag",
    ],
  ],
);

const memory = mutations("sim/machine/memory.ts", MEMORY, [
  ["a store across two granules leaves the second tag", "      tags[last] = 0;\n", ""],
  ["an integer store leaves the tag", "      tags[first] = 0;\n      tags[last] = 0;\n", ""],
  ["CBO.ZERO leaves the last tag of its block", "tags.fill(0, first, last + 1)", "tags.fill(0, first, last)"],
]);

const mmu = mutations("sim/machine/mmu.ts", MMU, [
  ["S-mode reaches user pages without SUM", '(type !== "fetch" && state.sum)', 'type !== "fetch"'],
  ["S-mode with SUM executes user pages", '(type !== "fetch" && state.sum)', "state.sum"],
  [
    "U-mode reaches supervisor pages",
    "if (mode === Mode.user) return userPage;",
    "if (mode === Mode.user) return true;",
  ],
  ["a load reaches execute-only pages without MXR", "(state.mxr && (flags & PTE.X) !== 0)", "(flags & PTE.X) !== 0"],
  ["a store needs no D", 'type === "fetch" || type === "load" ? PTE.A : PTE.A | PTE.D', "PTE.A"],
  ["an access needs no A", "BigInt(wanted & ~flags)", "BigInt(wanted & ~flags & ~PTE.A)"],
  ["a large page may begin anywhere", 'if (ppn % within !== 0) return "page";', ""],
  [
    "a page without Y takes tagged capabilities",
    'if (type === "taggedStore" && !takesTags(context.state, leaf)) return "capability";',
    "",
  ],
  [
    "a walk sets D where PMP forbids the store",
    'if (!this.#pmp.permits(Mode.supervisor, entry, PTE_BYTES, "store")) return false;',
    "",
  ],
  [
    "a walk does not ask PMP",
    'if (!this.#pmp.permits(Mode.supervisor, entry, PTE_BYTES, "load")) return "access";',
    "",
  ],
  ["a store to a page table leaves cached translations", "    this.#memory.mark(page, PAGE_BYTES, Mark.table);\n", ""],
]);

const pmp = mutations(
  "sim/machine/pmp.ts",
  [file("pmp")],
  [
    ["PMP entries bind M-mode unlocked", "(mode === Mode.machine && (cfg & CFG.L) === 0) || ", ""],
    [
      "locked PMP entries do not bind M-mode",
      "(mode === Mode.machine && (cfg & CFG.L) === 0)",
      "mode === Mode.machine",
    ],
    [
      "a PMP entry that matches some bytes of an access decides for all",
      "if (phys < from || end > to) return false;",
      "",
    ],
    ["what no PMP entry matches is open to all", "    return mode === Mode.machine;\n", "    return true;\n"],
    ["a locked PMP entry can be rewritten", "if (this.#locked(first + i)) continue;", ""],
    [
      "the address below a locked top of range can be moved",
      "if (this.#locked(entry) || bottomOfLocked) return;",
      "if (this.#locked(entry)) return;",
    ],
  ],
);

const hart = mutations(
  "sim/machine/hart.ts",
  [file("traps"), ...TESTS, "test/kernel/sasos/interruption.test.ts"],
  [
    [
      "timer interrupts come before software interrupts",
      "  INTERRUPT.machineSoftware,\n  INTERRUPT.machineTimer,\n",
      "  INTERRUPT.machineTimer,\n  INTERRUPT.machineSoftware,\n",
    ],
    ["M-mode is interrupted with MIE clear", "this.mode < Mode.machine || (this.status & MSTATUS.MIE) !== 0", "true"],
    ["S-mode translates as M-mode with MPRV does", "flags | (mode << 1) | (dataMode << 3)", "flags | (dataMode << 3)"],
  ],
);

export const MACHINE_MUTATIONS: readonly Mutation[] = [
  ...csrs,
  ...counters,
  ...behaviour,
  ...trap,
  ...reservation,
  ...reference,
  ...data,
  ...device,
  ...log,
  ...fetch,
  ...memory,
  ...mmu,
  ...pmp,
  ...hart,
];
