// What commands read and write: stdin, results that cannot be written, and interrupts.
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inFolder, MAIN, meshsim, ROOT } from "../../drivers/cli.ts";

const TWO = join(ROOT, "traces/samples/two-services.json");
const LOOP = "_start: j _start\n";

describe("- as input is stdin", () => {
  test("for exec", () => {
    const { status, stdout } = meshsim(["exec", "-", "--max-instructions", "10"], { stdin: LOOP });
    expect([status, stdout]).toEqual([5, expect.stringContaining("instructions 10\n")]);
  });

  test("for asm and disasm", () => {
    inFolder((cwd) => {
      expect(meshsim(["asm", "-", "-o", "loop.elf"], { cwd, stdin: LOOP }).status).toBe(0);
      const { stdout } = meshsim(["disasm", "-"], { stdin: readFileSync(join(cwd, "loop.elf")) });
      expect(stdout).toMatch(/80000000 <_start>:/);
    });
  });

  test("for run and trace", () => {
    const stdin = readFileSync(TWO);
    expect(meshsim(["trace", "inspect", "-"], { stdin }).stdout).toContain("5 requests");
    const { status, stdout } = meshsim(["run", "-", "--requests", "1", "--deployments", "monolith"], { stdin });
    expect([status, stdout]).toEqual([0, expect.stringContaining("trace stdin")]);
  });
});

describe("before any work, status 2 refuses a result file", () => {
  test.each([
    ["that is the input", "t.json", "is the input"],
    ["in no folder", "none/r.json", "no such file or folder"],
    ["that is a folder", "folder", "is a directory"],
    ["without a name", "", "it has no name"],
  ])("%s", (_, file, reason) => {
    inFolder((cwd) => {
      copyFileSync(TWO, join(cwd, "t.json"));
      mkdirSync(join(cwd, "folder"));
      const { status, stdout, stderr } = meshsim(["run", "t.json", "--json", file], { cwd });
      expect([status, stdout, stderr]).toEqual([2, "", expect.stringContaining(reason)]);
      expect(readFileSync(join(cwd, "t.json"))).toEqual(readFileSync(TWO));
    });
  });

  test("of asm that is its source", () => {
    inFolder((cwd) => {
      writeFileSync(join(cwd, "a.S"), LOOP);
      expect(meshsim(["asm", "a.S", "-o", "a.S"], { cwd }).status).toBe(2);
      expect(readFileSync(join(cwd, "a.S"), "utf8")).toBe(LOOP);
    });
  });
});

test("an interrupt ends a program that never ends, with status 130 and no piece of its commit log", async () => {
  const cwd = mkdtempSync(join(tmpdir(), "meshsim-"));
  const args = [MAIN, "exec", "-", "--no-timing", "--log-commits", "log"];
  const child = spawn(process.execPath, args, { cwd, stdio: ["pipe", "ignore", "ignore"] });
  child.stdin.end(LOOP);
  const interrupt = setInterval(() => {
    if (readdirSync(cwd).length > 0) child.kill("SIGINT"); // it runs
  }, 100);
  const status = await new Promise((resolve) => child.once("exit", resolve));
  clearInterval(interrupt);
  expect([status, readdirSync(cwd)]).toEqual([130, []]);
  rmSync(cwd, { recursive: true });
});
