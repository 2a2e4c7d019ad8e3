// The linker: lays out the sections of objects, resolves symbols between them, and makes an image. Cheap enough to run per service.
import type { Diagnostic } from "../diagnostic.ts";
import { UNCATEGORISED, type CategoryRange, type Image, type Segment } from "../image.ts";
import { diagnosticAt, didYouMean, Fault, MAX_DIAGNOSTICS, quoted } from "./fault.ts";
import type { ObjectFile, ObjectSection, ObjectSymbol, Relocation } from "./object.ts";
import { checkData, relocatedWord } from "./relocate.ts";
import { isHidden } from "./symbol.ts";

export interface LinkLayout {
  /** Address of the first section. */
  readonly base: number;
  /** Addresses and constants of names that no object defines. */
  readonly externals?: ReadonlyMap<string, number>;
  /** The symbol where execution begins; `_start` if there is one, else the base. */
  readonly entry?: string;
  /** The address of a section that does not stand in the default order. */
  readonly place?: (section: string) => number | undefined;
  /** Alignment between code, read-only data, data and zeroed data; a page keeps their permissions apart. */
  readonly align?: number;
}

export type Linkage =
  | { readonly kind: "image"; readonly image: Image }
  | { readonly kind: "diagnostics"; readonly diagnostics: readonly Diagnostic[] };

/** A section of one object at its address. */
interface Placed {
  readonly object: ObjectFile;
  readonly section: ObjectSection;
  address: number;
}

/** A segment with bytes; more is a slip, such as zeroes without bytes between code. */
const MAX_SEGMENT_BYTES = 2 ** 28;

/** Order of the groups in memory. */
const GROUPS = ["code", "rodata", "data", "bss"] as const;
type Group = (typeof GROUPS)[number];

function groupOf({ flags }: ObjectSection): Group | undefined {
  if (!flags.alloc) return undefined;
  if (flags.exec) return "code";
  if (!flags.write) return "rodata";
  return flags.nobits ? "bss" : "data";
}

/** Links objects at a base address; sections of one name are joined in the order of the objects. */
export function link(objects: readonly ObjectFile[], layout: LinkLayout): Linkage {
  const linker = new Linker(objects, layout);
  const image = linker.image();
  return linker.diagnostics.length > 0
    ? { kind: "diagnostics", diagnostics: linker.diagnostics }
    : { kind: "image", image };
}

class Linker {
  readonly diagnostics: Diagnostic[] = [];
  private readonly objects: readonly ObjectFile[];
  private readonly layout: LinkLayout;
  private readonly placed = new Map<ObjectSection, Placed>();
  /** Global and weak definitions. */
  private readonly globals = new Map<string, { symbol: ObjectSymbol; address: bigint }>();

  constructor(objects: readonly ObjectFile[], layout: LinkLayout) {
    this.objects = objects;
    this.layout = layout;
  }

  image(): Image {
    const runs = this.placeSections();
    this.defineGlobals();
    const segments = runs.map((run) => this.segment(run)).filter((s) => s.memoryBytes > 0);
    this.checkOverlaps(segments);
    return { entry: this.entry(), segments, symbols: this.symbols(), ...this.categories(runs.flat()) };
  }

  // Layout

  /** Runs of sections that become one segment each. */
  private placeSections(): Placed[][] {
    const runs: Placed[][] = [];
    let cursor = this.layout.base;
    let last: Placed[] | undefined;
    for (const group of GROUPS) {
      let run: Placed[] | undefined =
        group === "bss" && last?.[0] && groupOf(last[0].section) === "data" ? last : undefined;
      const groupAlign = this.layout.align ?? 1;
      let first = true;
      for (const [name, sections] of this.sectionsOf(group)) {
        const place = this.layout.place?.(name);
        let at: number = place ?? (first ? alignUp(cursor, groupAlign) : cursor);
        const target: Placed[] = place === undefined ? (run ??= newRun(runs)) : newRun(runs);
        if (place !== undefined) this.checkAligned(name, place, sections[0]!.section.align);
        for (const { object, section } of sections) {
          at = alignUp(at, section.align);
          const placed = { object, section, address: at };
          this.placed.set(section, placed);
          target.push(placed);
          at += section.size;
        }
        if (place === undefined) [cursor, first] = [at, false];
      }
      last = run;
    }
    return runs;
  }

  private checkAligned(name: string, address: number, align: number): void {
    if (address % align === 0) return;
    const message = `section ${name} is placed at 0x${address.toString(16)}, and is to be aligned to ${align}`;
    this.diagnostics.push({ file: "<link>", message });
  }

  /** The sections of a group by name, in order of appearance; the assembler begins each object with `.text`. */
  private sectionsOf(group: Group): [string, { object: ObjectFile; section: ObjectSection }[]][] {
    const byName = new Map<string, { object: ObjectFile; section: ObjectSection }[]>();
    for (const object of this.objects) {
      for (const section of object.sections) {
        if (groupOf(section) !== group) continue;
        const list = byName.get(section.name) ?? [];
        list.push({ object, section });
        byName.set(section.name, list);
      }
    }
    return [...byName];
  }

  private segment(run: readonly Placed[]): Segment {
    const address = run[0]!.address;
    const end = Math.max(...run.map((p) => p.address + p.section.size));
    const initialised = run.filter((p) => !p.section.flags.nobits && p.section.size > 0);
    const bytesEnd = Math.max(address, ...initialised.map((p) => p.address + p.section.size));
    if (bytesEnd - address > MAX_SEGMENT_BYTES) {
      const message = `the segment at 0x${address.toString(16)} would have ${bytesEnd - address} bytes`;
      this.diagnostics.push({ file: "<link>", message });
      return { address, bytes: new Uint8Array(0), memoryBytes: 0, executable: false, writable: false };
    }
    const bytes = new Uint8Array(bytesEnd - address);
    const view = new DataView(bytes.buffer);
    for (const placed of initialised) {
      const at = placed.address - address;
      bytes.set(placed.section.bytes, at);
      for (const relocation of placed.section.relocations) this.relocate(placed, relocation, view, at);
    }
    const { flags } = run[0]!.section;
    return { address, bytes, memoryBytes: end - address, executable: flags.exec, writable: flags.write };
  }

  private checkOverlaps(segments: readonly Segment[]): void {
    const sorted = [...segments].sort((a, b) => a.address - b.address);
    sorted.forEach((segment, i) => {
      const next = sorted[i + 1];
      if (next === undefined || segment.address + segment.memoryBytes <= next.address) return;
      const [a, b] = [segment, next].map((s) => `0x${s.address.toString(16)} (${s.memoryBytes} bytes)`);
      this.diagnostics.push({ file: "<link>", message: `segments overlap: at ${a} and at ${b}` });
    });
  }

  // Symbols

  private defineGlobals(): void {
    for (const object of this.objects) {
      for (const symbol of object.symbols) {
        if (!symbol.defined || symbol.binding === "local") continue;
        const known = this.globals.get(symbol.name);
        if (known === undefined || (known.symbol.binding === "weak" && symbol.binding === "global")) {
          this.globals.set(symbol.name, { symbol, address: this.addressIn(object, symbol) });
        } else if (symbol.binding === "global" && known.symbol.binding === "global") {
          const { place } = known.symbol;
          const first = place ? ` at ${place.statement.file}:${place.statement.line}` : "";
          this.fault(
            new Fault(`symbol ${quoted(symbol.name)} is defined twice: also${first}`, { place: symbol.place }),
          );
        }
      }
    }
  }

  private addressIn(object: ObjectFile, symbol: ObjectSymbol): bigint {
    if (symbol.section === undefined) return symbol.value;
    return BigInt(this.placed.get(object.sections[symbol.section]!)?.address ?? 0) + symbol.value;
  }

  private address(object: ObjectFile, symbol: ObjectSymbol): bigint {
    if (symbol.defined && symbol.binding !== "weak") return this.addressIn(object, symbol);
    const found = this.globals.get(symbol.name);
    if (found) return found.address;
    const external = this.layout.externals?.get(symbol.name);
    if (external !== undefined) return BigInt(external);
    if (symbol.binding === "weak") return 0n;
    throw new Fault(`undefined symbol ${quoted(symbol.name)}`, {
      hint: didYouMean(symbol.name, [...this.globals.keys(), ...(this.layout.externals?.keys() ?? [])]),
    });
  }

  private entry(): number {
    const name = this.layout.entry ?? "_start";
    const address = this.lookup(name);
    if (address !== undefined) return Number(address);
    if (this.layout.entry !== undefined) {
      const hint = didYouMean(name, this.globals.keys());
      const message = `entry symbol ${quoted(name)} is not defined`;
      this.diagnostics.push({ file: "<link>", message, ...(hint === undefined ? {} : { hint }) });
    }
    return this.layout.base;
  }

  private lookup(name: string): bigint | undefined {
    const global = this.globals.get(name);
    if (global) return global.address;
    for (const object of this.objects) {
      const local = object.symbols.find((s) => s.defined && s.name === name);
      if (local) return this.addressIn(object, local);
    }
    return undefined;
  }

  /** Globals, and local symbols whose name is free: they are for people who read reports. */
  private symbols(): Map<string, number> {
    const symbols = new Map<string, number>();
    for (const [name, { address }] of this.globals) symbols.set(name, Number(address));
    for (const object of this.objects) {
      for (const symbol of object.symbols) {
        if (symbol.section === undefined || isHidden(symbol.name) || symbols.has(symbol.name)) continue;
        symbols.set(symbol.name, Number(this.addressIn(object, symbol)));
      }
    }
    return symbols;
  }

  // Relocations

  private relocate(placed: Placed, relocation: Relocation, view: DataView, sectionAt: number): void {
    try {
      const { kind, form, bytes, offset } = relocation;
      const value = this.value(placed, relocation);
      if (form) {
        const at = sectionAt + offset;
        const old = form.bytes === 4 ? view.getUint32(at, true) : view.getUint16(at, true);
        const word = relocatedWord(kind, form, old, value);
        if (form.bytes === 4) view.setUint32(at, word, true);
        else view.setUint16(at, word, true);
      } else {
        checkData(value, bytes);
        let rest = BigInt.asUintN(64, value);
        for (let i = 0; i < bytes; i += 1, rest >>= 8n) view.setUint8(sectionAt + offset + i, Number(rest & 0xffn));
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (relocation.kind !== "pcrel_lo") this.fault(error, placed, relocation); // its upper part has told already
    }
  }

  private value({ object, address }: Placed, { kind, plus, minus, addend, offset, high }: Relocation): bigint {
    const target = addend + (plus ? this.address(object, plus) : 0n) - (minus ? this.address(object, minus) : 0n);
    if (kind === "pcrel" || kind === "pcrel_hi") return target - BigInt(address + offset);
    return kind === "pcrel_lo" ? target - BigInt(address + high) : target;
  }

  private fault(fault: Fault, placed?: Placed, relocation?: Relocation): void {
    if (this.diagnostics.length >= MAX_DIAGNOSTICS) return;
    const place = fault.place ?? relocation?.place;
    if (place !== undefined) {
      this.diagnostics.push(diagnosticAt(place, fault.message, fault.hint));
      return;
    }
    const where = placed && relocation ? ` (${placed.section.name}+0x${relocation.offset.toString(16)})` : "";
    const message = fault.message + where;
    const hint = fault.hint === undefined ? {} : { hint: fault.hint };
    this.diagnostics.push({ file: placed?.object.file ?? "<link>", message, ...hint });
  }

  // Categories

  /** `.text.marshal` counts as marshal, plain code as uncategorised. */
  private categories(placed: readonly Placed[]): Pick<Image, "categories" | "ranges"> {
    const categories: string[] = [UNCATEGORISED];
    const ranges: CategoryRange[] = [];
    let lastName: string | undefined;
    for (const { section, address } of placed) {
      const [, name] = /^\.text\.(.+)$/.exec(section.name) ?? [];
      if (name === undefined || section.size === 0) continue;
      let category = categories.indexOf(name);
      if (category < 0) category = categories.push(name) - 1;
      const last = ranges.at(-1);
      const end = address + section.size;
      // Padding between the joined sections of several objects belongs to their category.
      if (last && section.name === lastName) ranges[ranges.length - 1] = { ...last, end };
      else ranges.push({ start: address, end, category });
      lastName = section.name;
    }
    return { categories, ranges: ranges.sort((a, b) => a.start - b.start) };
  }
}

function newRun(runs: Placed[][]): Placed[] {
  const run: Placed[] = [];
  runs.push(run);
  return run;
}

const alignUp = (value: number, to: number): number => Math.ceil(value / to) * to;
