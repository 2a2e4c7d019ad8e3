// What the assembler and the ELF reader produce and the machine loads: bytes at addresses, symbols, categories.

export interface Segment {
  /** Where the bytes are loaded. */
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Zero-filled up to this size. */
  readonly memoryBytes: number;
  readonly executable: boolean;
  readonly writable: boolean;
}

/** Code of one category: instructions fetched from physical addresses in [start, end) count towards it. */
export interface CategoryRange {
  readonly start: number;
  readonly end: number;
  /** Index into the image's `categories`. */
  readonly category: number;
}

/** A loadable program. The machine knows categories by number only; their names are for reports. */
export interface Image {
  readonly entry: number;
  readonly segments: readonly Segment[];
  readonly symbols: ReadonlyMap<string, number>;
  /** Category names; number 0 is code outside every range. */
  readonly categories: readonly string[];
  readonly ranges: readonly CategoryRange[];
}

export const UNCATEGORISED = "other";

/** The same bytes elsewhere in memory: segments, ranges, symbols and entry shifted. Code that is not position-independent still names the old addresses: that is what a page table is for. */
export function movedImage(image: Image, delta: number): Image {
  return {
    entry: image.entry + delta,
    segments: image.segments.map((s) => ({ ...s, address: s.address + delta })),
    symbols: new Map([...image.symbols].map(([name, address]) => [name, address + delta])),
    categories: image.categories,
    ranges: image.ranges.map((r) => ({ ...r, start: r.start + delta, end: r.end + delta })),
  };
}

/**
 * One image of several, which must not overlap: entered where the first is, categories renumbered by name; of symbols with the
 * same name the first counts.
 */
export function mergeImages(images: readonly Image[]): Image {
  const categories = [UNCATEGORISED];
  const symbols = new Map<string, number>();
  const ranges: CategoryRange[] = [];
  for (const image of images) {
    const numbers = image.categories.map((name) => {
      const known = categories.indexOf(name);
      return known >= 0 ? known : categories.push(name) - 1;
    });
    for (const range of image.ranges) ranges.push({ ...range, category: numbers[range.category] ?? 0 });
    for (const [name, address] of image.symbols) if (!symbols.has(name)) symbols.set(name, address);
  }
  const segments = images.flatMap((i) => i.segments).sort((a, b) => a.address - b.address);
  segments.forEach((s, i) => {
    const next = segments[i + 1];
    if (next === undefined || s.address + s.memoryBytes <= next.address) return;
    throw new Error(`mergeImages: segments at ${s.address.toString(16)} and ${next.address.toString(16)} overlap`);
  });
  return {
    entry: images[0]?.entry ?? 0,
    segments,
    symbols,
    categories,
    ranges: ranges.sort((a, b) => a.start - b.start),
  };
}

/** The buffers that hold an image's bytes and nothing else: those that may be given to another thread. */
export function buffersOf({ segments }: Image): ArrayBuffer[] {
  const whole = segments.filter(({ bytes }) => bytes.byteLength === bytes.buffer.byteLength);
  return [...new Set(whole.map(({ bytes }) => bytes.buffer as ArrayBuffer))];
}
