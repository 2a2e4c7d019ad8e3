// Resolving a machine: precedence, origins, hashes, complaints, and the presets that must not change.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { formatDiagnostic } from "../../../isa/diagnostic.ts";
import {
  configHash,
  machineParams,
  resolveMachine,
  type MachineRequest,
  type ResolvedMachine,
} from "../../../sim/config/machine.ts";
import { flatten, parameterTable } from "../../../sim/config/params.ts";
import { cacheParams } from "../../../sim/timing/cache.ts";
import { DEFAULT_PRESET, PRESETS } from "../../../sim/config/presets/table.ts";

function resolved(request: MachineRequest): ResolvedMachine {
  const machine = resolveMachine(request);
  if (machine.kind === "machine") return machine;
  throw new Error(machine.diagnostics.map(formatDiagnostic).join("\n"));
}

/** The complaints as a user reads them. */
function complaints(request: MachineRequest): string[] {
  const machine = resolveMachine(request);
  return machine.kind === "machine" ? [] : machine.diagnostics.map(formatDiagnostic);
}

const file = (text: string): MachineRequest => ({ file: { name: "m.json", text } });

/** Parameters younger than the oldest preset that does not state them: their defaults must change nothing. */
const ADDED_LATER: readonly string[] = [
  "issue.width",
  "issue.aluPorts",
  "issue.pastTransfers",
  "issue.lateAluCycles",
  ...["l1i", "l1d", "l2"].flatMap((c) => [`${c}.prefetch`, `${c}.prefetchLines`]),
  ...["l1d", "l2"].map((c) => `${c}.mshrTargets`),
  ...["present", ...Object.keys(cacheParams)].map((name) => `llc.${name}`),
  "tagCache.table",
  "tagCache.groupBytes",
];

describe("presets", () => {
  // A preset is never edited in place: a change here is a new version in a new file, and the old row stays.
  test.each([
    ["cva6@1", "cd8cb272991d"],
    ["rocket@1", "a1b2cdd942d8"],
    ["u54@1", "65424e04a8c3"],
    ["server@1", "5c24c0da5c26"],
    ["ideal@1", "909fc14c4cce"],
  ])("%s states what it stated when it was published", (name, hash) => {
    expect(configHash(PRESETS.find((p) => p.name === name)!.values)).toBe(hash);
  });

  test("are all pinned above, and resolve", () => {
    expect(PRESETS.map((p) => p.name)).toEqual(["cva6@1", "rocket@1", "u54@1", "server@1", "ideal@1"]);
    for (const { name } of PRESETS) expect(resolved({ preset: name }).name).toBe(name);
  });

  test("leave nothing to defaults, which may change", () => {
    for (const { name } of PRESETS) {
      const left = resolved({ preset: name }).origins.filter((o) => o.origin === "default");
      expect(left.map((o) => o.key).filter((key) => !ADDED_LATER.includes(key))).toEqual([]);
    }
  });
});

describe("precedence", () => {
  test("is default, preset, file, --set", () => {
    const { config, origins } = resolved({
      ...file('{ "preset": "rocket@1", "l1d": { "ways": 4, "hitCycles": 5 } }'),
      sets: ["l1d.hitCycles=6", "l1d.hitCycles=7"],
    });
    expect(config.l1d).toMatchObject({ sizeBytes: 32768, ways: 4, hitCycles: 7 });
    const origin = (key: string): string => origins.find((o) => o.key === key)!.origin;
    const keys = ["l1d.sizeBytes", "l1d.ways", "l1d.hitCycles"];
    expect(keys.map(origin)).toEqual(["preset", "file", "--set"]);
  });

  test("of presets is the request's, the file's, the default", () => {
    expect(resolved({}).name).toBe(DEFAULT_PRESET);
    expect(resolved(file('{ "preset": "ideal@1" }')).name).toBe("ideal@1");
    expect(resolved({ ...file('{ "preset": "ideal@1" }'), preset: "rocket@1" }).name).toBe("rocket@1");
  });

  test("lists the origin of every parameter, in declaration order", () => {
    expect(resolved({}).origins.map((o) => o.key)).toEqual(flatten(machineParams).map(([key]) => key));
  });
});

describe("values", () => {
  test("of bytes may have a unit", () => {
    const { config } = resolved({ sets: ["l1d.sizeBytes=16KiB", "ramBytes=1GiB"] });
    expect([config.l1d.sizeBytes, config.ramBytes]).toEqual([16384, 2 ** 30]);
    expect(resolved(file('{ "l1d": { "sizeBytes": "16KiB" } }')).config.l1d.sizeBytes).toBe(16384);
  });

  test("in a file may be commented, and have trailing commas", () => {
    const text = '{ // cores\n  "clockMhz": 1500, /* fast */\n}';
    expect(resolved(file(text)).config.clockMhz).toBe(1500);
  });

  test("keep their type: a number in quotes is text", () => {
    expect(complaints(file('{ "l1d": { "ways": "4" } }'))[0]).toContain('found "4"');
  });
});

describe("the hash", () => {
  test("depends on the values and not on how they came about", () => {
    const bySet = resolved({ preset: "rocket@1", sets: ["l1d.ways=4"] });
    const byFile = resolved(file('{ "preset": "rocket@1", "l1d": { "ways": 4 } }'));
    expect(byFile.hash).toBe(bySet.hash);
    expect(bySet.hash).not.toBe(resolved({ preset: "rocket@1" }).hash);
  });

  test("is the beginning of the SHA-256 of the configuration as JSON with sorted keys", () => {
    const { config, hash } = resolved({});
    const sorted = (v: unknown): unknown =>
      typeof v === "object" && v !== null
        ? Object.fromEntries(
            Object.entries(v)
              .sort()
              .map(([k, x]) => [k, sorted(x)]),
          )
        : v;
    const digest = createHash("sha256")
      .update(JSON.stringify(sorted(config)))
      .digest("hex");
    expect(hash).toBe(digest.slice(0, 12));
    expect(configHash(structuredClone(config))).toBe(hash);
  });
});

describe("complaints", () => {
  test("of a value say what fits, in which unit, and what was found", () => {
    expect(complaints({ sets: ["l1d.hitCycles=abc"] })).toEqual([
      '--set l1d.hitCycles=abc: error: l1d.hitCycles: expected whole cycles 0 to 1000, found "abc"',
    ]);
    expect(complaints({ sets: ["l1d.hitCycles=1.5"] })[0]).toContain("expected whole cycles");
    expect(complaints({ sets: ["l2.sizeBytes=big"] })[0]).toContain("expected whole bytes (32768 or 32KiB)");
    expect(complaints({ sets: ["predictor.direction=tage"] })[0]).toContain("one of static, bimodal, gshare");
    expect(complaints({ sets: ["tagCache.present=maybe"] })[0]).toContain("true or false");
  });

  test("of a value outside its range come at the first value outside, and at none inside", () => {
    expect(complaints({ sets: ["l1d.ways=0"] })[0]).toContain("1 to 64");
    expect(complaints({ sets: ["l1d.lineBytes=48"] })[0]).toContain("a power of two");
    expect(complaints({ sets: ["storeBuffer.entries=64"] })).toEqual([]);
    expect(complaints({ sets: ["storeBuffer.entries=65"] })[0]).toContain("1 to 64");
  });

  test("of an unknown name guess what was meant, and list what there is", () => {
    expect(complaints({ sets: ["l1d.hitCycle=3"] })[0]).toMatch(
      /l1d\.hitCycle: no such parameter\n {2}hint: did you mean l1d\.hitCycles\? l1d has sizeBytes, /,
    );
    expect(complaints({ sets: ["lld.ways=3"] })[0]).toMatch(/did you mean l1d\?.* there are clockMhz, /);
    expect(complaints({ sets: ["hitCycles=3"] })[0]).toContain("did you mean l1d.hitCycles?");
    expect(complaints({ sets: ["l1d.ways.x=3"] })[0]).toContain("no such parameter");
    for (const key of ["__proto__.x", "constructor", "toString.length"]) {
      expect(complaints({ sets: [`${key}=3`] })[0]).toMatch(/no such parameter\n.*there are clockMhz, ramBytes, /);
    }
  });

  test("of a section where a parameter belongs name one", () => {
    expect(complaints({ sets: ["l1d=3"] })[0]).toMatch(/l1d: is a section.*\n.*set l1d\.sizeBytes/);
  });

  test("of a setting without a value show how one looks", () => {
    expect(complaints({ sets: ["l1d.ways"] })[0]).toContain("as in --set l1d.ways=4");
  });

  test("of an unknown preset list the presets", () => {
    expect(complaints({ preset: "rocket" })[0]).toMatch(/did you mean rocket@1\? presets: cva6@1, /);
    expect(complaints(file('{\n  "preset": "rockt@1"\n}'))[0]).toMatch(/^m\.json:2:13: /);
  });

  test("in a file point at line and column", () => {
    const text = '{\n  "l1d": {\n    "ways": 4,\n    "hitCycles": -1\n  }\n}';
    expect(complaints(file(text))).toEqual([
      [
        "m.json:4:18: error: l1d.hitCycles: expected whole cycles 0 to 1000, found -1",
        '    4 |     "hitCycles": -1',
        "      |                  ^",
      ].join("\n"),
    ]);
  });

  test("of text that is not JSON point at where it stops being it", () => {
    const first = (text: string): string => complaints(file(text))[0]!.split("\n")[0]!;
    expect(first('{\n "l1d": }')).toBe("m.json:2:9: error: expected a value, found '}'");
    expect(first('{ "a": 1')).toBe("m.json:1:9: error: expected ',' or '}', found the end of the file");
    expect(first("")).toBe("m.json:1:1: error: expected a value, found the end of the file");
    expect(first("[1, 2]")).toBe("m.json:1:1: error: expected an object of parameters");
    expect(first("{} x")).toBe("m.json:1:4: error: expected the end of the file, found 'x'");
    expect(first("{ l1d: 1 }")).toContain("expected a key in double quotes or '}', found 'l1d:'");
    expect(first('{ "a": 1, "a": 2 }')).toBe('m.json:1:11: error: key "a" stands here twice');
    expect(first("[".repeat(100_000))).toContain("nested deeper than 64 levels");
    expect(first('{ "l1d": [1] }')).toContain("l1d: is a section");
    expect(first('{ "l1d": { "ways": [1] } }')).toContain("expected a whole number 1 to 64, found []");
  });

  test("of values that do not go together name one of them where it was set", () => {
    expect(complaints({ sets: ["l1d.ways=3"] })[0]).toMatch(
      /^--set l1d\.ways=3: error: l1d\.ways: 32768 bytes are not a power of two of sets of 3 ways/,
    );
    expect(complaints({ sets: ["l1d.sizeBytes=24KiB"] })[0]).toMatch(/^--set l1d\.sizeBytes=24KiB: /);
    expect(complaints({ sets: ["l1d.lineBytes=128"] })[0]).toContain("filled from the L2");
    expect(complaints({ sets: ["dtlb.entries=12"] })[0]).toContain("12 entries");
    expect(complaints({ sets: ["predictor.direction=gshare", "predictor.historyBits=8"] })[0]).toContain(
      "128 counters",
    );
    expect(complaints({ sets: ["predictor.btbWays=3"] })[0]).toContain("32 entries");
    expect(complaints({ sets: ["l1d.prefetch=stride", "l1d.mshrs=1"] })[0]).toContain("mshrs is 1");
    expect(complaints({ sets: ["l2.replacement=plru", "l2.ways=3"] })[0]).toContain("a power of two of ways");
    expect(complaints({ sets: ["llc.present=true", "llc.lineBytes=32"] })[0]).toContain("filled from the LLC");
    expect(complaints({ sets: ["ramBytes=100000"] })[0]).toContain("4 KiB pages");
  });

  test("have at least one set", () => {
    expect(complaints({ sets: ["l1d.sizeBytes=512"] })).toEqual([]);
    expect(complaints({ sets: ["l1d.sizeBytes=256"] })[0]).toContain("256 bytes are not a power of two of sets");
    expect(complaints({ sets: ["dtlb.entries=8"] })[0]).toContain("8 entries are not a power of two of sets");
    expect(complaints({ sets: ["predictor.btbEntries=1", "predictor.btbWays=2"] })[0]).toContain("1 entries");
  });

  test("come all at once, up to twenty", () => {
    expect(complaints({ sets: ["a=1", "b=2", "l1d.ways=x"] })).toHaveLength(3);
    expect(complaints({ sets: Array.from({ length: 50 }, (_, i) => `x${i}=1`) })).toHaveLength(20);
  });
});

test("every parameter has a row of documentation: key, unit, default, range and meaning", () => {
  const rows = parameterTable(machineParams).split("\n").slice(2);
  expect(rows).toHaveLength(flatten(machineParams).length);
  expect(rows.find((r) => r.startsWith("| `l1d.hitCycles`"))).toBe(
    "| `l1d.hitCycles` | cycles | 3 | whole cycles 0 to 1000 | From request to data on a hit; a miss is passed on after as many |",
  );
});
