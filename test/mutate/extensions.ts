// Seeded bugs in what Zyhybrid and Svyrg change: pointer modes, ddc, their enables; generations and dirty pages.
import { mutations, type Mutation } from "./mutation.ts";

const HYBRID = [
  "test/isa/ext/zyhybrid.test.ts",
  "test/sim/machine/zyhybrid.test.ts",
  "test/sim/machine/zyhybrid-enable.test.ts",
];
const SVYRG = ["test/sim/machine/svyrg.test.ts"];

const usable = "m.and(not(m, isSealed(m, cs1)), m.bounds(cs1).integral)";
const enabled = "(this.menvcfg & (this.mode === Mode.user ? this.senvcfg : MENVCFG.Y) & MENVCFG.Y)";

const zyhybrid: readonly Mutation[] = [
  ...mutations("isa/ext/zyhybrid.ts", HYBRID, [
    ["YMODEW changes a sealed capability", usable, "m.bounds(cs1).integral"],
    ["YMODEW of a corrupt capability keeps its tag", usable, "not(m, isSealed(m, cs1))"],
    ["YMODEW gives a mode to what cannot execute", "m.and(usable, hasAll(m, meta, PERMISSION.X))", "usable"],
    ["YMODEW takes more than bit 0 of rs2", "m.zext(m.x(o.rs2), 1)", "m.x(o.rs2)"],
    [
      "YMODER reads the mode of a corrupt capability",
      "m.and(hasAll(m, m.meta(cs1), PERMISSION.X), m.bounds(cs1).integral)",
      "hasAll(m, m.meta(cs1), PERMISSION.X)",
    ],
    ["YMODESWY does not leave Integral Pointer Mode", "switchMode(m, 0n)", "switchMode(m, INTEGRAL)"],
    ["YMODESWI does not leave Capability Pointer Mode", "switchMode(m, INTEGRAL)", "switchMode(m, 0n)"],
  ]),
  ...mutations("isa/cap/perms.ts", HYBRID, [["the P-bit outlives X", "m.zyhybrid ? ASR | INTEGRAL : ASR", "ASR"]]),
  ...mutations("isa/cap/access.ts", HYBRID, [
    ["integer pointers need no authority", "m.capabilityMode || m.ddc !== undefined", "m.capabilityMode"],
    ["integer pointers ask the register, not ddc", "m.capabilityMode ? m.y(rs1) : m.ddc!", "m.y(rs1)"],
    ["capability pointers ask ddc", "m.capabilityMode ? m.y(rs1) : m.ddc!", "m.ddc ?? m.y(rs1)"],
  ]),
  ...mutations("isa/ext/rv64i.ts", HYBRID, [
    [
      "AUIPC with integer pointers gives a capability",
      "if (m.capabilityMode) m.setY(o.rd, setAddress(m, m.pcc, addr));",
      "if (m.capabilityMode || m.ddc !== undefined) m.setY(o.rd, setAddress(m, m.pcc, addr));",
    ],
    [
      "a link with integer pointers is a capability",
      "if (m.capabilityMode) m.setY(rd, sealed",
      "if (m.capabilityMode || m.ddc !== undefined) m.setY(rd, sealed",
    ],
    [
      "JALR with integer pointers installs the whole register",
      "if (m.capabilityMode) m.jumpY(entered",
      "if (m.capabilityMode || m.ddc !== undefined) m.jumpY(entered",
    ],
  ]),
  ...mutations("isa/csr.ts", HYBRID, [
    [
      "ddc needs ASR",
      'whole: "changed", asr: "never", ext: "Zyhybrid"',
      'whole: "changed", asr: "always", ext: "Zyhybrid"',
    ],
  ]),
  ...mutations("sim/machine/csrs.ts", HYBRID, [
    [
      "with integer pointers ddc is written by its address alone",
      'width === "ylen" || (width === "extended" && capabilityMode)',
      'width !== "xlen" && capabilityMode',
    ],
    [
      "with integer pointers mtvec is written whole",
      'width === "ylen" || (width === "extended" && capabilityMode)',
      'width !== "xlen"',
    ],
    ["registers of YLEN bits are there where RVY is disabled", ' || (csr.record.width === "ylen" && !rvy)', ""],
  ]),
  ...mutations("sim/machine/csr-behaviour.ts", HYBRID, [
    ["the enable of RVY cannot be written", "zyhybrid ? MENVCFG.Y : 0n,", "0n,"],
  ]),
  ...mutations("sim/machine/hart.ts", HYBRID, [
    [
      "menvcfg.Y disables RVY in M-mode",
      "if (this.mode === Mode.machine) return true;\n    return (this.menvcfg &",
      "return (this.menvcfg &",
    ],
    [
      "senvcfg.Y alone enables RVY in U-mode",
      enabled,
      "((this.mode === Mode.user ? this.senvcfg : this.menvcfg) & MENVCFG.Y)",
    ],
    ["menvcfg.Y alone enables RVY in U-mode", enabled, "(this.menvcfg & MENVCFG.Y)"],
    ["senvcfg.Y disables RVY in S-mode", enabled, "(this.menvcfg & this.senvcfg & MENVCFG.Y)"],
  ]),
  ...mutations("sim/engine/fetch.ts", HYBRID, [
    ["the P-bit counts where RVY is disabled", '!this.rvyEnabled ? "disabled" : integral', "integral"],
    ["the P-bit of the pcc is not heeded", 'integral ? "integral" : "capability"', '"capability"'],
  ]),
  ...mutations("sim/engine/reference.ts", HYBRID, [
    [
      "a change of mode does not ask whether RVY is enabled there",
      "if (this.zyhybrid) this.rvyEnabled = this.hart.rvyEnabled;",
      "",
    ],
  ]),
  ...mutations("sim/machine/machine.ts", HYBRID, [
    [
      "a hart with Zyhybrid begins in Capability Pointer Mode",
      'infiniteMeta(extensions.has("Zylevels1"), extensions.has("Zyhybrid"))',
      'infiniteMeta(extensions.has("Zylevels1"))',
    ],
  ]),
];

const dirty = 'type === "taggedStore" && state.yrge ? RVY.YD : 0';
const trapping = "(tag & keepsTag) !== 0n";

const svyrg: readonly Mutation[] = [
  ...mutations("sim/machine/mmu.ts", SVYRG, [
    ["a user page is held to the supervisor's generation", "(flags & PTE.U) !== 0 ? uyrg : syrg", "syrg"],
    ["a supervisor page is held to the user's generation", "(flags & PTE.U) !== 0 ? uyrg : syrg", "uyrg"],
    [
      "tags load from a page of any generation",
      "LoadedTags.keep : LoadedTags.trap",
      "LoadedTags.keep : LoadedTags.keep",
    ],
    [
      "a page of the wrong generation strips tags and does not trap",
      "LoadedTags.keep : LoadedTags.trap",
      "LoadedTags.keep : LoadedTags.strip",
    ],
    [
      "a page without YR strips tags whatever its YRG",
      "return generation ? LoadedTags.keep : LoadedTags.strip;",
      "return LoadedTags.strip;",
    ],
    [
      "Svyrg off does not strip tags of pages without Y",
      "(rvy & RVY.Y) !== 0 ? LoadedTags.keep : LoadedTags.strip",
      "LoadedTags.keep",
    ],
    [
      "Svyrg lets tagged capabilities into pages without YW",
      "state.yrge ? RVY.YW : RVY.Y",
      "state.yrge ? ALL_RVY : RVY.Y",
    ],
    ["a tagged store needs no YD", dirty, "0"],
    ["any store needs YD", dirty, '(type === "store" || type === "taggedStore") && state.yrge ? RVY.YD : 0'],
    [
      "YD clear is a page fault of its own kind (15)",
      'unset >> UPPER_WORD_BITS === 0n ? "page" : "capability"',
      '"page"',
    ],
    [
      "a walk does not set YD",
      "this.#setBits(leaf.walk.entries.at(-1)!, unset)",
      "this.#setBits(leaf.walk.entries.at(-1)!, unset & 0xffn)",
    ],
    ["Svyrg's bits are no reserved ones with YRGE clear", "state.yrge ? ALL_RVY : RVY.Y;", "ALL_RVY;"],
    ["a change of generation keeps old translations", "[sum, mxr, adue, yrge, uyrg, syrg]", "[sum, mxr, adue, yrge]"],
    [
      "W is asked for before a tagged store's own permission",
      '    if (type === "taggedStore" && !takesTags(context.state, leaf)) return "capability";\n    if (!permits(context.state, leaf.flags, type)) return "page";\n',
      '    if (!permits(context.state, leaf.flags, type)) return "page";\n    if (type === "taggedStore" && !takesTags(context.state, leaf)) return "capability";\n',
    ],
  ]),
  ...mutations("sim/engine/data.ts", SVYRG, [
    ["a load whose authority lacks C traps by the generation", trapping, "tag !== 0n"],
    ["an untagged load traps by the generation", trapping, "keepsTag !== 0n"],
  ]),
  ...mutations("sim/machine/csr-behaviour.ts", SVYRG, [
    ["sstatus shows no field of Svyrg", "fields(SSTATUS_MASK, svyrg | UXL)", "fields(SSTATUS_MASK, UXL)"],
    [
      "a write of Svyrg's fields does not tell translation",
      "fields(MPRV | SUM | MXR, SVYRG_MASK)",
      "fields(MPRV | SUM | MXR)",
    ],
  ]),
];

export const EXTENSION_MUTATIONS: readonly Mutation[] = [...zyhybrid, ...svyrg];
