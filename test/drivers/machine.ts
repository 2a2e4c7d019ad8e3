// Runs a few lines of assembly on a whole machine.
import { assemble } from "../../isa/asm/assemble.ts";
import { link } from "../../isa/asm/link.ts";
import { formatDiagnostic } from "../../isa/diagnostic.ts";
import type { Image } from "../../isa/image.ts";
import { instructionsOf, parseIsa } from "../../isa/table.ts";
import { createMachine, RAM_BASE, type Machine, type MachineOptions, type Stop } from "../../sim/machine/machine.ts";

const RAM_BYTES = 4 << 20;
/** Enough for every test, and few enough that a loop without end shows at once. */
const MAX_INSTRUCTIONS = 20_000;

/** Ends the program: exit status 0, or what register a0 holds. Clobbers t5 and t6. */
export const PASS = "\n li t6, 0x100000\n li t5, 0x5555\n sw t5, 0(t6)\n";
/** The same in capability mode, through the capability in a register. */
export const passThrough = (register: string): string =>
  PASS.replace("t6, 0x100000", `t6, 0x100000\n yaddrw t6, ${register}, t6`);

export type ProgramOptions = Partial<Omit<MachineOptions, "image">>;

/** An image of assembly text at the start of RAM; throws what the assembler says of a bad one. */
export function program(source: string, isa = "rv64ima_zicsr_zifencei_zicboz"): Image {
  const parsed = parseIsa(isa);
  if (typeof parsed === "string") throw new Error(parsed);
  const options = { forms: instructionsOf(isa), capabilityMode: parsed.capabilityMode };
  const assembly = assemble([{ file: "test.S", text: source }], options);
  if (assembly.kind === "diagnostics") throw new Error(assembly.diagnostics.map(formatDiagnostic).join("\n"));
  const linkage = link([assembly.object], { base: RAM_BASE });
  if (linkage.kind === "diagnostics") throw new Error(linkage.diagnostics.map(formatDiagnostic).join("\n"));
  return linkage.image;
}

/** A machine that holds the program and has not begun. */
export function load(source: string, options: ProgramOptions = {}): Pick<Ran, "machine" | "symbol"> {
  const isa = options.isa ?? "rv64ima_zicsr_zifencei_zicboz";
  const image = program(source, isa);
  return {
    machine: createMachine({ ramBytes: RAM_BYTES, ...options, isa, image }),
    symbol: (name) => BigInt(image.symbols.get(name)!),
  };
}

export interface Ran {
  readonly machine: Machine;
  readonly stop: Stop;
  /** A register at the end, by number. */
  readonly x: (register: number) => bigint;
  /** The address of a symbol of the program. */
  readonly symbol: (name: string) => bigint;
}

/** Runs the program to its end. */
export function run(source: string, options: ProgramOptions = {}): Ran {
  const { machine, symbol } = load(source, options);
  const stop = machine.run({ maxInstructions: MAX_INSTRUCTIONS });
  return { machine, stop, symbol, x: (register) => machine.engine.x(register) };
}
