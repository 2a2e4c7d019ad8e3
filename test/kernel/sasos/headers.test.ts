// The headers of the kernel's assembly say who comes to a label and what its code writes; the code agrees.
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { abiName } from "../../../isa/registers.ts";
import { decoderFor } from "../../../isa/table.ts";
import { GUEST_ISA, guestSource } from "../../../kernel/image.ts";
import { RAM_BASE } from "../../../sim/machine/machine.ts";
import { World } from "./world.ts";

const KEYS = ["in", "out", "clobbers", "from", "traps"];
const FOLDER = "kernel/sasos";

interface Block {
  readonly name: string;
  readonly file: string;
  readonly section: string;
  readonly header: ReadonlyMap<string, string>;
  readonly body: string;
  /** The block before it in the same section, if that runs into this one. */
  readonly fallsFrom: string | undefined;
}

const files = readdirSync(new URL(`../../../${FOLDER}`, import.meta.url)).filter((f) => f.endsWith(".S"));
const bodies = new Map<string, string>();

/** A file's text without its macros, whose bodies are kept: a block that calls one refers to what it refers to. */
function withoutMacros(text: string): string {
  return text.replaceAll(/^\.macro +(\w+)[^\n]*\n([\s\S]*?)^\.endm[^\n]*\n/gm, (_, name: string, body: string) => {
    bodies.set(name, body);
    return "";
  });
}

function blocksOf(file: string): Block[] {
  const blocks: Block[] = [];
  let section = "";
  for (const part of withoutMacros(guestSource(`${FOLDER}/${file}`).text).split(/^ +\.globl +/m)) {
    const [, name = "", header = "", body = ""] = /^(\w+)\n((?:#[^\n]*\n)*)\w+:([\s\S]*)$/.exec(part) ?? [];
    if (name !== "") {
      const keys = [...header.matchAll(/^# (\w+): +(.*)$/gm)].map(([, key, value]) => [key!, value!] as const);
      const before = blocks.at(-1);
      const runsOn = before?.section === section && !/(\bj .*|ret|ebreak|\.zero.*)$/.test(plain(before.body));
      const fallsFrom = runsOn ? before?.name : undefined;
      blocks.push({
        name,
        file,
        section,
        header: new Map(keys),
        body: body.replace(/^ +\.section[\s\S]*/m, ""),
        fallsFrom,
      });
    }
    section = [...part.matchAll(/^ +\.section +([\w.]+)/gm)].at(-1)?.[1] ?? section;
  }
  return blocks;
}

const blocks = files.flatMap(blocksOf);
const JUMP = /^\s+(?:j|jal|jalr|b\w+|la) .*?(\w+)$/;

/** Statements that are instructions, without comments, labels and alignment. */
function plain(body: string): string {
  const lines = body.split("\n").map((line) => line.replace(/^\d+:|#.*/g, "").trimEnd());
  return lines.filter((line) => line !== "" && !/^\w+:$|^ +\.(balign|endr|irp|globl|section)/.test(line)).join("\n");
}

/** Does a block jump to a label, or take its address for somebody who does? */
function jumpsTo(block: Block, label: string): boolean {
  const lines = plain(block.body).split("\n");
  const expanded = lines.flatMap((line) => [line, ...(bodies.get(/\w+/.exec(line)?.[0] ?? "") ?? "").split("\n")]);
  return expanded.some((line) => JUMP.exec(line)?.[1] === label);
}

const world = new World([{ name: "client", code: "client_start: EXIT" }]);
const starts = blocks.map((b) => world.symbol(b.name)).sort((a, b) => a - b);
const decode = decoderFor(GUEST_ISA[16]);

/** Registers that the instructions from a label to the next one write. */
function written(block: Block): string[] {
  const from = world.symbol(block.name);
  const section = world.image.ranges.find((r) => from >= r.start && from < r.end)!;
  const to = Math.min(section.end, ...starts.filter((s) => s > from));
  const registers = new Set<number>();
  for (let at = from; at < to; at += 4) {
    const rd = decode(world.machine.memory.fetch32(at - RAM_BASE))?.rd ?? 0;
    if (rd !== 0) registers.add(rd);
  }
  return [...registers].map(abiName).sort();
}

test("every global label has a header of five lines", () => {
  const globals = files.flatMap((f) => guestSource(`${FOLDER}/${f}`).text.match(/^ +\.globl /gm) ?? []);
  expect(blocks.length).toBe(globals.length);
  expect(blocks.length).toBeGreaterThan(20);
  for (const b of blocks) expect([...b.header.keys()], b.name).toEqual(KEYS);
});

const code = blocks.filter((b) => b.header.get("clobbers") !== "-");

describe.each(code.map((b) => [b.name, b] as const))("%s", (_, block) => {
  test("writes the registers that its header names", () => {
    expect(block.header.get("clobbers")!.split(" ").sort()).toEqual(written(block));
  });

  test("is reached from the labels that its header names, and no others", () => {
    const named = block.header
      .get("from")!
      .split(/, (?![^(]*\))/)
      .filter((from) => !from.startsWith("("));
    const others = blocks.filter((b) => b !== block && (b.name === block.fallsFrom || jumpsTo(b, block.name)));
    expect(named.sort()).toEqual(others.map((b) => b.name).sort());
  });
});
