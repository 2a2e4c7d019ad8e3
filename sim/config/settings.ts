// Collects settings of known parameters with where each came from, and complaints about those that are wrong.
import type { Diagnostic } from "../../isa/diagnostic.ts";
import { flatten, isParam, type Param, type ParamGroup, type ParamValue } from "./params.ts";
import { nearest } from "./suggest.ts";

const ORIGINS = ["default", "preset", "file", "--set"] as const;

/** Where a value comes from, weakest first. */
export type Origin = (typeof ORIGINS)[number];

/** A place to complain at. */
export type Place = Pick<Diagnostic, "file" | "line" | "column" | "source">;

export interface Setting {
  readonly key: string;
  readonly value: unknown;
  readonly place: Place;
}

interface Held {
  readonly value: ParamValue;
  readonly origin: Origin;
  readonly place: Place;
}

/** A mistake in one section should not bury the others. */
const MOST_DIAGNOSTICS = 20;

export class Settings {
  readonly diagnostics: Diagnostic[] = [];
  readonly #group: ParamGroup;
  readonly #params: ReadonlyMap<string, Param<ParamValue>>;
  readonly #held = new Map<string, Held>();

  constructor(group: ParamGroup) {
    this.#group = group;
    this.#params = new Map(flatten(group));
    for (const [key, p] of this.#params)
      this.#held.set(key, { value: p.default, origin: "default", place: { file: key } });
  }

  /** Takes a value that fits; complains of one that does not, or of an unknown key. */
  set(setting: Setting, origin: Origin): void {
    const { key, place } = setting;
    const param = this.#params.get(key);
    if (param === undefined) return this.#unknown(key, place);
    const value = param.read(setting.value);
    if (value === undefined) {
      this.complain(place, `${key}: expected ${param.expected}, found ${JSON.stringify(setting.value)}`);
    } else {
      this.#held.set(key, { value, origin, place });
    }
  }

  /** Takes nested values, as a preset states them. */
  setAll(values: object, origin: Origin, place: Place, prefix = ""): void {
    for (const [name, value] of Object.entries(values)) {
      const key = prefix + name;
      if (typeof value === "object" && value !== null) this.setAll(value as object, origin, place, `${key}.`);
      else this.set({ key, value, place }, origin);
    }
  }

  complain(place: Place, message: string, hint?: string): void {
    if (this.diagnostics.length >= MOST_DIAGNOSTICS) return;
    this.diagnostics.push({ ...place, message, ...(hint === undefined ? {} : { hint }) });
  }

  valueOf(key: string): ParamValue {
    return this.#held.get(key)!.value;
  }

  placeOf(key: string): Place {
    return this.#held.get(key)!.place;
  }

  /** Of several parameters, the first of those whose origin is strongest. */
  setLast(keys: readonly string[]): string {
    const strength = (key: string): number => ORIGINS.indexOf(this.#held.get(key)!.origin);
    return keys.reduce((last, key) => (strength(key) > strength(last) ? key : last));
  }

  origins(): { readonly key: string; readonly value: ParamValue; readonly origin: Origin }[] {
    return Array.from(this.#held, ([key, { value, origin }]) => ({ key, value, origin }));
  }

  #unknown(key: string, place: Place): void {
    const { name, siblings, path } = this.#lookUp(key);
    if (name === undefined) {
      const example = `${path}${siblings[0]!}`;
      return this.complain(
        place,
        `${key}: is a section, not a parameter`,
        `it has ${siblings.join(", ")}: set ${example}`,
      );
    }
    const elsewhere = [...this.#params.keys()].filter((k) => k.endsWith(`.${name}`));
    const near = nearest(name, siblings);
    const meant = near === undefined ? (elsewhere[0] ?? nearest(key, [...this.#params.keys()])) : path + near;
    const where = path === "" ? "there are" : `${path.slice(0, -1)} has`;
    const hint = `${meant === undefined ? "" : `did you mean ${meant}? `}${where} ${siblings.join(", ")}`;
    this.complain(place, `${key}: no such parameter`, hint);
  }

  /** Follows a key as far as it is known: the first name that is not, and the names that are known in its place. */
  #lookUp(key: string): { readonly name: string | undefined; readonly siblings: string[]; readonly path: string } {
    let group = this.#group;
    let path = "";
    for (const name of key.split(".")) {
      const node = Object.hasOwn(group, name) ? group[name] : undefined;
      if (node === undefined || isParam(node))
        return { name: node === undefined ? name : key, siblings: Object.keys(group), path };
      group = node;
      path += `${name}.`;
    }
    return { name: undefined, siblings: Object.keys(group), path };
  }
}
