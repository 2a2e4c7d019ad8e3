// What the headers of guest programs promise, as tests over any list of them.
import { describe, expect, test } from "vitest";
import type { PointerBytes } from "../../kernel/abi.ts";
import { assembleGuest, GUEST_ISA, guestSource, linkGuest } from "../../kernel/image.ts";
import { blocksOf, comeFrom, HEADER_KEYS, namedFrom, written, type Block } from "../kernel/headers.ts";

/** A program that is assembled from some files in one pointer form. */
export interface Program {
  readonly name: string;
  readonly sources: readonly string[];
  readonly pointerBytes: PointerBytes;
  readonly symbols: ReadonlyMap<string, number>;
}

/** Defines the tests: headers are complete, say who comes to a label and what its code writes, and the code agrees. */
export function testHeaders(programs: readonly Program[]): void {
  const assembled = programs.map((p) => {
    const { pointerBytes, sources, symbols } = p;
    const image = linkGuest([assembleGuest(sources, { pointerBytes, symbols })], { base: 0x8000_0000 });
    return { ...p, image, isa: GUEST_ISA[pointerBytes], blocks: blocksOf(".", sources) };
  });

  describe.each(assembled)("$name", ({ sources, blocks, image, isa }) => {
    test("every global label has a header of five lines", () => {
      const globals = sources.flatMap((f) => guestSource(f).text.match(/^ +\.globl /gm) ?? []);
      expect(blocks.length).toBe(globals.length);
      for (const b of blocks) expect([...b.header.keys()], b.name).toEqual(HEADER_KEYS);
    });

    const code = blocks.filter((b) => b.header.get("clobbers") !== "-");
    test.each(code.map((b) => [b.name, b] as const))(
      "%s writes no register but those that its header names",
      (_, block) => {
        const named = block.header.get("clobbers")!;
        const allowed = named === "none" ? [] : named.split(" ");
        expect(written(block, blocks, image, isa).filter((r) => !allowed.includes(r))).toEqual([]);
      },
    );
  });

  describe("over all programs", () => {
    const names = [...new Set(assembled.flatMap((p) => p.blocks.map((b) => b.name)))];
    const sorted = (s: Iterable<string>): string[] => [...new Set(s)].sort();
    const everywhere = (name: string, of: (b: Block, p: (typeof assembled)[number]) => readonly string[]): string[] =>
      sorted(assembled.flatMap((p) => p.blocks.filter((b) => b.name === name).flatMap((b) => of(b, p))));

    test.each(names)("%s is reached from the labels that its header names, and no others", (name) => {
      const from = everywhere(name, (b) => namedFrom(b));
      expect(from.filter((f) => f !== "-")).toEqual(everywhere(name, (b, p) => comeFrom(b, p.blocks)));
    });

    test.each(names)("the registers that %s's header names are all written", (name) => {
      const named = everywhere(name, (b) =>
        b.header
          .get("clobbers")!
          .split(" ")
          .filter((r) => r !== "-" && r !== "none"),
      );
      expect(named).toEqual(everywhere(name, (b, p) => written(b, p.blocks, p.image, p.isa)));
    });
  });
}
