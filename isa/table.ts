// The instruction table: reads an ISA string, selects the records of its extensions, and builds their decoder.
import { form, type Form } from "./codec.ts";
import { decoder, type Decoder } from "./decode.ts";
import { a } from "./ext/a.ts";
import { m } from "./ext/m.ts";
import { priv } from "./ext/priv.ts";
import { rv64i } from "./ext/rv64i.ts";
import { rvy } from "./ext/rvy.ts";
import { zba } from "./ext/zba.ts";
import { zbb } from "./ext/zbb.ts";
import { zbs } from "./ext/zbs.ts";
import { zca } from "./ext/zca.ts";
import { zicbo } from "./ext/zicbo.ts";
import { zicond } from "./ext/zicond.ts";
import { zicsr } from "./ext/zicsr.ts";
import { zifencei } from "./ext/zifencei.ts";
import { zyhybrid } from "./ext/zyhybrid.ts";
import type { Extension, Insn } from "./insn.ts";

/** Every instruction that meshsim knows; a new extension is one file and one line here. */
const INSTRUCTIONS: readonly Insn[] = [
  ...rv64i,
  ...m,
  ...a,
  ...zicsr,
  ...zifencei,
  ...zicbo,
  ...zicond,
  ...zba,
  ...zbb,
  ...zbs,
  ...zca,
  ...priv,
  ...rvy,
  ...zyhybrid,
];

/** What an ISA string selects. */
export interface Isa {
  readonly extensions: ReadonlySet<Extension>;
  /** Are pointers capabilities from reset on? With Zyhybrid they are not, until code switches (#section_cheri_disable). */
  readonly capabilityMode: boolean;
}

/**
 * What the first letter selects. `i` is the base as -march strings mean it, with Zicsr and Zifencei, without which no
 * privileged program runs; `y` alone is, as `g` would be, everything that meshsim has for a capability base.
 */
const BASES: Readonly<Record<string, readonly Extension[]>> = {
  i: ["I", "Zicsr", "Zifencei"],
  y: [
    ...(["Y", "I", "M", "A", "Zca", "Zba", "Zbb", "Zbs", "Zicsr", "Zifencei"] as const),
    ...(["Zicond", "Zicbom", "Zicboz", "Zicbop"] as const),
  ],
};

/** Extensions by their names in an ISA string, after the base. */
const NAMES = new Map<string, readonly Extension[]>(
  Object.entries({
    m: ["M"],
    a: ["A"],
    c: ["Zca"],
    b: ["Zba", "Zbb", "Zbs"],
    y: ["Y"],
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
    zyhybrid: ["Zyhybrid"],
    svyrg: ["Svyrg"],
    // What every machine has: to name it changes nothing.
    ...{ zicntr: [], zihpm: [], sv39: [], sstc: [], svade: [], svadu: [] },
  } satisfies Record<string, readonly Extension[]>),
);

/**
 * Reads an ISA string: `rv64ima_zicsr_zifencei_zicboz`, `rv64imac`, `rv64y` (everything, in capability mode), `rv64ima_y`,
 * `rv64y_zyhybrid` (which begins with integer pointers).
 * Versions, as in `rv64y0p910`, are read over. Returns the text of a diagnostic where it cannot.
 */
export function parseIsa(isa: string): Isa | string {
  const version = /\d+(p\d+)?(?=[a-z_]|$)/g;
  const [, base = "", letters = "", rest = ""] = /^rv64([a-z])(\w*?)((?:_\w+)*)$/.exec(isa.toLowerCase()) ?? [];
  const first = BASES[base];
  if (first === undefined)
    return `'${isa}': expected rv64 and a base i or y (g has F and D, which are not implemented), as rv64imac`;
  const extensions = new Set<Extension>(["priv", ...first]);
  const names = rest.split("_").filter(Boolean);
  for (const name of [...letters.replace(version, ""), ...names]) {
    const found = NAMES.get(name) ?? NAMES.get(name.replace(version, ""));
    if (found === undefined) return `'${isa}': extension '${name}' is not implemented`;
    for (const e of found) extensions.add(e);
  }
  // A capability base must have Zabhlrsc beside A: bounds keep software from widening the access (#zalrsc_cheri).
  if (extensions.has("Y") && extensions.has("A")) extensions.add("Zabhlrsc");
  for (const name of ["Zylevels1", "Zyhybrid", "Svyrg"] as const)
    if (extensions.has(name) && !extensions.has("Y")) return `'${isa}': ${name} needs the base y`;
  return { extensions, capabilityMode: extensions.has("Y") && !extensions.has("Zyhybrid") };
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

/** How RVY can stand in Zyhybrid: the CHERI Pointer Modes, and disabled by xenvcfg.Y. */
export type PointerMode = "capability" | "integral" | "disabled";

const RVY: readonly (Extension | undefined)[] = ["Y", "Zylevels1", "Zyhybrid"];

/** Which instructions there are in a mode: the rows of #cheri_behavior_cre_mode. On every other hart the mode is "capability". */
function available({ insn, bytes }: Form, extensions: ReadonlySet<Extension>, mode: PointerMode): boolean {
  const withoutRvy = mode === "disabled" || (mode === "integral" && bytes === 2);
  const has = (e: Extension | undefined): boolean =>
    e !== undefined && extensions.has(e) && !(withoutRvy && RVY.includes(e));
  return has(insn.ext) && (insn.with === undefined || has(insn.with)) && !has(insn.without);
}

const selections = new Map<string, readonly Form[]>();

/** The instructions of an ISA string that parseIsa accepts; with Zyhybrid those of one pointer mode, or of any. */
export function instructionsOf(isa: string, mode?: PointerMode): readonly Form[] {
  const key = `${isa} ${mode}`;
  let selection = selections.get(key);
  if (selection === undefined) selections.set(key, (selection = select(known(isa).extensions, mode)));
  return selection;
}

function select(extensions: ReadonlySet<Extension>, mode: PointerMode | undefined): readonly Form[] {
  const modes: readonly PointerMode[] = extensions.has("Zyhybrid") ? ["integral", "capability"] : ["capability"];
  const wanted = mode === undefined ? modes : [mode];
  return FORMS.filter((f) => wanted.some((m) => available(f, extensions, m)));
}

const decoders = new Map<string, Decoder>();

/**
 * The decoder for an ISA string that parseIsa accepts; built once. With Zyhybrid that of one pointer mode; or of any, where
 * an encoding that the modes read differently is what Integral Pointer Mode reads.
 */
export function decoderFor(isa: string, mode?: PointerMode): Decoder {
  const key = `${isa} ${mode}`;
  const found = decoders.get(key) ?? decoder(instructionsOf(isa, mode));
  decoders.set(key, found);
  return found;
}
