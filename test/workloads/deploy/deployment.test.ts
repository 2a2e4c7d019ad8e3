// The table of deployments, and what their files have in common.
import { describe, expect, test } from "vitest";
import { guestSource } from "../../../kernel/image.ts";
import { CATEGORIES, isTax, reportedCategory } from "../../../workloads/categories.ts";
import { DEPLOYMENTS, deploymentsNamed } from "../../../workloads/deploy/deployment.ts";

const text = (name: string): string => guestSource(`workloads/deploy/${name}.S`).text;
const names = DEPLOYMENTS.map((d) => d.name);

describe("the files", () => {
  test("define deploy_start, deploy_call and deploy_end, in this order, before any label of their own", () => {
    for (const name of names) {
      const globals = [...text(name).matchAll(/^(deploy_\w+|\w+_message):/gm)].map((m) => m[1]);
      expect(globals.slice(0, 3), name).toEqual(["deploy_start", "deploy_call", "deploy_end"]);
    }
  });

  test("begin with what the reader asks first: domains, switched, copied, trusted, crossing", () => {
    for (const name of names) {
      const [first, ...header] = text(name).split("\n\n")[0]!.split("\n");
      expect(first, name).toMatch(new RegExp(`^# ${name}: every service `));
      const keys = header.flatMap((line) => /^# (\w+): /.exec(line)?.[1] ?? []);
      expect(keys, name).toEqual(["domains", "switched", "copied", "trusted", "crossing"]);
    }
  });

  test("count their stubs as crossing", () => {
    for (const name of names) {
      expect(
        [...text(name).matchAll(/^ +\.section (\S+),/gm)].map((m) => m[1]),
        name,
      ).toEqual([".text.crossing"]);
    }
  });
});

describe("the table", () => {
  test("gives deployments in the order asked for", () => {
    const found = deploymentsNamed(["capability", " monolith "]);
    expect(found.kind === "deployments" && found.deployments.map((d) => d.name)).toEqual(["capability", "monolith"]);
  });

  test.each([
    [
      ["monolit"],
      "no deployment is named 'monolit'",
      /did you mean 'monolith'\? there are monolith, process-socket, capability/,
    ],
    [["__proto__"], "no deployment is named '__proto__'", /^there are monolith/],
    [["monolith", "monolith"], "deployment 'monolith' is named twice", /there are/],
    [[""], "no deployment is named", /there are/],
    [[], "no deployment is named", /there are/],
  ])("%j is answered with a diagnostic", (asked, message, hint) => {
    const found = deploymentsNamed(asked);
    if (found.kind !== "diagnostics") throw new Error("accepted");
    expect(found.diagnostics.map((d) => d.message)).toEqual([message]);
    expect(found.diagnostics[0]!.hint).toMatch(hint);
  });

  test("every unknown name has its own diagnostic", () => {
    const found = deploymentsNamed(["a", "monolith", "b"]);
    expect(found.kind === "diagnostics" && found.diagnostics.length).toBe(2);
  });

  test("names the sections of its sources as categories, and no others", () => {
    const known = new Set(CATEGORIES.map((c) => c.name));
    for (const source of new Set(DEPLOYMENTS.flatMap((d) => d.sources))) {
      for (const [, name] of guestSource(source).text.matchAll(/\.section +\.text\.(\w+)/g))
        expect(known, source).toContain(name);
    }
  });
});

describe("the categories", () => {
  test("have names and letters of their own", () => {
    for (const key of ["name", "label", "letter"] as const) {
      expect(new Set(CATEGORIES.map((c) => c[key])).size, key).toBe(CATEGORIES.length);
    }
    for (const c of CATEGORIES) expect(c.letter).toHaveLength(1);
  });

  test("are tax, but for the application's work and the client's loop", () => {
    expect(CATEGORIES.filter((c) => !isTax(c.name)).map((c) => c.name)).toEqual(["compute", "application", "harness"]);
  });

  test("take in what no report knows", () => {
    expect([reportedCategory("copy"), reportedCategory("nonsense"), isTax("nonsense")]).toEqual([
      "copy",
      "other",
      true,
    ]);
  });
});
