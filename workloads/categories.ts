// The categories that cycles are counted in: sections .text.<category> of guest code, in the order of reports.

export interface Category {
  readonly name: string;
  readonly label: string;
  /** Stands for it in a bar. */
  readonly letter: string;
  /** Application work is what the service is there for; the client's own loop is neither; all else is tax. */
  readonly kind: "application" | "tax" | "harness";
}

const category = (name: string, letter: string, kind: Category["kind"], label: string): Category => ({
  name,
  label,
  letter,
  kind,
});

export const CATEGORIES: readonly Category[] = [
  category("compute", "#", "application", "compute"),
  category("application", "A", "application", "service logic, reading"),
  category("marshal", "M", "tax", "marshal"),
  category("unmarshal", "U", "tax", "unmarshal"),
  category("allocate", "L", "tax", "allocate"),
  category("copy", "C", "tax", "copy"),
  category("network", "N", "tax", "sockets"),
  category("trap", "T", "tax", "trap entry and exit"),
  category("schedule", "S", "tax", "schedule and switch"),
  category("crossing", "X", "tax", "crossing and stubs"),
  category("clear", "Z", "tax", "clear registers, stack"),
  category("check", "K", "tax", "check arguments"),
  category("fault", "F", "tax", "fault handling"),
  category("boot", "B", "tax", "boot"),
  category("idle", "I", "tax", "idle"),
  category("harness", "H", "harness", "client loop"),
  category("other", "?", "tax", "uncategorised"),
];

const KINDS: ReadonlyMap<string, Category["kind"]> = new Map(CATEGORIES.map((c) => [c.name, c.kind]));

/** Every cycle that is neither application work nor the client's own. */
export const isTax = (name: string): boolean => (KINDS.get(name) ?? "tax") === "tax";

/** The category that a report shows for one of an image: a name that no report knows is uncategorised. */
export const reportedCategory = (name: string): string => (KINDS.has(name) ? name : "other");
