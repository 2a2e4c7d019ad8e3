// Lays out the process kernel's objects in its memory and fills them in, as its boot finds them.
import { alignUp, type Struct } from "../abi.ts";
import { PRIVILEGED } from "../platform.ts";
import type { Mapping, Process, ProcessManifest, ProcessThread } from "./manifest.ts";
import {
  END,
  KERNEL,
  KERNEL_OFFSET,
  LIMITS,
  LINE_BYTES,
  MAPPING,
  OBJECTS_AT,
  PROCESS,
  RINGS_AT,
  TCB,
} from "./objects.ts";

const { PAGE_bytes: PAGE_BYTES, MEGAPAGE_bytes: MEGAPAGE_BYTES, GIGAPAGE_BIT } = PRIVILEGED;

export interface Objects {
  /** Physical address of KERNEL. */
  readonly kernel: number;
  /** What lies from OBJECTS_AT on. */
  readonly bytes: Uint8Array;
}

/** Places every object, then fills them in: they point to each other. */
export function layOut(manifest: ProcessManifest): Objects {
  const { processes, streams } = manifest;
  const memory = new KernelMemory(OBJECTS_AT, RINGS_AT);
  const kernel = memory.take(KERNEL, 1);
  const processAt = processes.map(() => memory.take(PROCESS, 1));
  const threads = inOrderOfStart(processes);
  const threadAt = threads.map(() => memory.take(TCB, 1));
  const endAt = streams.map(() => ({ client: memory.take(END, 1), server: memory.take(END, 1) }));
  const descriptorsAt = processes.map(() => memory.reserve(8 * LIMITS.DESCRIPTORS_max, LINE_BYTES));
  const mappingsAt = processes.map((p) => memory.take(MAPPING, p.maps.length));
  const objectsEnd = memory.end;
  const tables = memory.reserve(PAGE_BYTES * pageTables(processes), PAGE_BYTES);
  memory.put(KERNEL, kernel, {
    runTail: pointer(kernel + KERNEL.layout(8).at.runHead),
    tickCycles: manifest.tickCycles,
    clientProcess: pointer(processAt.at(-1)!),
    processes: pointer(processAt[0]!),
    processCount: processes.length,
    threads: pointer(threadAt[0]!),
    threadCount: threads.length,
    pageTables: pointer(tables),
    pageTablesEnd: pointer(memory.end),
  });
  processes.forEach((p, i) => {
    const at = processAt[i]!;
    memory.put(PROCESS, at, {
      readyTail: pointer(at + PROCESS.layout(8).at.ready),
      descriptors: pointer(descriptorsAt[i]!),
      mappings: pointer(mappingsAt[i]!),
      mappingCount: p.maps.length,
      index: i,
    });
    p.maps.forEach((m, j) => {
      const { virt, phys, bytes: length } = m;
      memory.put(MAPPING, mappingsAt[i]! + j * MAPPING.layout(8).bytes, { virt, phys, length, flags: leafFlags(m) });
    });
  });
  threads.forEach(({ process, thread: { entry, stackTop, globals, local } }, i) => {
    const owner = { process: pointer(processAt[process]!), descriptors: pointer(descriptorsAt[process]!) };
    memory.put(TCB, threadAt[i]!, { ...owner, entry, stackTop, globals, local });
  });
  let ring = RINGS_AT;
  streams.forEach((s, i) => {
    for (const [side, other] of SIDES) {
      const { process, descriptor } = s[side];
      const at = endAt[i]![side];
      memory.put(END, at, {
        ring: pointer(ring),
        ringBytes: s.bufferBytes,
        announce: side === "server" ? 1 : 0,
        peer: pointer(endAt[i]![other]),
        process: pointer(processAt[process]!),
        descriptor,
      });
      memory.u64(descriptorsAt[process]! + 8 * descriptor, pointer(at));
      ring += s.bufferBytes;
    }
  });
  return { kernel, bytes: memory.contents(objectsEnd) };
}

const SIDES = [
  ["client", "server"],
  ["server", "client"],
] as const;

/** Threads in the order in which they first run: the client's, then those of the other processes. */
function inOrderOfStart(processes: readonly Process[]): { process: number; thread: ProcessThread }[] {
  const client = processes.length - 1;
  const order = [client, ...processes.keys()].slice(0, processes.length);
  return order.flatMap((process) => processes[process]!.threads.map((thread) => ({ process, thread })));
}

/** Where the kernel sees a physical address. */
const pointer = (phys: number): number => phys + KERNEL_OFFSET;

/** Accessed and dirty are set from the start: the kernel does not page. */
function leafFlags(m: Mapping): number {
  const { PTE_V, PTE_R, PTE_W, PTE_X, PTE_U, PTE_A, PTE_D } = PRIVILEGED;
  return PTE_V | PTE_U | PTE_A | PTE_D | (m.read ? PTE_R : 0) | (m.write ? PTE_W : 0) | (m.execute ? PTE_X : 0);
}

/** Tables that boot.S builds: a root for each process, and those below it that its mappings need. */
export function pageTables(processes: readonly Process[]): number {
  let count = 0;
  for (const p of processes) {
    const middle = new Set<number>();
    const lowest = new Set<number>();
    for (const m of p.maps) {
      for (let done = 0; done < m.bytes;) {
        const virt = m.virt + done;
        const mega = [virt, m.phys + done].every((a) => a % MEGAPAGE_BYTES === 0) && m.bytes - done >= MEGAPAGE_BYTES;
        middle.add(Math.floor(virt / 2 ** GIGAPAGE_BIT));
        if (!mega) lowest.add(Math.floor(virt / MEGAPAGE_BYTES));
        done += mega ? MEGAPAGE_BYTES : PAGE_BYTES;
      }
    }
    count += 1 + middle.size + lowest.size;
  }
  return count;
}

/** Kernel memory as the host fills it, at physical addresses. */
class KernelMemory {
  readonly #base: number;
  readonly #limit: number;
  readonly #words = new Map<number, number>();
  end: number;

  constructor(base: number, limit: number) {
    this.#base = base;
    this.#limit = limit;
    this.end = base;
  }

  /** Room for an array of structs; those that have a stride begin on a cache line. */
  take(s: Struct, count: number): number {
    return this.reserve(count * s.layout(8).bytes, LINE_BYTES);
  }

  reserve(bytes: number, align: number): number {
    const at = alignUp(this.end, align);
    this.end = at + bytes;
    if (this.end > this.#limit) {
      throw new Error(
        `process kernel: its objects and page tables need more than the ${this.#limit - this.#base} bytes there are`,
      );
    }
    return at;
  }

  put<Field extends string>(s: Struct<Field>, at: number, values: Partial<Record<Field, number>>): void {
    const layout = s.layout(8);
    for (const [field, value] of Object.entries<number | undefined>(values)) {
      this.u64(at + layout.at[field as Field], value ?? 0);
    }
  }

  u64(at: number, value: number): void {
    this.#words.set(at, value);
  }

  /** The bytes up to an address. */
  contents(end: number): Uint8Array {
    const bytes = new Uint8Array(end - this.#base);
    const view = new DataView(bytes.buffer);
    for (const [at, value] of this.#words) view.setBigInt64(at - this.#base, BigInt(value), true);
    return bytes;
  }
}
