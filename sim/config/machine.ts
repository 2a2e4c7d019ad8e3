// The simulated machine: its parameters, and how a preset, a file and single settings make one configuration.
import type { Diagnostic } from "../../isa/diagnostic.ts";
import { arrayParams, cacheParams } from "../timing/cache.ts";
import { dramParams } from "../timing/dram.ts";
import { frontendParams } from "../timing/frontend.ts";
import { issueParams } from "../timing/pairing.ts";
import { prefetchParams } from "../timing/prefetcher.ts";
import { predictorParams } from "../timing/predictor/predictor.ts";
import { scoreboardParams } from "../timing/scoreboard.ts";
import { storeBufferParams } from "../timing/storebuffer.ts";
import { tagCacheParams } from "../timing/tag-cache.ts";
import { l2TlbParams, tlbParams } from "../timing/tlb.ts";
import { walkerParams } from "../timing/walker.ts";
import { misfits } from "./checks.ts";
import { bytes, cycles, flag, megahertz, nest, valueOfText, type ConfigOf, type ParamValue } from "./params.ts";
import { DEFAULT_PRESET, PRESETS } from "./presets/table.ts";
import { readSettings } from "./read.ts";
import { Settings, type Origin, type Setting } from "./settings.ts";
import { nearest } from "./suggest.ts";

export const machineParams = {
  clockMhz: megahertz(1000, "Core clock; times in nanoseconds are scaled by it"),
  ramBytes: bytes(256 * 2 ** 20, "Main memory, whole 4 KiB pages", { min: 2 ** 16, max: 2 ** 32 }),
  frontend: frontendParams,
  predictor: predictorParams,
  issue: issueParams,
  scoreboard: scoreboardParams,
  storeBuffer: storeBufferParams,
  l1i: { ...arrayParams, ...prefetchParams },
  l1d: {
    ...cacheParams,
    portBytes: bytes(8, "Width of the data port; a wider access takes it for several cycles", {
      min: 8,
      max: 64,
      powerOfTwo: true,
    }),
  },
  l2: cacheParams,
  llc: { present: flag(false, "A last-level cache lies behind the L2"), ...cacheParams },
  tagCache: tagCacheParams,
  dram: dramParams,
  itlb: tlbParams,
  dtlb: tlbParams,
  l2tlb: l2TlbParams,
  walker: walkerParams,
  bus: { deviceCycles: cycles(20, "Access to a device, there and back", { max: 100_000 }) },
};

/** A machine, every value given. Plain data. */
export type MachineConfig = ConfigOf<typeof machineParams>;

export interface ResolvedMachine {
  readonly kind: "machine";
  /** The preset on which it builds. */
  readonly name: string;
  readonly config: MachineConfig;
  /** Every parameter, in declaration order. */
  readonly origins: readonly { readonly key: string; readonly value: ParamValue; readonly origin: Origin }[];
  /** 12 hex digits: see `configHash`. */
  readonly hash: string;
}

export interface MachineRequest {
  /** A preset's name; where absent, the one that the file names, else the default. */
  readonly preset?: string;
  /** A configuration file: JSON with comments, sections as objects; `preset` names what it builds on. */
  readonly file?: { readonly name: string; readonly text: string };
  /** `key=value`; later ones win. */
  readonly sets?: readonly string[];
}

export type MachineResolution =
  ResolvedMachine | { readonly kind: "diagnostics"; readonly diagnostics: readonly Diagnostic[] };

/** Resolves a machine: a parameter's default < preset < file < --set. */
export function resolveMachine(request: MachineRequest): MachineResolution {
  const settings = new Settings(machineParams);
  const file = request.file === undefined ? [] : readSettings(request.file, settings);
  const named = request.preset === undefined ? file.find((s) => s.key === "preset") : undefined;
  const name = request.preset ?? named?.value ?? DEFAULT_PRESET;
  const preset = PRESETS.find((p) => p.name === name);
  if (preset === undefined) complainOfPreset(settings, name, named);
  else settings.setAll(preset.values, "preset", { file: preset.name });
  for (const s of file) if (s.key !== "preset") settings.set(s, "file");
  for (const text of request.sets ?? []) {
    const place = { file: `--set ${text}` };
    const [, key, value] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    if (key === undefined || value === undefined)
      settings.complain(place, "expected key=value", "as in --set l1d.ways=4");
    else settings.set({ key, value: valueOfText(value), place }, "--set");
  }
  if (settings.diagnostics.length === 0) {
    const config = nest(machineParams, (key) => settings.valueOf(key));
    const bad = misfits(config);
    if (bad.length === 0) return described(String(name), config, settings.origins());
    for (const m of bad) {
      const key = settings.setLast(m.keys);
      settings.complain(settings.placeOf(key), `${key}: ${m.message}`, m.hint);
    }
  }
  return { kind: "diagnostics", diagnostics: settings.diagnostics };
}

/**
 * The hash of a configuration: of what it says, not of how it came to be. It is the beginning of the SHA-256 of the
 * configuration as JSON with sorted keys and no spaces (`jq -cjS . | sha256sum`).
 */
export function configHash(config: object): string {
  // Loaded here: most programs never ask, and it takes Node 10 ms.
  const { createHash } = process.getBuiltinModule("node:crypto");
  return createHash("sha256")
    .update(JSON.stringify(sortKeys(config)))
    .digest("hex")
    .slice(0, 12);
}

function described(name: string, config: MachineConfig, origins: ResolvedMachine["origins"]): ResolvedMachine {
  return {
    ...{ kind: "machine", name, config, origins },
    get hash() {
      return configHash(config);
    },
  };
}

function complainOfPreset(settings: Settings, name: unknown, named: Setting | undefined): void {
  const names = PRESETS.map((p) => p.name);
  const near = nearest(String(name), names);
  const hint = `${near === undefined ? "" : `did you mean ${near}? `}presets: ${names.join(", ")}`;
  settings.complain(named?.place ?? { file: "--machine" }, `no preset is called '${String(name)}'`, hint);
}

function sortKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, v]) => [key, sortKeys(v)]));
}
