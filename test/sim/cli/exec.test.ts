// `meshsim exec`, `asm` and `disasm` as a user meets them.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inFolder, meshsim } from "../../drivers/cli.ts";

const PASS = `
        .text
_start: li      a0, 6
        li      a1, 7
        mul     a2, a0, a1
        li      t0, 0x100000
        li      t1, 0x5555
        sw      t1, 0(t0)
1:      j       1b
`;

const program = (folder: string, text: string, name = "p.S"): string => {
  writeFileSync(join(folder, name), text);
  return name;
};

test("a program that stores 0x5555 to the finisher exits with 0 and is counted", () =>
  inFolder((cwd) => {
    const { status, stdout } = meshsim(["exec", program(cwd, PASS), "--json", "-"], { cwd });
    const report = JSON.parse(stdout) as {
      exit: unknown;
      instructions: number;
      cycles: number;
      byCause: Record<string, number>;
      schema: string;
    };
    expect(status).toBe(0);
    expect(report.schema).toBe("meshsim.exec/1");
    expect(report.exit).toEqual({ kind: "exit", status: 0 });
    expect(report.instructions).toBe(7); // `li t1, 0x5555` is lui and addiw
    expect(Object.values(report.byCause).reduce((a, b) => a + b, 0)).toBe(report.cycles);
  }));

test("a machine file is taken by exec and config alike, and events are those of its parts", () =>
  inFolder((cwd) => {
    const file = program(cwd, JSON.stringify({ preset: "rocket@1", l1d: { ways: 3, sizeBytes: 3072 } }), "m.json");
    expect(meshsim(["config", "--machine", file, "--set", "l1d.ways=6"], { cwd }).stdout).toMatch(
      /^l1d\.sizeBytes +3072 +file\nl1d\.lineBytes +64 +preset\nl1d\.ways +6 +--set$/m,
    );
    const walk = program(
      cwd,
      `${PASS.replace("_start:", "_start: la t0, _start\n ld a0, 1024(t0)\n ld a0, 1536(t0)\n")}`,
    );
    const { events } = JSON.parse(meshsim(["exec", walk, "--machine", file, "--json", "-"], { cwd }).stdout) as {
      events: Record<string, number>;
    };
    expect(events).toMatchObject({ "l1d.lookups": 2, "l1d.misses": 2 });
    program(cwd, '{ "l1d": { "ways": 3.5 } }', "bad.json");
    const { status, stderr } = meshsim(["exec", walk, "--machine", "bad.json"], { cwd });
    expect(stderr).toMatch(/^bad\.json:1:\d+: error: l1d\.ways/);
    expect(status).toBe(3);
  }));

test("a failure code of the finisher is status 1, or the guest's own with --exit-code guest", () =>
  inFolder((cwd) => {
    const file = program(cwd, PASS.replace("0x5555", "0x3333 | (3 << 16)"));
    expect(meshsim(["exec", file], { cwd }).status).toBe(1);
    expect(meshsim(["exec", file, "--exit-code", "guest"], { cwd }).status).toBe(3);
  }));

test("a program without a trap handler that traps ends with status 4 and says where", () =>
  inFolder((cwd) => {
    const { status, stdout } = meshsim(["exec", program(cwd, "_start: nop\n ld a0, 0(zero)\n")], { cwd });
    expect(status).toBe(4);
    expect(stdout).toContain("trap 5 (load access fault) at pc 0x80000004, value 0x0");
    const { exit } = JSON.parse(meshsim(["exec", "p.S", "--json", "-"], { cwd }).stdout) as { exit: unknown };
    expect(exit).toMatchObject({ kind: "trap", cause: 5, name: "load access fault", pc: "0x80000004", tval: "0x0" });
  }));

test("an endless program stops at the limit with status 5", () =>
  inFolder((cwd) => {
    const { status } = meshsim(["exec", program(cwd, "_start: j _start\n"), "--max-instructions", "1000"], { cwd });
    expect(status).toBe(5);
  }));

test("an assembly error names file, line and column, draws a caret and gives a hint", () =>
  inFolder((cwd) => {
    const { status, stderr } = meshsim(["exec", program(cwd, "_start:\n        adddi a0, a0, 1\n")], { cwd });
    expect(status).toBe(3);
    expect(stderr).toMatch(/p\.S:2:9: error: .*adddi/);
    expect(stderr).toContain("^");
    expect(stderr).toMatch(/hint:.*addi/);
    expect(stderr).not.toMatch(/^\s+at /m);
  }));

test("disasm reads words as the pointer mode does that is asked for", () =>
  inFolder((cwd) => {
    writeFileSync(join(cwd, "h.S"), " .half 0x852e\n .half 0x2188\n ymodeswi\n");
    const lines = (...more: string[]): string[] => {
      const { stdout } = meshsim(["disasm", "h.S", "--isa", "rv64y_zyhybrid", ...more], { cwd });
      return [...stdout.matchAll(/^8000000\w: +\w+ +(.*)$/gm)].map((m) => m[1]!.replace("\t", " "));
    };
    expect(lines()).toEqual(["c.mv a0,a1", "c.ly a0,0(a1)", "ymodeswi"]);
    expect(lines("--pointer-mode", "capability")).toEqual(["c.ymv a0,a1", "c.ly a0,0(a1)", "ymodeswi"]);
    expect(lines("--pointer-mode", "integral")).toEqual(["c.mv a0,a1", ".half   0x2188", "ymodeswi"]);
  }));

test("asm writes an ELF program that exec and disasm take", () =>
  inFolder((cwd) => {
    program(cwd, PASS);
    expect(meshsim(["asm", "p.S", "-o", "p.elf"], { cwd }).status).toBe(0);
    expect(meshsim(["exec", "p.elf"], { cwd }).status).toBe(0);
    expect(meshsim(["disasm", "p.elf"], { cwd }).stdout).toMatch(/80000008:\s+02b50633\s+mul\s+a2,\s*a0,\s*a1/);
  }));

test("a failed asm writes no file", () =>
  inFolder((cwd) => {
    program(cwd, "bad instruction");
    expect(meshsim(["asm", "p.S", "-o", "p.elf"], { cwd }).status).toBe(3);
    expect(existsSync(join(cwd, "p.elf"))).toBe(false);
  }));

test("the commit log has one line a retired instruction and appears whole or not at all", () =>
  inFolder((cwd) => {
    program(cwd, PASS);
    meshsim(["exec", "p.S", "--log-commits", "p.log"], { cwd });
    const lines = readFileSync(join(cwd, "p.log"), "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(7);
    expect(lines[2]).toContain("0x0000000080000008 (0x02b50633)");
    expect(lines[2]).toContain("x12 0x000000000000002a");
    expect(readdirSync(cwd).sort()).toEqual(["p.S", "p.log"]);
  }));

test("a flat binary runs at its load address, in capability mode with --isa rv64y", () =>
  inFolder((cwd) => {
    // auipc t0, 0x80100 wraps to 0x100000; lui t1, 5; addi t1, t1, 0x555; sw t1, 0(t0)
    const words = [0x80100297, 0x00005337, 0x55530313, 0x0062a023];
    writeFileSync(join(cwd, "flat.bin"), Buffer.from(Uint32Array.from(words).buffer));
    const { status, stdout } = meshsim(
      ["exec", "flat.bin", "--isa", "rv64y", "--load-address", "0x80000000", "--json", "-"],
      { cwd },
    );
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as { instructions: number }).instructions).toBe(4);
  }));

test("a flat binary without an address is refused with the command that works", () =>
  inFolder((cwd) => {
    writeFileSync(join(cwd, "flat.bin"), Uint8Array.of(0, 0, 0, 0));
    const { status, stderr } = meshsim(["exec", "flat.bin"], { cwd });
    expect(status).toBe(3);
    expect(stderr).toContain("--load-address");
  }));

test("the same program gives the same report but for host time", () =>
  inFolder((cwd) => {
    program(cwd, PASS);
    const report = (): unknown => ({
      ...(JSON.parse(meshsim(["exec", "p.S", "--json", "-"], { cwd }).stdout) as object),
      host: 0,
    });
    expect(report()).toEqual(report());
  }));
