// `meshsim run` end to end: what the result promises, and how bad traces are answered.
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Result } from "../../../workloads/result.ts";
import { inFolder, meshsim, ROOT, type CliOptions } from "../../drivers/cli.ts";

const TWO = "traces/samples/two-services.json";

function run(args: readonly string[], options: CliOptions = {}): Result {
  const { status, stdout, stderr } = meshsim(["run", TWO, "--json", "-", "--requests", "2", ...args], options);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout) as Result;
}

const cyclesOf = (result: Result, name: string): Result["deployments"][number]["cycles"] =>
  result.deployments.find((d) => d.name === name)!.cycles;
const sum = (values: Readonly<Record<string, number>>): number => Object.values(values).reduce((a, b) => a + b, 0);
const category = (result: Result, deployment: string, name: string): number =>
  cyclesOf(result, deployment).byCategory[name] ?? 0;

test("every cycle has one category and one cause, every checksum is right, and isolation costs what one expects", () => {
  const result = run([]);
  expect(result.schema).toBe("meshsim.result/1");
  for (const { cycles, checksums, requests, failures } of result.deployments) {
    expect(sum(cycles.byCategory)).toBe(cycles.total);
    expect(sum(cycles.byCause)).toBe(cycles.total);
    for (const [name, causes] of Object.entries(cycles.byCategoryAndCause))
      expect(sum(causes)).toBe(cycles.byCategory[name]);
    expect(cycles.executed + cycles.modelled + cycles.extrapolated).toBe(cycles.total);
    expect(checksums.matched).toBe(checksums.checked);
    expect(checksums.checked).toBeGreaterThan(0);
    expect(requests).toBe(2);
    expect(failures).toBe(0);
  }
  const total = (name: string): number => cyclesOf(result, name).total;
  expect(total("monolith")).toBeLessThan(total("capability"));
  expect(total("capability")).toBeLessThan(total("process-socket"));
});

test("the result is the same bytes for any number of workers, any folder, time zone and locale", () => {
  const args = ["run", TWO, "--json", "-", "--requests", "1"];
  const reference = meshsim([...args, "--workers", "1"]).stdout;
  const env = { TZ: "Pacific/Auckland", LC_ALL: "de_DE.UTF-8", LANG: "de_DE.UTF-8" };
  expect(meshsim([...args, "--workers", "2"], { env }).stdout).toBe(reference);
  inFolder((cwd) => {
    cpSync(join(ROOT, TWO), join(cwd, "two-services.json"));
    expect(meshsim(["run", "two-services.json", ...args.slice(2)], { cwd }).stdout).toBe(reference);
  });
});

test("the result is the same bytes from either engine, which the result does not name", () => {
  const args = ["run", TWO, "--json", "-", "--requests", "1", "--compute-limit", "5000", "--engine"];
  const [reference, turbo] = ["reference", "turbo"].map((engine) => meshsim([...args, engine]).stdout);
  expect((JSON.parse(reference!) as Result).complete).toBe(true);
  expect(turbo).toBe(reference);
  expect(reference).not.toMatch(/turbo|reference/);
  expect(meshsim([...args, "fast"])).toMatchObject({ status: 2, stderr: expect.stringMatching(/engine/i) as string });
});

test("twice the payload about doubles marshalling, decoding and copying, and adds nothing to a crossing by capability", () => {
  const args = ["--touch", "0", "--compute-limit", "0"];
  const small = run([...args, "--payload", "2000"]);
  const large = run([...args, "--payload", "4000"]);
  for (const name of ["marshal", "unmarshal", "copy"]) {
    const ratio = category(large, "process-socket", name) / category(small, "process-socket", name);
    expect(ratio).toBeGreaterThan(1.7);
    expect(ratio).toBeLessThan(2.3);
  }
  const grown = cyclesOf(large, "capability").executed - cyclesOf(small, "capability").executed;
  // Nothing is read and nothing copied: only other addresses, so a few cache lines more or less.
  expect(Math.abs(grown)).toBeLessThan(0.1 * cyclesOf(small, "capability").executed);
});

test("what the callee reads is application work, and reading less costs less", () => {
  const read = (touch: string): number => category(run(["--touch", touch]), "capability", "application");
  expect(read("0")).toBeLessThan(read("0.5"));
  expect(read("0.5")).toBeLessThan(read("1"));
});

test("a service that faults costs its callers an error and nobody the run, where it is isolated", () => {
  const result = run(["--fault", "backend", "--deployments", "process-socket,capability"]);
  for (const d of result.deployments) {
    expect(d.failures).toBe(2); // one in each measured request
    expect(d.checksums.matched).toBe(d.checksums.checked);
  }
});

test("a service that faults ends the monolith, with status 4 and the way to see it contained", () => {
  const { status, stdout, stderr } = meshsim([
    "run",
    TWO,
    "--fault",
    "backend",
    "--deployments",
    "monolith",
    "--json",
    "-",
  ]);
  expect(status).toBe(4);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/monolith stopped[^]*'backend'[^]*--deployments process-socket,capability/);
});

test("the seed changes payloads, and the manifest names it with every assumption", () => {
  const { manifest } = run(["--seed", "7", "--deployments", "monolith"]);
  expect(manifest.seed).toBe(7);
  expect(manifest.assumptions).toMatchObject({ cpuFraction: 1, touch: 1, workingSetBytes: 16384 });
  const digest = (seed: string): string =>
    run(["--seed", seed, "--deployments", "monolith"]).deployments[0]!.checksums.digest;
  expect(digest("7")).not.toBe(digest("8"));
});

test("--json FILE writes the file whole and prints the summary in 80 columns", () =>
  inFolder((cwd) => {
    cpSync(join(ROOT, TWO), join(cwd, "t.json"));
    const { stdout } = meshsim(["run", "t.json", "--requests", "1", "--json", "r.json"], { cwd });
    expect(JSON.parse(readFileSync(join(cwd, "r.json"), "utf8"))).toHaveProperty("schema", "meshsim.result/1");
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stdout).toContain("every cycle in one category and one cause");
    expect(readdirSync(cwd).sort()).toEqual(["r.json", "t.json"]);
  }));

test.each([
  ["an empty file", ""],
  ["truncated JSON", '{"data":[{"traceID":"1","spans":[{"traceID":"1","spanID":"2","oper'],
  ["a CSV", "traceid,timestamp,rpcid\n1,2,3\n"],
  ["binary", "\u0000\u0001\u0002"],
  ["a JSON number", "42"],
])("%s is refused with status 3, its place, and no output", (_, text) =>
  inFolder((cwd) => {
    writeFileSync(join(cwd, "bad.json"), text);
    const { status, stdout, stderr } = meshsim(["run", "bad.json", "--json", "out.json"], { cwd });
    expect(status).toBe(3);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^bad\.json(:\d+:\d+)?: error: /);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(existsSync(join(cwd, "out.json"))).toBe(false);
  }),
);

interface JaegerSpan {
  readonly id: string;
  readonly parent?: string;
  readonly service: string;
}

const jaeger = (spans: readonly JaegerSpan[]): string =>
  JSON.stringify({
    traceID: "1",
    spans: spans.map((s, i) => ({
      traceID: "1",
      spanID: s.id,
      operationName: "op",
      references: s.parent === undefined ? [] : [{ refType: "CHILD_OF", traceID: "1", spanID: s.parent }],
      startTime: 1000 + i,
      duration: 500 - i,
      tags: [{ key: "span.kind", type: "string", value: "server" }],
      processID: s.service,
    })),
    processes: Object.fromEntries(spans.map((s) => [s.service, { serviceName: s.service, tags: [] }])),
  });

test("services named like members of Object run as any other", () =>
  inFolder((cwd) => {
    const spans = jaeger([
      { id: "a", service: "__proto__" },
      { id: "b", parent: "a", service: "constructor" },
    ]).replace('"processes":{', '"processes":{"__proto__":{"serviceName":"__proto__","tags":[]},');
    writeFileSync(join(cwd, "t.json"), spans);
    const { status, stdout } = meshsim(["run", "t.json", "--json", "-", "--compute-limit", "0"], { cwd });
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as Result).deployments[2]!.calls).toBe(2);
  }));

test("a cycle of a hundred parents is cut, counted and run", () =>
  inFolder((cwd) => {
    const ring = Array.from({ length: 100 }, (_, i) => ({
      id: `${i + 1}`,
      parent: `${((i + 99) % 100) + 1}`,
      service: `s${i % 5}`,
    }));
    writeFileSync(join(cwd, "ring.json"), jaeger(ring));
    const { status, stdout } = meshsim(["run", "ring.json", "--json", "-", "--compute-limit", "0"], { cwd });
    expect(status).toBe(0);
    const { manifest, deployments } = JSON.parse(stdout) as Result;
    expect(manifest.trace.repairs).toContainEqual(expect.objectContaining({ name: "parent-cycle", count: 1 }));
    for (const d of deployments) expect(d.checksums.matched).toBe(d.checksums.checked);
  }));
