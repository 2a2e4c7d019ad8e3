// Reads guest assembly from the package and assembles it; wrong guest code is our own bug, so it is thrown.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assemble, type ObjectFile, type SourceFile } from "../isa/asm/assemble.ts";
import { link, type LinkLayout } from "../isa/asm/link.ts";
import { formatDiagnostic, type Diagnostic } from "../isa/diagnostic.ts";
import type { Image } from "../isa/image.ts";
import { instructionsOf } from "../isa/table.ts";
import { abiSymbols, type PointerBytes } from "./abi.ts";
import { packageRoot } from "./package-root.ts";
import { platformSymbols } from "./platform.ts";

/** The ISA that a deployment's hart has, by the width of its pointers. */
export const GUEST_ISA: Readonly<Record<PointerBytes, string>> = {
  8: "rv64ima_zicsr_zifencei_zicboz",
  16: "rv64y_zylevels1",
};

/** What `assemble` makes of correct sources. */
export type GuestObject = ObjectFile;

export interface AssembleGuestOptions {
  readonly pointerBytes: PointerBytes;
  /** Constants beside those of `abiSymbols` and `platformSymbols`. */
  readonly symbols?: ReadonlyMap<string, number>;
  /** Where sources come from, if not from the package: a test may change them. */
  readonly read?: (relativePath: string) => SourceFile;
}

/** A guest source by its path in the package, as `kernel/sasos/boot.S`. */
export function guestSource(relativePath: string): SourceFile {
  return { file: relativePath, text: readFileSync(join(packageRoot(), relativePath), "utf8") };
}

/** Assembles guest sources, in order, into one object; `.include` takes paths in the package. */
export function assembleGuest(paths: readonly string[], options: AssembleGuestOptions): GuestObject {
  const read = options.read ?? guestSource;
  const result = assemble(paths.map(read), {
    forms: instructionsOf(GUEST_ISA[options.pointerBytes]),
    capabilityMode: options.pointerBytes === 16,
    symbols: new Map([...abiSymbols(options.pointerBytes), ...platformSymbols(), ...(options.symbols ?? [])]),
    include: read,
  });
  return result.kind === "object" ? result.object : refuse(`assembling ${paths.join(", ")}`, result.diagnostics);
}

/** Links guest objects; an unknown symbol is our bug as much as a wrong instruction is. */
export function linkGuest(objects: readonly GuestObject[], options: LinkLayout): Image {
  const result = link(objects, options);
  return result.kind === "image" ? result.image : refuse("linking guest code", result.diagnostics);
}

function refuse(doing: string, diagnostics: readonly Diagnostic[]): never {
  throw new Error([`${doing}:`, ...diagnostics.map(formatDiagnostic)].join("\n"));
}
