// `meshsim logdiff` and the plain form of the commit log, run as a user runs them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compareLogs, type Comparison } from "../../../sim/cli/logdiff.ts";
import { inFolder, meshsim, type Ending } from "../../drivers/cli.ts";

const line = (n: number, effects = ""): string =>
  `core   0: 3 0x${(0x8000_0000 + 4 * n).toString(16).padStart(16, "0")} (0x00000013)${effects}`;
const LOG = Array.from({ length: 8 }, (_, n) => line(n, ` x5  0x000000000000000${n}`));

/** Compares two logs given as lines. */
async function logdiff(
  a: readonly string[],
  b: readonly string[],
  options: Parameters<typeof compareLogs>[2] = {},
): Promise<Comparison> {
  const folder = mkdtempSync(join(tmpdir(), "meshsim-"));
  try {
    const [pathA, pathB] = [join(folder, "a.log"), join(folder, "b.log")];
    writeFileSync(pathA, `${a.join("\n")}\n`);
    writeFileSync(pathB, `${b.join("\n")}\n`);
    const { equal, lines } = await compareLogs(pathA, pathB, options);
    return { equal, lines: lines.map((text) => text.replaceAll(`${folder}/`, "")) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const areEqual = async (...args: Parameters<typeof logdiff>): Promise<boolean> => (await logdiff(...args)).equal;

test("logs are equal whatever stands between their commits", async () => {
  const spike = LOG.flatMap((commit) => ["core   0: 0x0000000080000000 (0x00000013) nop", commit]);
  const others = ["core   0: >>>>  _start", ...spike, "core   0: exception trap_breakpoint", ""];
  expect(await logdiff(LOG, others)).toEqual({ equal: true, lines: ["equal: 8 instructions"] });
});

test("the first difference comes after five lines of context, and is named field by field", async () => {
  const changed = LOG.with(6, line(6, " x5  0x0000000000000009 mem 0x0000000080001000"));
  expect(await logdiff(LOG, changed.with(7, "core   0: 0 0x0 (0x0)"))).toEqual({
    equal: false,
    lines: [
      "first difference after 6 equal instructions: a.log:7 and b.log:7",
      ...LOG.slice(1, 6).map((text) => `  ${text}`),
      `< ${LOG[6]}`,
      `> ${changed[6]}`,
      "x5: 0x0000000000000006 and 0x0000000000000009",
      "mem 0x0000000080001000 loaded: nothing and read",
    ],
  });
});

test("each of mode, pc and word is a difference, and so is the end of one log", async () => {
  const last = async (a: string, b: string): Promise<string | undefined> => (await logdiff([a], [b])).lines.at(-1);
  expect(await last(LOG[0]!, LOG[0]!.replace(": 3", ": 0"))).toBe("mode: 3 and 0");
  expect(await last(line(0), line(1))).toBe("pc: 0x0000000080000000 and 0x0000000080000004");
  expect(await last(line(0), line(0).replace("13)", "93)"))).toBe("instruction: 0x00000013 and 0x00000093");
  const ended = await logdiff(LOG, LOG.slice(0, 7));
  expect([ended.equal, ended.lines.includes("> (the log ends)")]).toEqual([false, true]);
});

test("--ignore leaves out CSRs and memory, and only them", async () => {
  const [plain] = LOG as [string];
  const csr = `${plain} c768_mstatus 0x0000000a00000000`;
  const mem = `${plain} mem 0x0000000080001000 0x12`;
  expect([await areEqual([plain], [csr]), await areEqual([plain], [csr], { ignore: "csr" })]).toEqual([false, true]);
  expect(await areEqual([plain], [mem], { ignore: "csr" })).toBe(false);
  expect(await areEqual([plain], [mem], { ignore: "csr,mem" })).toBe(true);
  await expect(logdiff(LOG, LOG, { ignore: "pc" })).rejects.toMatchObject({ exit: "usage" });
});

test("--from passes over what each log has before a pc, as Spike's boot ROM", async () => {
  const boot = "core   0: 3 0x0000000000001000 (0x00000297) x5  0x0000000000001000";
  expect(await areEqual(LOG, [boot, ...LOG])).toBe(false);
  expect(await areEqual(LOG, [boot, ...LOG], { from: "0x80000000" })).toBe(true);
});

test("what a capability adds is compared where both logs have it, and passed over where one is Spike's", async () => {
  const whole = (tag: number): string => `${LOG[0]} c5 0xf01fe00000000000_0x0000000000000000 ${tag}`;
  expect([await areEqual([whole(1)], [whole(1)]), await areEqual([whole(1)], [whole(0)])]).toEqual([true, false]);
  expect(await areEqual([whole(1)], [LOG[0]!])).toBe(true);
});

test("a file that is absent, is a folder or has no commits is an input error", async () => {
  for (const path of ["absent.log", tmpdir()]) {
    await expect(compareLogs(path, path)).rejects.toMatchObject({ exit: "input" });
  }
  await expect(logdiff([], LOG)).rejects.toMatchObject({ exit: "input" });
});

test("exec writes the plain form of its log, which differs from the full one by capabilities alone", () => {
  inFolder((cwd) => {
    writeFileSync(join(cwd, "p.S"), " auipc t1, 1\n sy t1, 0(t1)\n csrw mscratch, t1\n j .\n");
    const exec = (...options: readonly string[]): Ending =>
      meshsim(["exec", "p.S", "--isa", "rv64y", "--max-instructions", "4", ...options], { cwd });
    exec("--log-commits", "full.log");
    exec("--log-commits", "plain.log", "--log-format", "x-only");
    const full = readFileSync(join(cwd, "full.log"), "utf8");
    const plain = readFileSync(join(cwd, "plain.log"), "utf8");
    expect(full).toMatch(/ x6 {2}0x0000000080001000 c6 0x[\da-f]{16}_0x0000000080001000 1$/m);
    expect(full.match(/ [01]$/gm)?.length).toBe(3);
    expect(plain.split("\n")).toEqual(
      full.split("\n").map((text) => text.replace(/ c\w+( 0x\w{16})? 0x\w+_0x\w+ 1$/, "")),
    );
    expect(plain).not.toMatch(/_0x/);
    expect(exec("--log-commits=x-only").stdout.startsWith(plain)).toBe(true);
    expect(exec("--log-format", "x-only").status).toBe(2);
    expect(meshsim(["logdiff", "full.log", "plain.log"], { cwd }).status).toBe(0);
    writeFileSync(join(cwd, "short.log"), plain.slice(0, plain.indexOf("\n")));
    expect(meshsim(["logdiff", "full.log", "short.log"], { cwd }).status).toBe(1);
  });
});
