// The example of docs/properties.md, as it stands there but for where it imports from.
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { arbProgram, isTagged, observe } from "../arbitrary/testing.ts";

test("no instruction makes more tagged registers than it names", () => {
  fc.assert(
    fc.property(arbProgram("rv64y"), (program) => {
      observe(program, ({ before, after }) => {
        const fresh = after.registers.filter((c, r) => isTagged(c) && !isTagged(before.registers[r]!));
        expect(fresh.length).toBeLessThanOrEqual(1);
      });
    }),
    { numRuns: 20 },
  );
});

test("this file is what docs/properties.md prints", () => {
  const here = readFileSync(new URL(import.meta.url), "utf8");
  const page = readFileSync(new URL("../../docs/properties.md", import.meta.url), "utf8");
  const printed = /```ts\n([\s\S]*?)```/.exec(page)![1]!.replace("meshsim/testing", "../arbitrary/testing.ts");
  for (const part of printed.trim().split("\n\n")) expect(here).toContain(part);
});
