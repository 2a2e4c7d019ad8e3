// The headers of the process kernel's assembly say who comes to a label and what its code writes; the code agrees.
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { GUEST_ISA, guestSource } from "../../../kernel/image.ts";
import { blocksOf, comeFrom, HEADER_KEYS, namedFrom, written } from "../headers.ts";
import { Guest } from "./guest.ts";

const FOLDER = "kernel/process";
const files = readdirSync(new URL(`../../../${FOLDER}`, import.meta.url)).filter((f) => f.endsWith(".S"));
const blocks = blocksOf(FOLDER, files);
const { image } = new Guest([{ name: "client", text: "start: EXIT 0" }]);

test("every global label has a header of five lines", () => {
  const globals = files.flatMap((f) => guestSource(`${FOLDER}/${f}`).text.match(/^ +\.globl /gm) ?? []);
  expect(blocks.length).toBe(globals.length);
  expect(blocks.length).toBeGreaterThan(20);
  for (const b of blocks) expect([...b.header.keys()], b.name).toEqual(HEADER_KEYS);
});

const code = blocks.filter((b) => b.header.get("clobbers") !== "-");

describe.each(code.map((b) => [b.name, b] as const))("%s", (_, block) => {
  test("writes the registers that its header names", () => {
    const named = block.header.get("clobbers")!;
    expect(named === "none" ? [] : named.split(" ")).toEqual(written(block, blocks, image, GUEST_ISA[8]));
  });

  test("is reached from the labels that its header names, and no others", () => {
    expect(namedFrom(block).sort()).toEqual(comeFrom(block, blocks).sort());
  });
});
