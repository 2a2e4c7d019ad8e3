// Loads a program for exec and disasm: assembly, ELF, or a flat binary, told apart by content.
import { basename, dirname, resolve } from "node:path";
import { existsSync, readFileSync } from "node:fs";
import { assemble, type SourceFile } from "../../isa/asm/assemble.ts";
import { link } from "../../isa/asm/link.ts";
import type { Diagnostic } from "../../isa/diagnostic.ts";
import { isElf, readElf } from "../../isa/elf.ts";
import { UNCATEGORISED, type Image } from "../../isa/image.ts";
import { instructionsOf, parseIsa, type Isa } from "../../isa/table.ts";
import { Failure, invalidInput } from "./failure.ts";
import { readInput } from "./files.ts";

export const RAM_BASE = 0x8000_0000;

export interface ProgramOptions {
  readonly program: string;
  readonly isa: string;
  readonly loadAddress: string | undefined;
}

/** The program as an image; diagnostics of its source end the command. */
export function loadProgram(options: ProgramOptions): Image {
  const at = options.loadAddress === undefined ? undefined : address("load-address", options.loadAddress);
  const bytes = readInput(options.program);
  if (isElf(bytes)) return linked(readElf(bytes, options.program));
  if (at !== undefined) return flatImage(bytes, at);
  if (bytes.length === 0 || bytes.includes(0)) {
    throw invalidInput([notAProgram(options.program, bytes.length)], "nothing simulated");
  }
  return assembleProgram({ file: options.program, text: Buffer.from(bytes).toString() }, options.isa);
}

/** Assembles and links one source at the start of RAM; execution begins at `_start`, or at the first instruction. */
export function assembleProgram(source: SourceFile, isa: string): Image {
  const object = assembleSource(source, isa);
  const base = { base: RAM_BASE };
  const hasStart = object.symbols.some((s) => s.name === "_start");
  return linked(link([object], hasStart ? { ...base, entry: "_start" } : base));
}

/** Assembles one source for an ISA, with includes beside it. */
export function assembleSource(
  source: SourceFile,
  isa: string,
): Extract<ReturnType<typeof assemble>, { kind: "object" }>["object"] {
  return assembled(source, isa).object;
}

export function assembled(source: SourceFile, isa: string): Extract<ReturnType<typeof assemble>, { kind: "object" }> {
  const result = assemble([source], {
    forms: instructionsOf(isa),
    capabilityMode: knownIsa(isa).capabilityMode,
    include: (path, from) => {
      const file = resolve(dirname(from), path);
      return existsSync(file) ? { file, text: readFileSync(file, "utf8") } : undefined;
    },
    binary: (path, from) => {
      const file = resolve(dirname(from), path);
      return existsSync(file) ? readFileSync(file) : undefined;
    },
  });
  if (result.kind === "diagnostics") throw invalidInput(result.diagnostics, "nothing assembled");
  return result;
}

/** The parsed ISA string, or a usage error that says what is known. */
export function knownIsa(isa: string): Isa {
  const parsed = parseIsa(isa);
  if (typeof parsed !== "string") return parsed;
  throw new Failure("usage", `meshsim: --isa ${parsed} (status 2)`);
}

/** A number given as an address: decimal or 0x…. */
export function address(option: string, text: string): number {
  const value = /^(0x[\da-f]+|\d+)$/i.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new Failure("usage", `meshsim: --${option} ${text}: expected an address such as 0x80000000 (status 2)`);
}

function flatImage(bytes: Uint8Array, at: number): Image {
  return {
    entry: at,
    segments: [{ address: at, bytes, memoryBytes: bytes.length, executable: true, writable: true }],
    symbols: new Map(),
    categories: [UNCATEGORISED],
    ranges: [],
  };
}

type LinkResult =
  | { readonly kind: "image"; readonly image: Image }
  | { readonly kind: "diagnostics"; readonly diagnostics: readonly Diagnostic[] };

function linked(result: LinkResult): Image {
  if (result.kind === "diagnostics") throw invalidInput(result.diagnostics, "nothing simulated");
  return result.image;
}

function notAProgram(file: string, bytes: number): Diagnostic {
  if (bytes === 0) return { file, message: "the file is empty; expected assembly or an ELF program" };
  return {
    file,
    message: "neither an ELF program nor assembly text",
    hint: `a flat binary needs its address: meshsim exec ${basename(file)} --load-address 0x80000000`,
  };
}
