// How the command line answers mistakes.
import { expect, test } from "vitest";
import { meshsim } from "../../drivers/cli.ts";

test.each([
  [["rnu", "x"], /run/],
  [["run"], /not enough|trace/i],
  [["run", "x.json", "--requets", "3"], /requets/],
  [["run", "x.json", "--seed", "-1"], /--seed -1: expected a whole number/],
  [["run", "x.json", "--touch", "1.5"], /--touch 1.5: expected a number from 0 to 1/],
  [["run", "x.json", "--cpu-fraction", "0"], /--cpu-fraction 0: expected a number above 0/],
  [["run", "x.json", "--payload", "big"], /--payload big: expected bytes/],
  [["run", "x.json", "--workers", "0"], /--workers 0: expected a whole number from 1/],
  [["run", "x.json", "--set", "l1d.wyas=4"], /wyas[\s\S]*ways/],
  [["run", "x.json", "--machine", "cva7@1"], /cva7@1/],
  [["config", "--set", "l2.sizeBytes=1099511627776"], /16 to 268435456, found 1099511627776/],
  [["run", "x.json", "--deployments", "monolit"], /monolith/],
  [["run", "x.json", "--rule", "client-hop=maybe"], /hop, application/],
  [["exec", "x.S", "--isa", "rv128"], /rv128/],
  [["exec", "x.bin", "--load-address", "here"], /--load-address here: expected an address/],
])("%j is refused with status 2, a reason, and nothing on stdout", (args, reason) => {
  const { status, stdout, stderr } = meshsim(args);
  expect(stderr).toMatch(reason);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stdout).toBe("");
  expect(status).toBe(2);
});

test("settings and rules count each time that they are given, of any other option the last", () => {
  const { stdout } = meshsim([
    ...["config", "--machine", "ideal@1", "--machine", "rocket@1"],
    ...["--set", "l1d.ways=2", "--set", "l2.ways=16", "--set", "l1d.ways=1"],
  ]);
  expect(stdout).toMatch(/^l1d\.ways +1 +--set$/m);
  expect(stdout).toMatch(/^l2\.ways +16 +--set$/m);
  expect(stdout).toMatch(/^l1d\.mshrs +0 +preset$/m);
});

test("a missing file is status 3 and is named", () => {
  const { status, stderr } = meshsim(["run", "no-such-file.json"]);
  expect(stderr).toContain("no-such-file.json: error: cannot read the file: no such file");
  expect(status).toBe(3);
});

test.each([["--help"], ["run", "--help"], ["exec", "--help"], ["trace", "--help"]])(
  "%s %s shows examples in 80 columns",
  (...args) => {
    const { status, stdout } = meshsim(args.filter(Boolean));
    expect(status).toBe(0);
    expect(stdout).toContain("Examples:");
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  },
);

test("--version is the package's", () => {
  expect(meshsim(["--version"]).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test.each([["rules"], ["formats"], ["exit-codes"]])("help %s fits 80 columns", (topic) => {
  const { status, stdout } = meshsim(["help", topic]);
  expect(status).toBe(0);
  expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
});
