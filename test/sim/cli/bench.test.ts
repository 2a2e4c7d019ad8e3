// `meshsim bench` as a user meets it. Speeds are the host's and are only looked at for sense.
import { expect, test } from "vitest";
import { inFolder, meshsim } from "../../drivers/cli.ts";

interface Result {
  readonly kernel: string;
  readonly form: string;
  readonly engine: string;
  readonly timing: string;
  readonly mips: number;
  readonly instructions: number;
  readonly cycles: number | null;
}

interface Report {
  readonly schema: string;
  readonly results: readonly Result[];
}

const bench = (cwd: string, ...options: string[]): ReturnType<typeof meshsim> =>
  meshsim(["bench", "--instructions", "100000", ...options], { cwd });

test("each chosen kernel is measured in each form, on each engine, with and without timing", () =>
  inFolder((cwd) => {
    const { status, stdout } = bench(cwd, "--kernels", "calls,traps", "--json", "-");
    const { schema, results } = JSON.parse(stdout) as Report;
    expect(status).toBe(0);
    expect(schema).toBe("meshsim.bench/1");
    const measurements = (form: string): string[] => [
      ...[
        `calls ${form} reference none`,
        `calls ${form} reference full`,
        `calls ${form} turbo none`,
        `calls ${form} turbo full`,
      ],
      ...[
        `traps ${form} reference none`,
        `traps ${form} reference full`,
        `traps ${form} turbo none`,
        `traps ${form} turbo full`,
      ],
    ];
    const found = results.map((r) => `${r.kernel} ${r.form} ${r.engine} ${r.timing}`);
    expect(found.sort()).toEqual([...measurements("integer"), ...measurements("capability")].sort());
    for (const r of results) {
      expect(r.instructions).toBe(100_000);
      expect(r.mips).toBeGreaterThan(0);
      if (r.timing === "none") expect(r.cycles).toBeNull();
      else expect(r.cycles).toBeGreaterThanOrEqual(100_000);
    }
  }));

test("cycles are those of the simulated machine: the same in every run, others on another machine", () =>
  inFolder((cwd) => {
    const cycles = (...options: string[]): number | null => {
      const { stdout } = bench(cwd, "--kernels", "walk", "--forms", "integer", "--timing", "full", ...options);
      return (JSON.parse(stdout) as Report).results[0]!.cycles;
    };
    const once = cycles("--json", "-");
    expect(cycles("--json", "-")).toBe(once);
    expect(cycles("--json", "-", "--machine", "ideal@1")).not.toBe(once);
  }));

test("the table names every measurement and a mean for each group", () =>
  inFolder((cwd) => {
    const { stdout } = bench(cwd, "--kernels", "integer", "--timing", "none");
    expect(stdout).toMatch(/^kernel +form +engine +timing +M instr\/s +CPI +warm-up ms$/m);
    expect(stdout).toMatch(/^integer, \w+, timing none +[\d.]+$/m);
    expect(stdout).toMatch(/^capability, \w+, timing none +[\d.]+$/m);
  }));

test.each([
  [["--kernels", "sort"], "--kernels: 'sort' is not known"],
  [["--timing", "half"], "hint: all, or some of: none, full"],
  [["--instructions", "99999"], "expected a whole number from 100000"],
  [["--machine", "cva7@1"], "did you mean cva6@1?"],
  [["--json", "nowhere/r.json"], "cannot write the file"],
])("%j is refused before anything is measured", (options, message) =>
  inFolder((cwd) => {
    const { status, stderr, stdout } = meshsim(["bench", ...options], { cwd });
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(stdout).toBe("");
  }),
);
