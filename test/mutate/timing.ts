// Seeded bugs in the time of generated code: sim/engine/turbo/ and what sim/timing/ has for it.
import { mutations, type Mutation } from "./mutation.ts";

const test = (name: string): string => `test/sim/engine/turbo/${name}.test.ts`;
const TESTS = ["timing-cases", "timing-paths", "late-access", "timing"].map(test);

const code: readonly Mutation[] = [
  ...mutations("sim/engine/turbo/access-code.ts", TESTS, [
    [
      "a cache that answers nobody has what it last used on time",
      "if (timing.fastPaths.l1d.fills === undefined) signs.push(() => this.#piece.waits());",
      "",
    ],
    [
      "only the first load of a block may wait for a store",
      "code.local(Op.localGet, age).op(Op.f64Lt)",
      "code.f64(0).op(Op.f64Lt)",
    ],
    ["after a late access the piece begins with it again", "goOnOrExit(index + 1,", "goOnOrExit(index,"],
    [
      "a page of another address space is on time",
      ".memory(Op.i32Load, STATE.asid).op(Op.i32Eq);",
      ".op(Op.drop).op(Op.drop).i32(1);",
    ],
    ["a wide load overlaps stores to its first block alone", "bytes <= portBytes ?", "bytes <= 64 ?"],
    [
      "capability stores leave their groups of tags",
      "capability && !reads && tagGroups",
      "capability && !reads && !tagGroups && tagGroups",
    ],
    [
      "behind a store of the block, loads ask only for those before it",
      "if (block.storesFrom < index) {",
      "if (block.storesFrom < -1) {",
    ],
    ["stores are not noted for loads behind them", "isStore(timingClass)) this", "reads) this"],
    [
      "a store to a clean line leaves it clean",
      ".i32(1).op(Op.i32Shl).i32(1).op(Op.i32Or).op(Op.i32Eq);",
      ".i32(1).op(Op.i32Shl).op(Op.i32Xor).i32(-2).op(Op.i32And).op(Op.i32Eqz);",
    ],
    ["a misaligned access is on time", "if (bytes > 1) signs.push(() => this.#misaligned(place, bytes));", ""],
    ["a store to the second line of a set leaves it clean", "reads ? word : i32.or", "!reads ? word : i32.or"],
    [
      "the second line of a set is on time whatever else is in the way",
      "leaveIfAny(code, this.#signsOfLateness(access), 0);\n      this.#isFirst(place, reads);",
      "this.#isFirst(place, reads);",
    ],
    ["sets whose uses are noted are brought into order without", '.policy !== "plru"', '.policy !== ""'],
  ]),
  ...mutations("sim/engine/turbo/piece-code.ts", TESTS, [
    ["blocks begin however near an event is", "this.#latestBegin(most)", "this.locals.clock"],
    [
      "loads behind a store of their block wait for it if one waited before",
      "loads.every((load) => load < storesFrom)",
      "loads.every((load) => load < Infinity)",
    ],
    [
      "no store waits in a state without a number",
      ".local(Op.localGet, this.locals.state)\n      .op(Op.i32LtU);",
      ".local(Op.localGet, this.locals.state)\n      .op(Op.i32LtS);",
    ],
    [
      "no load waits for a store that it overlaps",
      'if (!this.ordersLoads || loads.length === 0) return "never";',
      'if (loads.length >= 0) return "never";',
    ],
  ]),
  ...mutations("sim/engine/turbo/questions.ts", TESTS, []),
  ...mutations("sim/engine/turbo/fetch-code.ts", TESTS, [
    [
      "each line taken in hand is counted twice",
      ".i32(1).op(Op.i32Add).memory(Op.i32Store, at)",
      ".i32(2).op(Op.i32Add).memory(Op.i32Store, at)",
    ],
    [
      "lines taken in hand are looked up in no TLB",
      "this.#translates ? TAKEN.translated : TAKEN.direct",
      "this.#translates ? TAKEN.direct : TAKEN.direct",
    ],
    [
      "a line that the instruction cache does not hold is at hand where fetches are not translated",
      "i32.const(lines.wordOf(line))).emit(code)",
      "i32.at(lines.setAt(line))).emit(code)",
    ],
    [
      "code in one place is in the lines of another where fetches are not translated",
      "piece.pieces.lines.nextAt;",
      "piece.pieces.lines.nextAt + LINE_BYTES;",
    ],
    ["where code is left, a fetch from two lines is made again", "&& first !== last);", "&& false);"],
    [
      "of two lines asked for the first is in hand",
      "this.#ask(() => this.#leaveRecord(last), depth + 1);",
      "this.#ask(() => code.local(Op.localGet, locals.line), depth + 1);",
    ],
    [
      "a region is entered with the line in hand of its head",
      ".i32(LINE_BYTES)\n      .op(Op.i32Mul)",
      ".i32(0)\n      .op(Op.i32Mul)",
    ],
    ["a line of another page is on time", ".f64(page).op(Op.f64Ne)", ".f64(page).op(Op.f64Ne).i32(0).op(Op.i32And)"],
  ]),
  ...mutations("sim/engine/turbo/first-fetches.ts", TESTS, [
    [
      "a line is in hand behind some of the blocks before it",
      "if (others.length === 0)",
      "if (others.length < before[node]!.length)",
    ],
    ["a loop fetches its first line before it whatever its turns leave in hand", "&& !others.some(isBack)", ""],
  ]),
  ...mutations("sim/timing/states.ts", TESTS, [
    ["states do not tell that stores wait", "stores.waitsAt(this.#writer.origin)", "stores.waitsAt(Infinity)"],
  ]),
  ...mutations("sim/engine/turbo/access-function.ts", TESTS, [
    [
      "a cache that answers nobody holds its lines on time",
      "if (fastPaths.l1d.fills === undefined) f.rarely(f64.gt(busyBefore(timing), clock!), isLate);",
      "",
    ],
    ["a misaligned access is on time in another line", "f.rarely(i32.and(place!, last), isLate);", ""],
    ["a line comes by the cycle before the piece", "f64.sub(clock!, f64.const(earlyCycles))", "clock!"],
    [
      "generated code asks before the clock is where it should be",
      "    spill(f, timing, clock!, state!);\n    const virt",
      "    const virt",
    ],
  ]),
  ...mutations("sim/engine/turbo/transfer-code.ts", TESTS, [
    ["translated branches leave no history", "if (history !== undefined) noteOutcome(", "if (false) noteOutcome("],
    [
      "where the branch target buffer holds all, a translated return never has its target from there",
      "else if (btbHoldsAll)",
      "else if (!btbHoldsAll)",
    ],
    [
      "a translated branch forward is taken for one that goes back",
      "const backward = isBackward(this.#last.traits)",
      "const backward = true",
    ],
  ]),
  ...mutations("sim/engine/turbo/parts/predictor.ts", TESTS, [
    [
      "the translated return-address stack does not wrap",
      "select(i32.eq(place, word(last)), word(0), i32.add(place, word(NUMBER_BYTES)))",
      "i32.add(place, word(NUMBER_BYTES))",
    ],
    [
      "a translated return leaves its address on the stack",
      "    f.store(place, returns.byteOffset, f64.const(NO_RETURN));\n",
      "",
    ],
  ]),
  ...mutations("sim/engine/turbo/block-writer.ts", TESTS, [
    ["the category may change within a block", "this.#timing === undefined || this", "this !== undefined || this"],
  ]),
];

const parts: readonly Mutation[] = [
  ...mutations("sim/engine/turbo/pieces.ts", TESTS, [
    [
      "the last instruction before an exit takes no time",
      "(this.#left[0]!, executed)",
      "(this.#left[0]!, executed - 1)",
    ],
    ["rows outlive the numbers of states", "this.rows.forget(row, scriptsToo)", "void 0"],
    ["translated accesses count as physical", '? "translated" : "physical"', '? "physical" : "physical"'],
  ]),
  ...mutations("sim/timing/generated.ts", TESTS, [
    ["there is always time before the next event", "<= this.event[0]!;", "< Infinity;"],
    ["a fetch that was told with its instruction is told again", "if (begun) this.fetchedPc = NOWHERE;", ""],
  ]),
  ...mutations("sim/timing/memo-core.ts", TESTS, [
    ["an instruction that generated code has timed is timed again", "if (this.generated.takeBegun())", "if (r.trap)"],
  ]),
];

/** What is compared is in the hash as well, so that a bug has to forget both. */
const APPROACH_KEYS = `const hash = i32.xor(i32.mul(state, word(STATE_SPREAD)), i32.mul(place, word(SCRIPT_SPREAD)));
      const at = f.let(element(approachesAt, i32.shrU(hash, word(32 - APPROACH_BITS)), APPROACH_SHIFT));
      const differences = [
        i32.ne(i32.load(at, APPROACH.state), state),`;
const APPROACH_KEYS_WITHOUT_STATE = APPROACH_KEYS.replace("i32.mul(state,", "i32.mul(word(1),").replace(
  / +i32.ne.*/,
  "",
);
const ARRIVAL_KEYS = `const cycles = i32.low(i64.shrU(i64.add(access, i64.shrU(tags, i64.const(5n))), i64.const(32n)));
      const hash = i32.mul(i32.add(cycles, transition), word(STATE_SPREAD));
      const at = f.let(element(arrivalsAt, i32.shrU(hash, word(32 - ARRIVAL_BITS)), ARRIVAL_SHIFT));
      const differences = [
        i32.ne(i32.load(at, ARRIVAL.transition), transition),
        i64.ne(i64.load(at, ARRIVAL.accessCycles), access),
        i64.ne(i64.load(at, ARRIVAL.tagCycles), tags),`;
const ARRIVAL_KEYS_WITHOUT_CYCLES = ARRIVAL_KEYS.replace("i64.add(access,", "i64.add(i64.const(0n),").replace(
  / +i64.ne.*access\),/,
  "",
);
const ARRIVAL_KEYS_WITHOUT_TAGS = ARRIVAL_KEYS.replace("i64.shrU(tags,", "i64.shrU(i64.const(0n),").replace(
  / +i64.ne.*tags\),/,
  "",
);

const LATE = ["parts", "late-access", "late-page", "timing-paths", "timing-cases", "timing"].map(test);
const PAGES = ["translation-parts", "late-page"].map(test);

const late: readonly Mutation[] = [
  ...mutations("sim/engine/turbo/late-access.ts", LATE, [
    [
      "a late access in two lines asks for the first",
      "f.rarely(i32.ltU(inLine, i32.add(i32.and(place, inLine), last)), ask)",
      "void ask",
    ],
    [
      "a late access goes on near an event",
      "f.rarely(this.#code.isNear(f, clock), () => f.return(clock, state, this.#stop()));",
      "",
    ],
    ["a late access looks no page up", "this.#dataPage.count(f, a.page);", ""],
    [
      "the walker leaves the lines where they were found",
      "f.rarely(this.#dataPage.isMissing(a.page.leaf), () => this.#l1d.findAgain(f, a.found));",
      "",
    ],
    [
      "an access is on time where its line comes later, within a hit",
      "this.#l1d.touchAt(f, a.found, i32.and(a.flags, word(ACCESS.writes)), at, late);",
      "this.#l1d.touchAt(f, a.found, i32.and(a.flags, word(ACCESS.writes)), f.let(f64.add(at, f64.const(l1d.hitCycles + 1))), late);",
    ],
    [
      "an access whose page is not there is on time",
      "    f.rarely(this.#dataPage.isMissing(a.page.leaf), late);\n    f.rarely(i32.and(a.place",
      "    f.rarely(i32.and(a.place",
    ],
    [
      "a translation that has been asked for is asked for again",
      "this.#ask(point, row, addr, place, pageCycles,",
      "this.#ask(point, row, addr, place, f64.const(NOT_ASKED),",
    ],
  ]),
  ...mutations("sim/engine/turbo/near-access.ts", LATE, [
    [
      "a late access of a new state goes on in the old one",
      "f.set(a.state, i32.load(arrival, ARRIVAL.next));",
      "f.set(a.state, i32.load(approach, APPROACH.next));",
    ],
    [
      "the piece before a late access is not counted",
      "countAt(f, f.let(i32.load(approach, APPROACH.taken)));",
      "void approach;",
    ],
    ["a late load waits for no store", "f.rarely(f64.lt(age, f64.of(waiting))", "f.rarely(word(0)"],
  ]),
  ...mutations("sim/engine/turbo/late-code.ts", LATE, [
    ["a page that is not held is asked for when its piece begins", "f64.add(o.begin, f64.of(translateAt))", "o.begin"],
    ["an access is made before its page is there", "() => ifLate(f, o.page.cycles, way)", "() => {}"],
  ]),
  ...mutations("sim/engine/turbo/shortcut-code.ts", LATE, [
    [
      "a shortcut to a late access is taken though loads before it overlap stores",
      "...(code.ordersLoads ? [f64.lt(age, f64.load(at, APPROACH.waitingBefore))] : []),",
      "",
    ],
    ["a shortcut to a late access is taken from any state", APPROACH_KEYS, APPROACH_KEYS_WITHOUT_STATE],
    [
      "a way that loads before an access had to take is kept for those that need not",
      " if (code.ordersLoads) f.if(f64.lt(age, waiting), () => f.set(at, word(tables.points.shortcuts.ownAt)));",
      "",
    ],
    ["a shortcut behind a late access is taken however late it is", ARRIVAL_KEYS, ARRIVAL_KEYS_WITHOUT_CYCLES],
    ["a shortcut behind a late access is taken whether or not tags are late", ARRIVAL_KEYS, ARRIVAL_KEYS_WITHOUT_TAGS],
  ]),
  ...mutations("sim/engine/turbo/late-fetch.ts", LATE, [
    ["the piece before a late fetch is not counted", "f.if(before, () => code.countTaken(f, before));", ""],
    ["a late fetch looks no page up", "this.#codePage.await(f, page, clock);", ""],
    ["a fetch does not wait for its page", "f64.add(o.clock, o.pageCycles)", "o.clock"],
    ["an event near a late fetch comes when it is done", "f.storeAt(byteOffset + LATE_FETCH.beganAt, clock);", ""],
    [
      "a late fetch goes on near an event",
      "f.rarely(code.isNear(f, clock), () => f.return(clock, state, this.#stop()));",
      "",
    ],
  ]),
  ...mutations(
    "sim/engine/turbo/points.ts",
    [test("points"), ...LATE, test("followed-jumps")],
    [
      [
        "shortcuts outlive the numbers that they hold",
        "this.shortcuts.forget();\n    if (!scriptsToo)",
        "if (!scriptsToo)",
      ],
      [
        "shortcuts outlive the points that they lead to",
        "this.#scriptCount = 0;\n    this.shortcuts.forget();",
        "this.#scriptCount = 0;",
      ],
      [
        "what was fetched from two lines is fetched from one",
        "if (offset + bytes > lineBytes) flags |= ACCESS.asks;",
        "",
      ],
    ],
  ),
  ...mutations("sim/engine/turbo/parts/tlb.ts", PAGES, [
    ["a page of another address space in another way is on time", "i32.eq(owner, this.#asid)", "word(1)"],
    ["a page of another address space among four is on time", "i32x4.eq(owner, asid)", "i32x4.eq(owner, owner)"],
    [
      "a page that is used leaves the rest of its set in place",
      "this.#put(f, set, entry);\n    });\n  }\n\n  #put",
      "});\n  }\n\n  #put",
    ],
    ["a page in the second place takes the first, and leaves it nowhere", "f.store(second, column, kept);", ""],
    ["the second level hands no global page up", "i32.shl(isGlobal, word(LEAF_GLOBAL_BIT))", "word(0)"],
    ["translated misses of a TLB are not counted", "f.count(this.#tlb.misses.byteOffset);", ""],
    ["a large page is held whole in any set", "this.#tlb.setMask === 0 ? mask : word(-1)", "mask"],
  ]),
  ...mutations("sim/engine/turbo/parts/walker.ts", PAGES, [
    ["the walker of translated code takes no time of its own", "f64.add(ready, f64.const(stepCycles))", "ready"],
    ["the walker of translated code forgets what it has read", "f.storeAt(first, entry);", ""],
  ]),
  ...mutations("sim/engine/turbo/parts/page-tables.ts", PAGES, [
    [
      "a page is global only by its leaf",
      "i32.or(isGlobal, i32.and(entry, word(PTE.G)))",
      "i32.and(entry, word(PTE.G))",
    ],
    [
      "an entry that is not valid leads on",
      "f.rarely(i32.not(i32.and(low, word(PTE.V))), () => f.return(word(-1)));",
      "",
    ],
  ]),
  ...mutations("sim/engine/turbo/store-code.ts", LATE, [
    ["a late store is not noted for loads behind it", "f.count(youngest.byteOffset);", ""],
    [
      "a late access is kept in mind for its first block alone",
      "storeBlockAt(i32.add(place, last), blocks)",
      "storeBlockAt(place, blocks)",
    ],
  ]),
  ...mutations("sim/engine/turbo/parts/cache.ts", LATE, [
    ["a line is there whenever it is asked for again", "        this.#fills.ifAwaited(f, found.fill, at, no);", ""],
    [
      "a translated miss writes no dirty line back",
      "f.if(i32.and(victim, word(1)), () => {\n      f.count",
      "f.if(word(0), () => {\n      f.count",
    ],
    ["a translated miss is asked for before there is room for it", "f64.max(at, f.let(this.#fills.freeAt))", "at"],
    [
      "flags are part of a line's number",
      "i32x4.shrU(i32x4.shl(words, word(FLAGS)), word(FLAGS + 1))",
      "i32x4.shrU(words, word(1))",
    ],
    ["a line on its way is on time", "f.if(i32.lt(word(-1), found.fill), no);", ""],
    [
      "what was not asked of a line on its way is not asked later either",
      "f.rarely(i32.eq(fill, word(NOT_ASKED)), () => f.set(fill, this.#fills.onItsWay(line, at)));",
      "",
    ],
  ]),
  ...mutations("sim/engine/turbo/parts/fills.ts", LATE, [
    ["a translated hit does not wait for its line", "f.if(i32.lt(word(NONE), fill), () => {", "f.if(word(0), () => {"],
    [
      "a line that was on its way when it was looked for still is",
      "f.if(f64.ge(filledAt, f64.add(at, f64.const(1))), () => then(filledAt));",
      "then(filledAt);",
    ],
    [
      "a cache is no longer busy when its last miss is filled, though others are not",
      "f.set(i, this.#makeRoom!(i, time));\n        last();",
      "f.set(i, this.#makeRoom!(i, time));",
    ],
  ]),
  ...mutations("sim/timing/cache.ts", LATE, [
    [
      "a line that is written while it is on its way has come",
      "(this.#words[base + position]! & ~UNUSED) | 1",
      "(line << 1) | 1",
    ],
    ["a line that is put in has come", "this.#blocking ? word : word | FRESH", "word"],
  ]),
  ...mutations("sim/engine/turbo/parts/dram.ts", LATE, [
    ["a translated access finds every bank free", "f64.either(at, f64.load(freeAt))", "at"],
    [
      "a translated conflict of rows costs what a closed row does",
      "f64.load(found, dram.cycles.byteOffset)",
      'takes(dram, "closedRow")',
    ],
  ]),
  ...mutations("sim/engine/turbo/parts/tagged-memory.ts", LATE, [
    ["translated code never waits for tags", "f.if(f64.gt(tags, ready), () => {", "f.if(word(0), () => {"],
    ["translated code notes no group of tags in the root", "f.store(notedAt, 0, i32.const(1));", ""],
  ]),
];

const FAR = ["test/sim/timing/far-stores.test.ts", test("far-stores")];

const far: readonly Mutation[] = [
  ...mutations("sim/timing/far-stores.ts", FAR, [
    ["a late store is written as soon as one on time", "uses[at + USE.doneAfter]! + late", "uses[at + USE.doneAfter]!"],
    [
      "a far state lets one store more wait than there is room for",
      "this.#ageDoneAt(this.entries - 1)",
      "this.#ageDoneAt(this.entries)",
    ],
  ]),
  ...mutations("sim/engine/turbo/far-code.ts", FAR, [
    [
      "translated code lets one store more wait than there is room for",
      "doneAt(far, word(far.entries - 1))",
      "doneAt(far, word(far.entries))",
    ],
    ["stores of a piece that is asked about are pushed twice", "f.storeAt(nextAt, first);", ""],
  ]),
  ...mutations(
    "sim/timing/on-time-bound.ts",
    ["test/sim/timing/on-time-bound.test.ts", test("events")],
    [["nothing is under way when a piece begins", "let cycles = this.#ahead + ", "let cycles = "]],
  ),
  ...mutations(
    "sim/engine/turbo/counter-code.ts",
    [test("counters")],
    [
      [
        "a block that reads a counter shows what it is charged",
        "code.local(Op.localGet, this.#budget)",
        "code.local(Op.localGet, BUDGET)",
      ],
    ],
  ),
];

const room: readonly Mutation[] = [
  ...mutations("sim/engine/turbo/pieces.ts", ["large-ram", "much-code", "many-places"].map(test), [
    ["nobody asks whether there is room for rows", "this.#rowCount > MAX_ROWS - MOST_OF_REGION || ", ""],
    ["nobody asks whether there is room for lines", " || this.lines.full", ""],
    ["nobody asks whether there is room for points", " || this.points.full", ""],
  ]),
  ...mutations("sim/engine/turbo/lines.ts", ["large-ram", "many-places"].map(test), [
    ["linear addresses from 2^31 on are negative", "(at - from) >>> 0", "at - from"],
  ]),
  ...mutations("sim/engine/turbo/code-cache.ts", ["many-places"].map(test), [
    ["nobody asks whether there is room for regions", "this.#nextIndex >= MAX_REGIONS ||\n", ""],
  ]),
  ...mutations("sim/engine/fetch.ts", ["protection"].map(test), [
    [
      "translated code is entered in a page of which PMP closes part",
      'PAGE_BYTES, "fetch") ? page : undefined',
      'PAGE_BYTES, "fetch") ? page : page',
    ],
  ]),
  ...mutations("sim/engine/turbo/engine.ts", ["protection"].map(test), [
    [
      "translated code may use a page where PMP lets the first access through",
      "mmu.allows(pageAt, PAGE_BYTES, stores",
      "mmu.allows(phys, bytes, stores",
    ],
  ]),
];

const RETIRE = ["retire-code", "interpreter", "timing"].map(test);

const retired: readonly Mutation[] = [
  ...mutations("sim/engine/turbo/retire-code.ts", RETIRE, [
    [
      "transfers of cold code are always foreseen",
      "f.set(step, i32.or(step, i32.shl(outcome, word(OUTCOME_SHIFT))));",
      "",
    ],
    ["cold code in two lines has both in hand", "word(lineBytes + 1), bytes", "word(lineBytes + 3), bytes"],
    [
      "the line in hand of cold code is that of any page",
      "f.if(i32.eq(i32.sub(place, i32.low(offset)), i32.at(RETIRE.knownLinePlace)), isInHand);",
      "isInHand();",
    ],
    ["an access of cold code is one of the next instruction, too", "    f.storeAt(RETIRE.access, word(0));\n", ""],
    ["an AMO of cold code is a store", "f.if(i32.not(isOf(Class.atomic)), () =>", "f.if(word(1), () =>"],
    ["a load of cold code waits for the first of its lines", "      f.set(ready, f64.max(ready, second));\n", ""],
    ["a store of cold code has one line", "i32.lt(this.#endInLine(place, bytes), word(lineBytes + 1))", "word(1)"],
    ["a page of cold code is translated at once", "codePage.await(f, { number: pageOf(pc), leaf, cycles }, now);", ""],
    ["a fetch of cold code takes no time", "f.if(f64.gt(ready, now), () =>", "f.if(word(0), () =>"],
  ]),
  ...mutations("sim/engine/turbo/rows.ts", TESTS, [
    ["entries outlive renumbering", "this.#words[at + PIECE.state / 4] = NO_STATE;", ""],
    ["scripts of rows outlive renumbering", "return this.#words.set(EMPTY, begin);", "return;"],
  ]),
  ...mutations(
    "sim/engine/turbo/timing-functions.ts",
    [...TESTS, test("far-stores")],
    [
      ["sets of three ways are as far apart as those of two", "Number.isInteger(waysShift) && ", ""],
      [
        "two lines are one look-up",
        "for (let line = 0; line < 2; line += 1)",
        "for (let line = 0; line < 1; line += 1)",
      ],
      [
        "what a piece does from a far state is good for another",
        "      f.store(entry, PIECE.state, word(NO_STATE));\n",
        "      f.store(entry, PIECE.state, state);\n",
      ],
      [
        "loads wait for the stores that they overlapped last time",
        "i64.ne(i64.load(other, PIECE.overlaps), overlaps)",
        "word(0)",
      ],
      [
        "no load waits for a store from here on",
        "f.if(f64.le(waiting(slot), age), () => f.return(entry));",
        "f.return(entry);",
      ],
    ],
  ),
];

const dispatched = mutations(
  "sim/engine/turbo/function.ts",
  [test("jumps"), test("many-places"), test("timing-paths")],
  [
    ["who leaves before a loop is taken for charged", "    this.#spend(-block.instructions);\n", ""],
    [
      "where there are two places left, the dispatcher takes the wrong one",
      "i32(middle).op(Op.i32LtU)",
      "i32(middle + 1).op(Op.i32LtU)",
    ],
  ],
);

const FOLLOWED = [test("followed-jumps"), test("timing"), test("c-programs")];

const followed: readonly Mutation[] = [
  ...mutations("sim/engine/turbo/fetch-code.ts", FOLLOWED, [
    [
      "behind a jump an instruction in two lines needs the second alone",
      "if (pc !== this.#next && first !== last && this.#lineInHand === last) this.#lineInHand = NO_LINE;",
      "",
    ],
  ]),
  ...mutations("sim/engine/turbo/executed-code.ts", FOLLOWED, [
    [
      "code behind a jump may change",
      "region.blocks.flatMap((block) => block.stretches)",
      "region.blocks.map((block) => block.stretches[0]!)",
    ],
  ]),
  ...mutations("sim/engine/turbo/timing-code.ts", FOLLOWED, [
    ["a jump within a block takes no time", "word: withOutcome(last.word, Outcome.predecoded)", "word: last.word"],
    [
      "a call within a block pushes no return address",
      "    this.#transfer(code, this.block).jump(f64.const(target));\n    const last",
      "    const last",
    ],
    [
      "a block goes on behind a jump though the buffer may have its target",
      "if (timing.fastPaths.predictor.btbHoldsAll) return false;",
      "",
    ],
  ]),
  ...mutations("sim/engine/turbo/block-writer.ts", FOLLOWED, [
    [
      "a block goes on behind a jump whatever lies there",
      "if (source.at(target) === undefined || !this.continues(target, source)) return false;",
      "",
    ],
  ]),
];

const fetches = mutations(
  "sim/engine/reference.ts",
  [test("late-page"), test("timing-cases")],
  [
    [
      "a fetch is translated as its instruction leaves satp",
      "      this.#keepWalks();\n      this.retranslate();",
      "      this.retranslate();",
    ],
    [
      "a fetch is translated as its instruction leaves the tables",
      "    this.#keepWalks();\n    this.refetch();",
      "    this.refetch();",
    ],
    [
      "the fetch of an instruction that traps is translated as the handler is",
      "if (op !== undefined && r.translatedFetch) this.#keepWalks();",
      "",
    ],
    ["the walks before one instruction are those of the next", "    this.#walksBefore = undefined;\n", ""],
  ],
);

const ownEntries = mutations(
  "sim/engine/data.ts",
  [test("late-page")],
  [
    [
      "a store is translated as the entry leaves it that it marks",
      "    this.#noteAddress(addr, near);\n    const phys = this.mmu.translateData(addr, near, direction);",
      "    const phys = this.mmu.translateData(addr, near, direction);\n    this.#noteAddress(addr, near);",
    ],
  ],
);

const COMPUTE = [test("compute-code"), "test/sim/timing/memo.test.ts"];

const computed: readonly Mutation[] = [
  ...mutations("sim/engine/turbo/compute-code.ts", COMPUTE, [
    ["a state becomes far without its stores", "far.uses.byteOffset, count);", "far.uses.byteOffset, word(0));"],
    [
      "the stores of a state that becomes far are written at once",
      "const at = i32.of(buffer.ageDoneAt(age));",
      "const at = word(0);",
    ],
    [
      "a state becomes far with the cycles of another",
      "f.clear(computing.bench.played);\n      const { buffer }",
      "const { buffer }",
    ],
    ["code computes what is not allowed", "f64.lt(f64.at(allowed.byteOffset), f64.const(1)),", ""],
    ["code computes transitions for nothing", "        f.count(memo.allowed.byteOffset, f64.const(-1));\n", ""],
    [
      "near states take any number of late stores",
      "f.if(i32.and(isLateStore, f64.lt(f64.at(nearStores.byteOffset), f64.const(1))), unknown);",
      "",
    ],
    ["a store whose page is late is a late store", "WORD_BYTES * (1 + LATE_WORD.accessCycles)", "WORD_BYTES"],
    ["a script begins with the counts of the one before", "f.clear(bench.pipeline.stores.counts);", ""],
    ["no outcome is late", "f.set(outcomes, at);", ""],
    [
      "a device answers as the cache does",
      "f.if(i32.lt(i32.load(outcomes, WORD_BYTES * LATE_WORD.blockedCycles), word(0)), () => f.return(word(0)));",
      "",
    ],
    ["traps take no time", "f.if(i32.ne(step, word(FETCH)), () => f.return(word(0)));", ""],
    [
      "nothing stands in the way of a far state's instruction",
      "select(cycles, f64.add(begin, f64.of(cycles)), f64.const(-Infinity))",
      "f64.const(-Infinity)",
    ],
    ["a far store may be written when it issues", "i32.of(f64.sub(f.let(buffer.emptyAt), at))", "word(0)"],
    ["all far uses are of the first instruction", "f.set(place, i32.add(place, word(1)));", ""],
    [
      "loads that wait for no store are uses of the buffer",
      "this.#timing.memo.far.forwards ? Use.none : Use.load",
      "Use.load",
    ],
    ["fences do not wait for far stores", "i32.or(accesses, fields.is(Class.fence))", "accesses"],
    [
      "code looks for waiting stores a cycle late where two instructions share one",
      "f64.gt(this.#pipeline.buffer.emptyAt, origin)",
      "f64.gt(this.#pipeline.buffer.emptyAt, this.#pipeline.clock.now)",
    ],
    ["no near state has waiting stores", "select(waits, word(FIRST_WAITING), word(0))", "word(0)"],
    ["a far state becomes near", "select(isFar, word(FIRST_FAR), near)", "near"],
    [
      "lists of uses lie on one another",
      "f.if(count, () => f.storeAt(end.byteOffset,",
      "f.if(word(0), () => f.storeAt(end.byteOffset,",
    ],
    [
      "transitions have no causes",
      "put(Row.causes + cause, numberAt(clock.cycles, cause));",
      "put(Row.causes + cause, word(0));",
    ],
    [
      "a transition takes a slot that another has",
      'f.while(i32.ne(slotWord(slot, "state"), word(NOBODY)),',
      "f.while(word(0),",
    ],
    ["the table of transitions becomes too full", "i32.lt(slots, i32.shl(following, word(1))),", ""],
    ["more transitions are computed than are remembered", "i32.lt(word(most), following),", ""],
  ]),
  ...mutations(
    "sim/engine/turbo/intern-code.ts",
    [test("intern-code"), ...COMPUTE],
    [
      ["sequences of different length are equal", "f.if(i32.ne(theirLength, length), differs);", ""],
      ["sequences with equal hashes are equal", "this.#compare(f, { from, end, with: this.at(number) }, differs);", ""],
      ["a known sequence is numbered again", "f.return(number);", ""],
      ["sequences have no end", "i32.add(start, length));", "start);"],
    ],
  ),
  ...mutations("sim/engine/turbo/script-code.ts", COMPUTE, [
    ["a store stands in the way of no instruction whose access is late", "f.set(buffer, i32.load(from));", ""],
    [
      "scripts are later than words tell",
      "for (const cycles of [translate, blocked, access]) f.if(i32.ltU(word(MOST_LATE_CYCLES), cycles), unknown);",
      "",
    ],
    [
      "fetch stands still for longer than words tell",
      "f.if(i32.lt(word(MOST_LATE_CYCLES), i32.add(translate, access)), unknown);",
      "",
    ],
    [
      "a store stands in the way of every instruction",
      "f.set(place, i32.sub(place, word(1)));",
      "f.set(place, word(0));",
    ],
    [
      "a script waits for longer than words tell",
      "f.if(i32.ltU(word(MOST_LATE_CYCLES), bufferCycles), () => f.return(word(-1)));",
      "",
    ],
    [
      "each load of a piece is late by the first overlap",
      "i32.and(i32.and(isLoad, isNext), overlaps.isLeft())",
      "i32.and(isLoad, overlaps.isLeft())",
    ],
    [
      "of many overlaps of a piece all but the first are forgotten",
      "goOn: () => f.set(at, i32.add(at, word(WORD_BYTES))),",
      "goOn: () => f.set(at, end),",
    ],
    [
      "the second overlap of a piece is forgotten",
      "goOn: () => f.set(left, i64.sub(left, digit)),",
      "goOn: () => f.set(left, i64.const(0n)),",
    ],
  ]),
  ...mutations(
    "sim/engine/turbo/memo-code.ts",
    [test("timing-paths"), test("timing")],
    [["many overlaps of a piece are all alike", "put(f, to, overlap)", "put(f, to, word(0))"]],
  ),
  ...mutations(
    "sim/engine/turbo/piece-scripts.ts",
    [test("piece-scripts"), test("late-access"), test("timing")],
    [
      [
        "a piece has the script of its block",
        "const words = piece.wordsAt(piece.from);\n    const script",
        "const words = piece.wordsAt(word(0));\n    const script",
      ],
      [
        "a piece has the script of another outcome",
        "i32.shrU(offset, word(OUTCOME_SHIFT)), word",
        "i32.shrU(offset, word(OUTCOME_SHIFT - 1)), word",
      ],
      [
        "a row does not know its script",
        "f.store(i32.and(entry, word(-1 << OUTCOME_SHIFT)), PIECE.script, script);",
        "",
      ],
      [
        "what comes before a point is counted as elsewhere",
        'words, count, word(0), piece.of("category"), piece.of("counted")',
        'words, count, word(0), piece.of("category"), word(ELSEWHERE)',
      ],
      ["a point knows nothing of its own instruction", "f.store(record, POINT.onTime, onTime);", ""],
      ["a fetch from two lines is known", "f.if(i32.and(flags, word(ACCESS.asks)), unknown);", ""],
    ],
  ),
  ...mutations(
    "sim/engine/turbo/step-table.ts",
    [test("piece-scripts")],
    [["a block is added for which there is no room", "if (length > MAX_WORDS) return 0;", ""]],
  ),
  ...mutations(
    "sim/engine/turbo/turn-far.ts",
    [test("far-stores"), test("late-access"), test("timing")],
    [
      [
        "a state that becomes far forgets its waiting stores",
        "pushAll(f, far, f.let(usesOf(stores, turn)), clock);",
        "",
      ],
      [
        "a store that makes a state far waits for no room",
        "    f.if(bufferCycles, () => {",
        "    f.if(word(0), () => {",
      ],
      [
        "a store that makes a state far has its page",
        "f.if(i32.or(translateCycles, blockedCycles), () => {",
        "f.if(word(0), () => {",
      ],
      [
        "a store that makes a state far is written on time",
        "word(WORD_BYTES)), clock, accessCycles);",
        "word(WORD_BYTES)), clock);",
      ],
    ],
  ),
  ...mutations("sim/engine/turbo/played-outcomes.ts", COMPUTE, [
    ["it is not noted when pages are asked for", 'note(f, "translateAt", at);', ""],
    ["it is not noted when the cache may answer nobody", 'note(f, "blockedAt", at);', ""],
    ["it is not noted when the cache is asked", 'note(f, "accessAt", at);', ""],
    ["any number of stores may wait at a load", '() => note(f, "waiting", waiting)', "() => {}"],
    [
      "a load overlaps the youngest store",
      'f.set(age, f64.of(i32.and(outcome("overlapAge"), word(2 ** 31 - 1))));',
      "",
    ],
  ]),
  ...mutations("sim/engine/turbo/parts/scoreboard.ts", COMPUTE, [
    [
      "a numbered state forgets late registers",
      "f.if(i32.not(to.isPast(this.ready(register))), () => {",
      "f.if(word(0), () => {",
    ],
    [
      "a numbered state forgets the multiplier",
      "for (const unit of [0, 1]) to.time(f,",
      "for (const unit of [1, 1]) to.time(f,",
    ],
    ["a numbered state keeps what has left the window", "to.isPast(timeOf(this.#board.windowReadyAt))", "word(0)"],
    [
      "a state begins with registers of the one before",
      "f.store(register, board.ready.byteOffset, f64.const(-Infinity));",
      "",
    ],
  ]),
  ...mutations("sim/engine/turbo/parts/store-buffer.ts", COMPUTE, [
    ["a state begins with stores of the one before", "    this.#empty(f);\n", ""],
    ["a full store buffer has room", "select(i32.eq(waiting, word(config.entries)), word(0), waiting)", "word(0)"],
  ]),
  ...mutations("sim/engine/turbo/parts/pipeline.ts", COMPUTE, [
    ["a state with an open slot begins a cycle late", "f.if(first, () => from.shift(f, f64.const(-1)));", ""],
    [
      "a numbered state with an open slot is a cycle late",
      "f.if(open, () => f.set(origin, f64.sub(origin, f64.const(1))));",
      "",
    ],
    ["a numbered state forgets the data port", "    to.time(f, this.#access.portFree);\n", "    to.put(f, word(0));\n"],
  ]),
  ...mutations(
    "sim/timing/intern.ts",
    ["test/sim/timing/memo.test.ts", test("intern-code"), test("compute-code")],
    [
      ["code goes on with words that are elsewhere", "    this.#known[KNOWN.most] = 0;\n", ""],
      [
        "sequences stay elsewhere",
        "({ words: this.#words, starts: this.#starts, hashes: this.#hashes, table: this.#table } = this.layout);\n    this.#known[KNOWN.size] = 0;",
        "this.#known[KNOWN.size] = 0;",
      ],
    ],
  ),
];

export const TIMING_MUTATIONS: readonly Mutation[] = [
  ...code,
  ...parts,
  ...late,
  ...far,
  ...room,
  ...retired,
  ...dispatched,
  ...followed,
  ...fetches,
  ...ownEntries,
  ...computed,
];
