// The packed command line's threads: their code, and what V8 compiled of it earlier. Here other code stands in the place of theirs.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DIGEST_BYTES, digestOf, RECORDS } from "../../sim/packed-code.ts";

const BEGIN = new URL("../../dist/bin/worker.js", import.meta.url);
const ONE = `console.log("one");\n`;
const TWO = `console.log("two");\n`;

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "meshsim-packed-")));
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
  copyFileSync(BEGIN, path("js"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (extension: string): string => join(folder, "bin", `thread.${extension}`);

/** What code prints that is run as a packed thread. */
function run(
  code: string,
  environment: Readonly<Record<string, string>> = {},
  options: readonly string[] = [],
): string {
  writeFileSync(path("cjs"), code);
  const { status, stdout, stderr } = spawnSync(process.execPath, [...options, path("js")], {
    ...{ encoding: "utf8", env: { ...process.env, ...environment } },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

/** The code cache of code that has run once. */
function recorded(code: string): Buffer {
  run(code, { [RECORDS]: "1" });
  return readFileSync(path("cjs.cache"));
}

/** Has the code cache of code say that it is of other code, and perhaps that another build of Node has made it. */
function pretend(code: string, other: string, ...build: readonly [string?]): void {
  const cache = recorded(code).subarray(0, -DIGEST_BYTES);
  writeFileSync(path("cjs.cache"), Buffer.concat([cache, digestOf(other, cache, ...build)]));
}

describe("a code cache", () => {
  test("is kept only where that is said, and nothing besides it", () => {
    run(ONE);
    expect(existsSync(path("cjs.cache"))).toBe(false);
    recorded(ONE);
    expect(readdirSync(join(folder, "bin")).sort()).toEqual(["thread.cjs", "thread.cjs.cache", "thread.js"]);
  });

  test("is used: one that says it is of other code, which it is not, has what it holds executed", () => {
    pretend(ONE, TWO);
    expect(run(TWO)).toBe("one\n");
  });

  test("of another build of Node is not used", () => {
    pretend(ONE, TWO, "another");
    expect(run(TWO)).toBe("two\n");
  });

  test("of other options of V8 is not used", () => {
    pretend(ONE, TWO);
    expect(run(TWO, {}, ["--no-opt"])).toBe("two\n");
  });

  test("of other code of the same length is not used", () => {
    recorded(ONE);
    expect(run(TWO)).toBe("two\n");
  });

  test.each<[string, (cache: Buffer) => Buffer]>([
    ["that is empty", () => Buffer.alloc(0)],
    ["shorter than its digest", (cache) => cache.subarray(0, DIGEST_BYTES - 1)],
    ["that ends early", (cache) => cache.subarray(0, -1)],
    [
      "of which a bit has changed",
      (cache) => Buffer.from(cache.map((byte, i) => (i === cache.length >> 1 ? byte ^ 1 : byte))),
    ],
    ["that is nothing but zeroes", (cache) => Buffer.alloc(cache.length)],
  ])("%s is as none", (_, damage) => {
    pretend(ONE, TWO);
    writeFileSync(path("cjs.cache"), damage(readFileSync(path("cjs.cache"))));
    expect(run(TWO)).toBe("two\n");
  });
});

test.each([
  ["without a code cache", {}],
  ["that is recorded", { [RECORDS]: "1" }],
])("code %s has the module, require and paths that Node gives it", (_, environment) => {
  const code = `console.log(JSON.stringify([__filename, __dirname, this === exports, module.exports === exports, require("./other.cjs")]));`;
  writeFileSync(join(folder, "bin", "other.cjs"), "module.exports = 42;");
  expect(JSON.parse(run(code, environment))).toEqual([path("cjs"), join(folder, "bin"), true, true, 42]);
});

test("an error names the place in the code's file", () => {
  const stack = run(`\nfunction fails() {\n  return new Error("it failed").stack;\n}\nconsole.log(fails());\n`);
  expect(stack).toContain(`at fails (${path("cjs")}:3:10)`);
});
