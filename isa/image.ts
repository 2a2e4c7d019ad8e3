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
