// An interrupt (Ctrl-C): every command ends at once with status 130, and what it has printed or written is marked as partial.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Result } from "../../../workloads/result.ts";
import { MAIN, ROOT } from "../../drivers/cli.ts";

const TWO = join(ROOT, "traces/samples/two-services.json");
const LOOP = "_start: j _start\n";

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "meshsim-"))));
afterAll(() => rmSync(folder, { recursive: true }));

interface Interrupted {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the first interrupt to the end. */
  readonly milliseconds: number;
}

/** Runs `meshsim` and sends the interrupt, `times` at once, when stdout, stderr or time says so. */
async function interrupt(
  args: readonly string[],
  when: { readonly stdout?: RegExp; readonly stderr?: RegExp; readonly afterMs?: number; readonly times?: number },
): Promise<Interrupted> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr, sent] = ["", "", 0];
  const send = (): void => {
    if (sent > 0) return;
    sent = performance.now();
    for (let i = 0; i < (when.times ?? 1); i += 1) child.kill("SIGINT");
  };
  child.stdout.on("data", (text: Buffer) => {
    stdout += text.toString();
    if (when.stdout?.test(stdout)) send();
  });
  child.stderr.on("data", (text: Buffer) => {
    stderr += text.toString();
    if (when.stderr?.test(stderr)) send();
  });
  if (when.afterMs !== undefined) setTimeout(send, when.afterMs);
  const [status, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once("close", (code, by) => resolve([code, by])),
  );
  return { status, signal, stdout, stderr, milliseconds: performance.now() - sent };
}

/** Interrupts later and later, until the command had come so far that it has something to say. */
async function interruptLate(args: readonly string[]): Promise<Interrupted> {
  for (let afterMs = 500; ; afterMs *= 2) {
    const ended = await interrupt(args, { afterMs });
    if (ended.status !== null && !ended.stderr.includes("nothing was written")) return ended;
  }
}

/** Generous: other work may keep the host busy. */
const AT_ONCE_MS = 5000;

describe("run", () => {
  const endless = [
    "run",
    TWO,
    "--requests",
    "1000000",
    "--warmup",
    "1",
    "--progress",
    "bar",
    "--compute-limit",
    "2000",
  ];
  /** A deployment has measured something. */
  const measuring = /monolith \d+% \d{2,}\//;

  test.each(["1", "3"])(
    "with %s workers prints what it has, and the text and the JSON say that it is partial",
    async (workers) => {
      const args = [...endless, "--workers", workers, "--json", `run${workers}.json`];
      const { status, stdout, stderr, milliseconds } = await interrupt(args, { stderr: measuring });
      expect(status).toBe(130);
      expect(milliseconds).toBeLessThan(AT_ONCE_MS);
      expect(stdout).toMatch(
        /^PARTIAL: interrupted; requests measured: monolith \d+ of\s+1,000,000,\s+process-socket/m,
      );
      expect(stdout).toMatch(/^total +[\d,]+/m);
      expect(stdout).not.toMatch(/speed-up/);
      expect(stderr).toMatch(/interrupted, the result is partial \(status 130\)\n$/);
      const result = JSON.parse(readFileSync(join(folder, `run${workers}.json`), "utf8")) as Result;
      expect(result.complete).toBe(false);
      expect(result.manifest.deployments).toEqual(["monolith", "process-socket", "capability"]);
      for (const d of result.deployments) {
        expect(d.requests).toBeGreaterThan(0);
        expect(d.requests).toBeLessThan(1_000_000);
        expect(d.checksums.matched).toBe(d.checksums.checked);
        expect(Object.values(d.cycles.byCategory).reduce((a, b) => a + b, 0)).toBe(d.cycles.total);
      }
      if (workers === "1") expect(result.deployments.map((d) => d.name)).toEqual(["monolith"]);
    },
  );

  test("counts interrupts that come together as one, as npx and timeout send them", async () => {
    const { status, stdout } = await interrupt([...endless, "--json", "-"], { stderr: measuring, times: 3 });
    expect(status).toBe(130);
    expect((JSON.parse(stdout) as Result).complete).toBe(false);
  });

  test("says that nothing is measured where only the warm-up has run, and writes no deployment", async () => {
    const args = ["run", TWO, "--requests", "1", "--warmup", "1000000", "--progress", "bar", "--json", "-"];
    const { status, stdout } = await interrupt(args, { stderr: measuring });
    expect(status).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ complete: false, deployments: [] });
  });
});

describe("a very large trace", () => {
  beforeAll(() => writeFileSync(join(folder, "large.json"), largeTrace(400_000)));

  test.each([["run"], ["trace", "inspect"]])(
    "being imported by %s %s is left at once, and nothing is written",
    async (...command) => {
      const args = [...command, "large.json", ...(command[0] === "run" ? ["--json", "large-result.json"] : [])];
      const { status, stdout, stderr, milliseconds } = await interrupt(args, { afterMs: 1200 });
      expect([status, stdout]).toEqual([130, ""]);
      expect(stderr).toMatch(/interrupted, nothing was written \(status 130\)\n$/);
      expect(milliseconds).toBeLessThan(AT_ONCE_MS / 5);
      expect(readdirSync(folder).filter((name) => name.startsWith("large-result"))).toEqual([]);
    },
  );
});

describe("exec", () => {
  beforeAll(() => writeFileSync(join(folder, "loop.S"), LOOP));

  test.each([
    ["with timing", []],
    ["in generated code", ["--no-timing", "--engine", "turbo"]],
  ])("%s ends a program that never ends, and says that its counts are partial", async (_, options) => {
    const text = await interruptLate(["exec", "loop.S", ...options]);
    expect(text.status).toBe(130);
    expect(text.milliseconds).toBeLessThan(AT_ONCE_MS);
    expect(text.stdout).toMatch(/^interrupted: .*partial\ninstructions [\d,]+\n/);
    const json = await interruptLate(["exec", "loop.S", ...options, "--json", "exec.json"]);
    expect(json.status).toBe(130);
    const report: unknown = JSON.parse(readFileSync(join(folder, "exec.json"), "utf8"));
    expect(report).toMatchObject({ complete: false, exit: { kind: "interrupted" } });
  });

  test("shows what a program prints while it runs", async () => {
    const print = [..."hi\n"].map((c) => `li t0, ${c.charCodeAt(0)}\nsb t0, 0(s0)\n`).join("");
    writeFileSync(join(folder, "print.S"), `_start: li s0, 0x10000000\n${print}j .\n`);
    const { status, stdout } = await interrupt(["exec", "print.S"], { stdout: /hi\n/ });
    expect(status).toBe(130);
    expect(stdout).toMatch(/^hi\ninterrupted: .*partial\n/);
  });

  test("leaves no piece of a commit log", async () => {
    const args = ["exec", "loop.S", "--no-timing", "--log-commits", "commits.log"];
    expect((await interruptLate(args)).status).toBe(130);
    expect(readdirSync(folder).filter((name) => name.startsWith("commits"))).toEqual([]);
  });
});

test("bench reports the kernels that it has measured", async () => {
  const args = ["bench", "--kernels", "hash,calls", "--timing", "none", "--instructions", "100000"];
  const { status, stdout } = await interrupt([...args, "--json", "-"], { stderr: /calls, integer, turbo/ });
  expect(status).toBe(130);
  const report = JSON.parse(stdout) as { complete: boolean; results: { kernel: string }[] };
  expect(report.complete).toBe(false);
  expect(report.results.length).toBeGreaterThan(0);
  expect(report.results.length).toBeLessThan(8);
});

/** Jaeger JSON of one trace of so many spans. */
function largeTrace(spans: number): string {
  const span = (i: number): string => {
    const parent = i === 0 ? "" : `{"refType":"CHILD_OF","traceID":"1","spanID":"${((i + 1) >> 1).toString(16)}"}`;
    return `{"traceID":"1","spanID":"${(i + 1).toString(16)}","operationName":"op","references":[${parent}],"startTime":${1e15 + i},"duration":${spans - i},"tags":[],"logs":[],"processID":"p${i % 9}"}`;
  };
  const processes = Array.from({ length: 9 }, (_, p) => `"p${p}":{"serviceName":"s${p}"}`).join(",");
  return `{"data":[{"traceID":"1","spans":[${Array.from({ length: spans }, (_, i) => span(i)).join(",")}],"processes":{${processes}}}]}`;
}
