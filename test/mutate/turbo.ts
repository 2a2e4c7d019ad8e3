// Seeded bugs in the engine that translates to WebAssembly: sim/engine/turbo/.
import { mutations, type Mutation } from "./mutation.ts";

const CSR_TESTS = ["test/sim/engine/turbo/csr.test.ts"];
const TRAP_TESTS = ["traps", "csr", "translation", "timing-cases"].map(
  (name) => `test/sim/engine/turbo/${name}.test.ts`,
);
const INTERPRETER_TESTS = ["interpreter", "cold-code", "capability", "lockstep"].map(
  (name) => `test/sim/engine/turbo/${name}.test.ts`,
);
const TESTS = [
  "test/sim/engine/turbo/expr.test.ts",
  "test/sim/engine/turbo/memory.test.ts",
  "test/sim/engine/turbo/translation.test.ts",
  "test/sim/engine/turbo/lockstep.test.ts",
];

const EVENT_TESTS = [...TESTS, "test/sim/engine/turbo/events.test.ts", "test/sim/engine/turbo/timing.test.ts"];

export const TURBO_MUTATIONS: readonly Mutation[] = [
  ...mutations("sim/engine/turbo/expr.ts", TESTS, [
    ["translated MULHU loses a carry", "this.add(this.mul(aLow, bHigh), this.zext(t, 32))", "this.mul(aLow, bHigh)"],
    [
      "translated DIV of the most negative number by -1 ends in an error",
      "this.select(this.or(byZero, overflow), ONE, b)",
      "this.select(byZero, ONE, b)",
    ],
    ["not less, signed, becomes not less, unsigned", "[Op.i64LtS, Op.i64GeS]", "[Op.i64LtS, Op.i64GeU]"],
    ["a condition masked by an even number is kept", "(b.value & 1n) === 1n ? a : ZERO", "a"],
  ]),
  ...mutations("sim/engine/turbo/memory-path.ts", TESTS, [
    ["a translated store across two granules leaves the second tag", "if (bytes === 1) return;", "return;"],
    ["a translated store across two granules looks at the first alone", "? bytes - 1 : 0;", "? 0 : 0;"],
    ["a translated access across pages goes to the first", "      .i64(BigInt(bytes - 1))\n", "      .i64(0n)\n"],
    [
      "a translated store of a capability asks for what that of a tagged one does whatever it stores",
      "const kind = tag === undefined ? access : Access.store;",
      "const kind = access;",
    ],
    ["a translated store to code is not heard of", "if (stores) this.#requireUnmarked(place, bytes);", ""],
    [
      "translated code never traps misaligned accesses",
      "if (this.#o.trapsMisaligned && bytes > 1 && bytes <= 8)",
      "if (bytes > 8 && bytes < 8)",
    ],
  ]),
  ...mutations("sim/engine/turbo/ram-check.ts", TESTS, [
    ["a translated access may end behind RAM", "this.#ramBytes - (this.#to - this.#from)", "this.#ramBytes - 1n"],
    [
      "accesses by one register before the first are not looked at",
      "offset < this.#from ? offset : this.#from",
      "this.#from",
    ],
    ["accesses by one register behind the first are not looked at", "end > this.#to ? end : this.#to", "this.#to"],
  ]),
  ...mutations("sim/engine/turbo/known.ts", TESTS, [
    ["a register that moves is looked at where it was", "ahead: ram.ahead + offset", "ahead: ram.ahead"],
  ]),
  ...mutations("sim/engine/turbo/checkpoints.ts", EVENT_TESTS, [
    [
      "a checkpoint asks for the budget of its block alone",
      "most = Math.max(most, instructions + next.instructions);",
      "most = Math.max(most, instructions);",
    ],
    ["a checkpoint asks for the time of its block alone", "if (cycles(way) > cycles(longest)) longest = way;", ""],
  ]),
  ...mutations("sim/engine/turbo/switch-code.ts", TESTS, [
    [
      "a context is found by satp alone",
      "[i64.ne(i64.load(slot), satp), i64.ne(i64.load(slot, CONTEXT_SLOT.rest), rest)]",
      "[i64.ne(i64.load(slot), satp), i64.ne(rest, rest)]",
    ],
  ]),
  ...mutations("sim/engine/turbo/contexts.ts", TESTS, [
    [
      "translated code keeps translations when tables change",
      "for (let number = 0; number < this.#used; number += 1) this.#emptyTlb(number);",
      "",
    ],
    [
      "translations that were given outlive a change of tables",
      "this.#emptyTlb(number);\n    this.#forgetGiven();",
      "this.#emptyTlb(number);",
    ],
    [
      "a context has what was given to another of its number",
      "this.#forgetNames();\n        this.#forgetGiven();",
      "this.#forgetNames();",
    ],
  ]),
  ...mutations("sim/engine/turbo/fill-code.ts", TESTS, [
    [
      "a page that was given is that of an access across its end",
      "i64.or(i64.xor(i64.load(given, GIVEN.key), key), otherPage)",
      "i64.xor(i64.load(given, GIVEN.key), key)",
    ],
    ["what may be loaded from may be stored to", "i32.or(context, kind)", "context"],
    ["what was given to one context is known in all", "i32.or(context, kind)", "kind"],
  ]),
  ...mutations("sim/engine/turbo/system.ts", CSR_TESTS, [
    [
      "translated code needs no ASR for a register",
      "csr === undefined || !csrs.permits(number, write, this.#systemAccess)",
      "csr === undefined || !csrs.permits(number, write, true)",
    ],
    ["translated code writes whole what CSRRS gives", "whole && csrs.accessedWhole", "csrs.accessedWhole"],
    ["translated code writes an odd address to mepc", "csr.keep(this, given)", "given"],
  ]),
  ...mutations("sim/engine/turbo/system.ts", TRAP_TESTS, [
    [
      "translated traps go where delegation once said",
      "this.#leaveIf(this.xor(this.eq(isNow, constant(delegated)), constant(1n)));",
      "",
    ],
    ["a translated return goes to a pcc without a tag", "this.#requireTag(this.#held.y(LEVEL[from].epc));", ""],
    ["a translated trap goes to a vector without a tag", "this.#requireTag(this.#held.y(LEVEL[to].tvec));", ""],
    ["a translated trap that comes for ever is no wedge", "if (this.#first) this", "if (!this.#first) this"],
    ["a translated SC leaves the reservation", "    unreserve(this, this.#held);\n", ""],
    [
      "a translated SC stores without a reservation",
      "this.#leaveIf(stores ? this.xor(reserved, constant(1n)) : reserved);",
      "",
    ],
  ]),
  ...mutations(
    "sim/engine/turbo/code-cache.ts",
    ["test/sim/engine/turbo/code-cache.test.ts"],
    [
      ["what follows a region's code is in it", "from <= offset && offset < to", "from <= offset"],
      [
        "code is in a region of another pcc",
        "isFor(region, meta, addressing) && region.translated",
        "region.translated",
      ],
    ],
  ),
  ...mutations("sim/engine/turbo/code-cache.ts", TESTS, [
    [
      "a translated region is entered under another pcc",
      "region.meta === meta && region.addressing === addressing",
      "region.addressing === addressing",
    ],
    [
      "entries into translated code outlast a change of tables",
      "    this.#tags += MAX_CONTEXTS;\n",
      "    if (this.#nextIndex === 0) this.#tags += MAX_CONTEXTS;\n",
    ],
    [
      "a store to the code of a region leaves it",
      "if (region.translated.ranges.some((r) => r.from < to && from < r.to && isOf(r.virt))) this.#remove(region);",
      "",
    ],
  ]),
  ...mutations(
    "sim/engine/turbo/engine.ts",
    [...CSR_TESTS, ...TESTS],
    [
      ["code translated for M-mode runs in U-mode", "addressing | (translation.mode << 3)", "addressing"],
      ["an exit counts the instructions behind it as retired", "executed -= exit.unexecuted;", ""],
      [
        "translated code runs past the next event",
        "this.#left(MAX_BUDGET)",
        "Math.min(this.#untilRetired - this.retired, MAX_BUDGET)",
      ],
      [
        "translated loads take tags from pages without Y",
        "if (access === Access.loadCapability && mmu.loadedTags !== LoadedTags.keep) return 0;",
        "",
      ],
      [
        "translated code does not ask PMP",
        '!mmu.guardsData || mmu.allows(pageAt, PAGE_BYTES, stores ? "store" : "load")',
        "pageAt >= 0 || stores",
      ],
      [
        "a translated store asks whether the page can be loaded",
        '["load", "store", "load", "taggedStore"]',
        '["load", "load", "load", "taggedStore"]',
      ],
      [
        "a translated store of a tagged capability asks as any store",
        '["load", "store", "load", "taggedStore"]',
        '["load", "store", "load", "store"]',
      ],
    ],
  ),
  ...mutations("sim/engine/turbo/executed-code.ts", TESTS, [
    [
      "translation goes on beyond the pcc's top",
      "pc < this.#base || pc + BigInt(op.bytes) > this.#end",
      "pc < this.#base",
    ],
    [
      "what was translated of an instruction in two pages stays",
      "return page && next && this.#code.inTwoPages(page, next);",
      "return page?.straddling;",
    ],
  ]),
  ...mutations("sim/engine/turbo/interpreter-loop.ts", INTERPRETER_TESTS, [
    ["cold code goes on beyond an event", "if (timed !== undefined) f.rarely(timed.isDue, leave);", ""],
    ["cold code goes on beyond the pcc's bounds", "f.rarely(isOutside(pc), stuck);", ""],
    ["a capability that leads out of its bounds moves the pcc", "i32.or(isOther, isOutside(pc))", "isOther"],
    ["cold code keeps its pcc where another is entered", "i32.or(isOther, isOutside(pc))", "isOutside(pc)"],
    ["cold code is somebody else's work", "i32.shrU(heat, word(PARCEL.heatBits))", "word(0)"],
    [
      "a page of cold code is any that is a multiple of some pages away",
      "f.if(i64.ne(i64.load(entry), page)",
      "f.if(i64.ne(page, page)",
    ],
    [
      "what is jumped to is as hot as before where its record has been forgotten",
      "f.store(parcel, PARCEL.heat, i32.add(heat, i32.lt(jumps, counted)));",
      "f.if(i32.load(parcel, PARCEL.record), () => f.store(parcel, PARCEL.heat, i32.add(heat, word(1))));",
    ],
    ["jumps are counted beyond the most that are to be", "i32.lt(jumps, counted)", "word(1)"],
    ["jumps of cold code are not heard of", "f.if(i32.and(traits, word(INDIRECT)), () => noteJump(f, from, pc));", ""],
  ]),
  ...mutations("sim/engine/turbo/engine.ts", INTERPRETER_TESTS, [
    [
      "cold code goes on as it was before a store to it",
      "this.#interpreter.pages.forget(ramBase + start, ramBase + end);",
      "",
    ],
    ["cold code has the line in hand that it had before", "forgetKnown(this.#linear);", ""],
    ["what is new is JavaScript's", "this.#interpreter.lookAhead(page, this.offset, this.code)", "false"],
    [
      "the interpreter begins after translated instructions, too",
      "this.retired - this.translated - this.interpreted",
      "this.retired",
    ],
  ]),
  ...mutations(
    "sim/engine/turbo/operation-translator.ts",
    ["test/sim/engine/turbo/operations.test.ts"],
    [["what computes with an immediate takes one for all", "throw DEPENDS_ON_IMMEDIATE;", "return 1 as never;"]],
  ),
  ...mutations("sim/engine/turbo/interpreter-loop.ts", INTERPRETER_TESTS, [
    ["cold code has executed one instruction more than its budget", "f.set(left, i32.sub(left, word(1)));", ""],
    ["the jump of cold code that a table forgot is told", "word((1 << JUMPED.indexBits) - 1)", "word(0)"],
  ]),
  ...mutations("sim/engine/turbo/decoded-pages.ts", INTERPRETER_TESTS, [
    ["decoded code goes on as it was where it has changed", "this.note(parcels, offset, 0);", "void offset;"],
    ["decoded code is nobody's work", "category << PARCEL.heatBits", "0"],
    ["all that was decoded is warm", "heat >= often", "true"],
    ["code is warm as far as the next jump only", "(heat > 0 ? heat >= often : isWarm)", "heat >= often"],
    ["of much code only some counts as warm", "return count * step;", "return count;"],
    ["each page counts as warm as if it stood for several", "page += step", "page += 1"],
  ]),
  ...mutations("sim/engine/turbo/patience.ts", INTERPRETER_TESTS, [
    ["a first loop does not wait", "FIRST_INSTRUCTIONS = 3 << 16", "FIRST_INSTRUCTIONS = 0"],
    ["little code waits no longer than a loop", "CUBES * warm ** 3", "warm"],
    ["code is counted anew whenever some of it is hot", "LONGER = 5 / 4", "LONGER = 1"],
    ["how much code is warm is counted once", "Math.max(this.#waitsFor, LONGER * progress)", "Infinity"],
    ["much code waits as long as it is much", "MUCH_CODE_INSTRUCTIONS = 1 << 22", "MUCH_CODE_INSTRUCTIONS = 0"],
    ["very much code waits for good", "MOST_INSTRUCTIONS = 1 << 24", "MOST_INSTRUCTIONS = Infinity"],
    ["very much code waits no longer than much", "PAYING_EXECUTIONS * warm", "0"],
    ["what got hot while all waited is translated at once", "COUNTED_SHARE = 3 / 4", "COUNTED_SHARE = 4"],
    ["what got hot while all waited is cold", "COUNTED_SHARE = 3 / 4", "COUNTED_SHARE = 0"],
  ]),
  ...mutations(
    "sim/engine/turbo/entrances.ts",
    [...INTERPRETER_TESTS, ...TESTS],
    [
      [
        "a region is entered whatever its pages hold by now",
        "return region.pages.every(({ virt, page }) => this.#o.knownPage(virt) === page);",
        "return region.pages.length > 0;",
      ],
      ["code is translated that never should be", "hotAfter === Infinity", "false"],
      ["nothing translated is entered while code waits", "{ hot: HEAT.enters,", "{ hot: HEAT.never,"],
      ["code is entered that brings nothing", "if (page !== undefined) this.#heat(page, pc, 0);", ""],
      ["what translated code is left for stays cold", "this.#o.interpreter.hasBegun ? this.#arrival : 1", "1"],
      ["code that stays long is not entered", "this.#losses[index]! + TRIP - executed", "this.#losses[index]! + TRIP"],
      ["regions have no functions that are less hot", "isWarmWith(WARM_SHARE)", "isWarmWith(1)"],
      ["regions have functions that are cold", "isWarmWith(WARM_SHARE)", "isWarmWith(Infinity)"],
      ["regions leave out states that are less hot", "isWarmWith(LUKEWARM_SHARE)", "isWarmWith(WARM_SHARE)"],
      ["much code is translated as soon as little", "MOST_SHARES_OF_PAGES = 8", "MOST_SHARES_OF_PAGES = 1"],
      ["code waits without timing, too", "waits && pieces !== undefined", "waits"],
      ["much code stays cold without timing", "if (pieces === undefined) return interpretedHotAfter;", ""],
      ["small loops are translated as soon as others", "Math.floor(MAKING / instructions)", "0"],
      ["code that is left at once is translated at once", "longestWay < TRIP", "false"],
      [
        "code that is left at once is translated first as soon as later",
        "code.instructions === 0 ? MOST_PASSED_OVER_AT_FIRST : MOST_PASSED_OVER",
        "MOST_PASSED_OVER",
      ],
      ["code that has a loop is passed over", "longestWay < TRIP", "true"],
      ["what translated code is left for is passed over", "if (pc === this.#leftFor) return 0;", ""],
      ["code that is left at once is never translated", "times >= this.#passes(page, circumstances, source)", "false"],
      [
        "what begins with an instruction of the interpreter's is translated",
        "if (source.at(pc) === undefined) return undefined;",
        "",
      ],
    ],
  ),
  ...mutations(
    "sim/engine/turbo/code-ahead.ts",
    ["test/sim/engine/turbo/code-ahead.test.ts"],
    [
      ["two ways that meet again are a loop", "known.set(pc, length);", ""],
      ["a call does not come back", "isCall(traits) ? [called, [next]] : [called]", "[called]"],
      ["a cold function is gone through", ".filter(isWarm)", ""],
    ],
  ),
  ...mutations(
    "sim/engine/turbo/regions.ts",
    ["test/sim/engine/turbo/regions.test.ts", ...INTERPRETER_TESTS],
    [
      [
        "a large region has copies of what is called",
        "MAX_OF_REGION_BEFORE_FOLLOWED - instructions",
        "MAX_BEFORE_FOLLOWED",
      ],
      ["a block goes on in a cold function", "!source.isWarm(target) || source", "source"],
      ["a call brings a cold function into its region", "&& !isCold(ending.target)", ""],
    ],
  ),
  ...mutations(
    "sim/engine/turbo/operations.ts",
    ["test/sim/engine/turbo/operations.test.ts", ...INTERPRETER_TESTS],
    [
      ["an operation writes x0", "8 * (Number(rd ?? 0) || NO_REGISTER)", "8 * Number(rd ?? 0)"],
      ["an operation has no second operand", "8 * Number(rs2 ?? 0)", "8 * Number(rs1 ?? 0)"],
    ],
  ),
  ...mutations(
    "sim/engine/turbo/operation-function.ts",
    [...INTERPRETER_TESTS, "test/sim/engine/turbo/timing.test.ts"],
    [
      ["cold code moves no capability", "movesCapability(access) ? bytes | CAPABILITY : bytes", "bytes"],
      ["an access of cold code lies where its page does", "writer.wide(addr);", "code.i64(0n);"],
    ],
  ),
  ...mutations(
    "sim/engine/turbo/operation-bounds.ts",
    ["test/sim/engine/turbo/operations.test.ts", ...INTERPRETER_TESTS],
    [
      ["a window holds an access whose last byte it does not", "m.ltu(last, top)", "m.ltu(addr, top)"],
      [
        "a sealed capability keeps its tag where it is moved",
        "m.eq(m.and(meta, constant(SEALED)), constant(0n))",
        "constant(1n)",
      ],
    ],
  ),
  ...mutations("sim/engine/turbo/memory-translator.ts", TESTS, [
    ["a store of an integer leaves the tag", "    this.memory.clearTags(place, bytes);\n", ""],
    ["zeroing leaves the tags", "this.memory.clearTags(place, 1, ahead);", "void ahead;"],
    [
      "a stored capability has the tag that was there",
      "    this.memory.setTag(place, () => this.writer.truth(value.tag));\n",
      "",
    ],
    ["an AMO stores what it loads", "this.storeAt(place, bytes, update(old));", "this.storeAt(place, bytes, old);"],
  ]),
];
