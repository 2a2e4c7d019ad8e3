// The instruction table: reads an ISA string, selects the records of its extensions, and builds their decoder.
import { form, type Form } from "./codec.ts";
import { decoder, type Decoder } from "./decode.ts";
import { a } from "./ext/a.ts";
import { m } from "./ext/m.ts";
import { priv } from "./ext/priv.ts";
import { rv64i } from "./ext/rv64i.ts";
import { rvy } from "./ext/rvy.ts";
import { zicbo } from "./ext/zicbo.ts";
import { zicsr } from "./ext/zicsr.ts";
import { zifencei } from "./ext/zifencei.ts";
import type { Extension, Insn } from "./insn.ts";

/** Every instruction that meshsim knows; a new extension is one file and one line here. */
const INSTRUCTIONS: readonly Insn[] = [...rv64i, ...m, ...a, ...zicsr, ...zifencei, ...zicbo, ...priv, ...rvy];

/** What an ISA string selects. */
export interface Isa {
  readonly extensions: ReadonlySet<Extension>;
  /** Are pointers capabilities from reset on? */
  readonly capabilityMode: boolean;
}

/**
 * Single letters of an ISA string. `y` is a base: with it I, M, A and the small Z extensions come along, as with `g`;
 * Zabhlrsc among them, which a base with capabilities must have beside A (a-st-ext.adoc #zalrsc_cheri).
 */
const LETTERS: Readonly<Record<string, readonly Extension[]>> = {
  i: ["I"],
  y: ["Y", "I", "M", "A", "Zabhlrsc", "Zicsr", "Zifencei", "Zicboz"],
  m: ["M"],
  a: ["A"],
  c: ["Zca"],
  b: ["Zba", "Zbb", "Zbs"],
};

/** Multi-letter extensions by their names in an ISA string. */
const NAMES: Readonly<Record<string, readonly Extension[]>> = {
  zicsr: ["Zicsr"],
  zifencei: ["Zifencei"],
  zicboz: ["Zicboz"],
  zicbom: ["Zicbom"],
  zicbop: ["Zicbop"],
  zicond: ["Zicond"],
  zabhlrsc: ["Zabhlrsc"],
  zba: ["Zba"],
  zbb: ["Zbb"],
  zbs: ["Zbs"],
  zca: ["Zca"],
  zylevels1: ["Zylevels1"],
};

/**
 * Reads an ISA string: `rv64ima_zicsr_zifencei_zicboz`, `rv64imac`, `rv64y` (I M A Zicsr Zifencei Zicboz and Y, in
 * capability mode), `rv64ima_y`. Returns the text of a diagnostic where it cannot.
 */
export function parseIsa(isa: string): Isa | string {
  const [, letters = "", rest = ""] = /^rv64([a-z][a-z0-9]*)((?:_[a-z0-9]+)*)$/.exec(isa.toLowerCase()) ?? [];
  if (letters === "") return `'${isa}' is not an ISA string: expected rv64 and extensions, as rv64imac or rv64y_zicbom`;
  const version = /\d+(p\d+)?/g;
  const names = rest.split("_").filter(Boolean);
  const extensions = new Set<Extension>(["priv"]);
  if (!/^[iy]/.test(letters)) return `'${isa}': the base is I or Y: rv64i..., rv64y...`;
  for (const letter of letters.replace(version, "")) {
    const found = LETTERS[letter];
    if (found === undefined) return `'${isa}': extension '${letter}' is not implemented`;
    for (const e of found) extensions.add(e);
  }
  for (const name of names) {
    const found = NAMES[name] ?? NAMES[name.replace(/\d+p\d+$/, "")] ?? LETTERS[name];
    if (found === undefined) return `'${isa}': extension '${name}' is not implemented`;
    for (const e of found) extensions.add(e);
  }
  if (extensions.has("Zylevels1") && !extensions.has("Y")) return `'${isa}': Zylevels1 needs the base Y`;
  return { extensions, capabilityMode: extensions.has("Y") };
}

/** An ISA string known to be right: one of ours, or checked by parseIsa before. */
function known(isa: string): Isa {
  const parsed = parseIsa(isa);
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
}

const FORMS: readonly Form[] = INSTRUCTIONS.map(form);

/** Every instruction of every extension. */
export function allInstructions(): readonly Form[] {
  return FORMS;
}

/** The instructions of an ISA string that parseIsa accepts. */
export function instructionsOf(isa: string): readonly Form[] {
  const { extensions } = known(isa);
  return FORMS.filter((f) => extensions.has(f.insn.ext));
}

const decoders = new Map<string, Decoder>();

/** The decoder for an ISA string that parseIsa accepts; built once. */
export function decoderFor(isa: string): Decoder {
  const found = decoders.get(isa) ?? decoder(instructionsOf(isa));
  decoders.set(isa, found);
  return found;
}
