// The headers of the services' assembly say who comes to a label and what its code writes; the code agrees.
import { describe, expect, test } from "vitest";
import { assembleGuest, guestSource, linkGuest } from "../../../kernel/image.ts";
import { DEPLOYMENTS } from "../../../workloads/deploy/deployment.ts";
import { blocksOf, comeFrom, HEADER_KEYS, namedFrom, written, type Block } from "../../kernel/headers.ts";

const CALIBRATION = ["kernel/common/pointer.S", "workloads/services/compute.S", "workloads/services/calibrate.S"];
const CONSTANTS = new Map([
  ["CALIBRATE_bytes", 64],
  ["CALIBRATE_turns", 1],
]);

/** Programs that are assembled from these files, in both pointer forms where both exist. */
const programs = [
  ...DEPLOYMENTS.map((d) => ({ name: d.name, sources: d.sources, pointerBytes: d.pointerBytes })),
  ...([8, 16] as const).map((p) => ({ name: `calibration, ${p} bytes`, sources: CALIBRATION, pointerBytes: p })),
];

const assembled = programs.map((p) => {
  const { pointerBytes, sources } = p;
  const image = linkGuest([assembleGuest(sources, { pointerBytes, symbols: CONSTANTS })], { base: 0x8000_0000 });
  const isa = pointerBytes === 8 ? "rv64ima_zicsr_zifencei_zicboz" : "rv64y_zylevels1";
  return { ...p, image, isa, blocks: blocksOf(".", sources) };
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
