// Where the kernel's parts lie in memory: fixed places first, then what grows with the thread's stack, then compartments.
import { alignUp } from "../abi.ts";
import { exactRegion, regionEnd, type Region } from "../layout.ts";
import { PLATFORM } from "../platform.ts";
import { CONTEXT, COMPARTMENT, FAULT, FAULT_LOG_ENTRIES, KERNEL, ENTRY } from "./objects.ts";

/** Each part begins a megapage of its own, so that pages have one set of permissions. */
const MEGAPAGE_BYTES = 0x20_0000;
const PAGE_BYTES = 0x1000;
/** A word that counts the faults of one compartment. */
const FAULT_COUNT_BYTES = 8;

/** Firmware and kernel code. */
const KERNEL_TEXT: Region = { base: PLATFORM.ram, bytes: 0x1_0000 };
const KERNEL_DATA_BASE = KERNEL_TEXT.base + MEGAPAGE_BYTES;
const SWITCHER_BASE = KERNEL_DATA_BASE + MEGAPAGE_BYTES;
const STACKS_BASE = SWITCHER_BASE + MEGAPAGE_BYTES;
/** Code of the switcher beside the ENTRYs. */
const SWITCHER_CODE_BYTES = 0x1000;

/** Registers that can be granted to compartments lie here, the finisher excepted. */
const DEVICES: Region = { base: 0, bytes: MEGAPAGE_BYTES };

/** The finisher's one register. */
const FINISHER_BYTES = 4;

/** One page table: entries of one level. */
type Table = "root" | "devices" | "grants" | "ram";

export interface SasosRegions {
  readonly kernelText: Region;
  readonly kernelData: Region;
  readonly switcher: Region;
  readonly devices: Region;
  readonly trustedStack: Region;
  readonly stack: Region;
  /** All of memory that compartments may have. */
  readonly user: Region;
  /** The manifest's tables, above the compartments: read by the loader, not mapped afterwards. */
  readonly tables: Region;
  /** In kernel data. */
  readonly pages: Readonly<Record<Table, number>>;
  readonly kernel: number;
  readonly context: number;
  readonly faultLog: number;
  readonly faultCounts: number;
}

/** The trusted stack is as long as the stack, at least a page: a FRAME for each 256 bytes that callees declare. */
function stackRegions(threadStackBytes: number): { trustedStack: Region; stack: Region } {
  const bytes = Math.max(PAGE_BYTES, threadStackBytes);
  const trustedStack = exactRegion(STACKS_BASE, bytes);
  return { trustedStack, stack: exactRegion(regionEnd(trustedStack), alignUp(threadStackBytes, 64)) };
}

/** The first address that compartments may use. */
export function sasosFreeBase({ threadStackBytes }: { readonly threadStackBytes: number }): number {
  return alignUp(regionEnd(stackRegions(threadStackBytes).stack), MEGAPAGE_BYTES);
}

export interface RegionsOptions {
  readonly compartments: number;
  readonly threadStackBytes: number;
  /** End of the highest region of a compartment. */
  readonly userEnd: number;
  readonly tableBytes: number;
}

export function sasosRegions(o: RegionsOptions): SasosRegions {
  const userBase = sasosFreeBase(o);
  const user = exactRegion(userBase, alignUp(Math.max(o.userEnd, userBase + 1) - userBase, MEGAPAGE_BYTES));
  const pages = {} as Record<Table, number>;
  let next = KERNEL_DATA_BASE;
  const take = (bytes: number): number => {
    const at = next;
    next = alignUp(at + bytes, 64);
    return at;
  };
  for (const table of ["root", "devices", "grants", "ram"] as const) pages[table] = take(PAGE_BYTES);
  const kernel = take(KERNEL.layout(16).bytes);
  const context = take(CONTEXT.layout(16).bytes);
  const faultLog = take(FAULT_LOG_ENTRIES * FAULT.layout(16).bytes);
  const faultCounts = take(o.compartments * FAULT_COUNT_BYTES);
  const kernelData = exactRegion(KERNEL_DATA_BASE, next - KERNEL_DATA_BASE);
  const switcher = exactRegion(SWITCHER_BASE, SWITCHER_CODE_BYTES + o.compartments * ENTRY.layout(16).bytes);
  const tables = exactRegion(regionEnd(user), Math.max(o.tableBytes, COMPARTMENT.layout(16).bytes));
  for (const part of [kernelData, switcher]) {
    if (part.bytes > MEGAPAGE_BYTES)
      throw new Error(`${o.compartments} compartments do not fit the kernel's megapages`);
  }
  return {
    ...{ kernelText: KERNEL_TEXT, kernelData, switcher, devices: DEVICES, ...stackRegions(o.threadStackBytes) },
    ...{ user, tables, pages, kernel, context, faultLog, faultCounts },
  };
}

/** The regions and places as assembler symbols. */
export function regionSymbols(r: SasosRegions): ReadonlyMap<string, number> {
  const symbols = new Map<string, number>();
  const region = (name: string, { base, bytes }: Region): void => {
    symbols.set(`${name}_base`, base);
    symbols.set(`${name}_bytes`, bytes);
  };
  region("KERNEL_TEXT", r.kernelText);
  region("KERNEL_DATA", r.kernelData);
  region("SWITCHER", r.switcher);
  region("DEVICES", r.devices);
  symbols.set("FINISHER_bytes", FINISHER_BYTES);
  region("TRUSTED_STACK", r.trustedStack);
  region("STACK", r.stack);
  region("STACKS", { base: r.trustedStack.base, bytes: regionEnd(r.stack) - r.trustedStack.base });
  region("USER", r.user);
  region("TABLES", r.tables);
  for (const [table, at] of Object.entries(r.pages)) symbols.set(`PAGES_${table}`, at);
  symbols.set("KERNEL_base", r.kernel);
  symbols.set("CONTEXT_base", r.context);
  symbols.set("FAULT_LOG_base", r.faultLog);
  symbols.set("FAULT_COUNTS_base", r.faultCounts);
  symbols.set("FAULT_COUNT_BIT", Math.log2(FAULT_COUNT_BYTES));
  return symbols;
}
