// The memory layouts that guest assembly and the host share: stated once, turned into assembler symbols STRUCT_field.

/** What a field holds; `ptr` is as wide as a pointer of the deployment: 8 bytes, or 16 where pointers are capabilities. */
export type FieldKind = "u64" | "ptr";
export type PointerBytes = 8 | 16;

/** Offsets of a struct's fields for one pointer width. */
export interface Layout<Field extends string = string> {
  readonly name: string;
  readonly bytes: number;
  readonly at: Readonly<Record<Field, number>>;
}

/** A struct declared once; `layout(pointerBytes)` gives its offsets. Capabilities are 16-byte aligned. */
export interface Struct<Field extends string = string> {
  readonly name: string;
  layout(pointerBytes: PointerBytes): Layout<Field>;
}

export function struct<const Fields extends Readonly<Record<string, FieldKind>>>(
  name: string,
  fields: Fields,
): Struct<Extract<keyof Fields, string>> {
  type Field = Extract<keyof Fields, string>;
  const made = (pointerBytes: PointerBytes): Layout<Field> => {
    const at: Record<string, number> = {};
    let end = 0;
    for (const [field, kind] of Object.entries(fields)) {
      const width = kind === "ptr" ? pointerBytes : 8;
      end = alignUp(end, width);
      at[field] = end;
      end += width;
    }
    return { name, bytes: alignUp(end, pointerBytes), at: at as Record<Field, number> };
  };
  const layouts = { 8: made(8), 16: made(16) };
  return { name, layout: (pointerBytes) => layouts[pointerBytes] };
}

export const alignUp = (value: number, to: number): number => Math.ceil(value / to) * to;

/** Writes a whole number, not negative, as 64 bits, little-endian, without making a bigint of it. */
export function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true); // takes it modulo 2^32
  view.setUint32(at + 4, value / 2 ** 32, true);
}

/** A service's globals; gp points here while its code runs. */
export const SERVICE = struct("SERVICE", {
  id: "u64",
  plans: "ptr", // PLAN[]
  planCount: "u64",
  imports: "ptr", // IMPORT[]
  results: "ptr", // u64[planCount]: the checksum of the last run of each plan
  workingSet: "ptr", // what the compute loop walks
  workingSetBytes: "u64", // a power of two
  served: "u64", // calls handled
  failures: "u64", // calls made that returned an error
  // The client alone, which plays the load:
  schedule: "ptr", // u64[scheduleCount]: plans to run, in order
  scheduleCount: "u64",
  meter: "ptr", // the meter device
});

/** One callee of a service. */
export const IMPORT = struct("IMPORT", {
  entry: "ptr", // function (monolith) or sealed entry (capability); unused between processes
  globals: "ptr", // the callee's SERVICE (monolith only)
});

/** What a service does for one span of the trace. */
export const PLAN = struct("PLAN", {
  touchBytes: "u64", // how much of the request payload is read
  iterations: "u64", // compute loop
  calls: "ptr", // CALL[]
  callCount: "u64",
  reply: "ptr", // payload of the reply
  fault: "u64", // non-zero: dereference outside every object (fault-containment tests)
});

/** One call of a plan. */
export const CALL = struct("CALL", {
  import: "u64", // index into SERVICE.imports
  plan: "u64", // index into the callee's plans
  request: "ptr", // payload of the request
  touchBytes: "u64", // how much of the reply payload is read
});

/** Request and reply as the application sees them: small objects on the caller's stack that refer to a payload. */
export const REQUEST = struct("REQUEST", { plan: "u64", sequence: "u64", payload: "ptr" });
export const REPLY = struct("REPLY", { status: "u64", checksum: "u64", payload: "ptr" });

/** Per-thread block of a process; tp points here. Only between processes, where messages are bytes. */
export const THREAD = struct("THREAD", {
  connections: "ptr", // u64[imports]: file descriptor by import index
  send: "ptr", // buffer for an encoded message
  sendBytes: "u64",
  receive: "ptr", // received frames: the request being served, above it the reply of its last call
  receiveBytes: "u64",
  arena: "ptr", // decoded objects, in the same order; these three fields are an ARENA
  arenaBytes: "u64",
  arenaUsed: "u64",
  // Where the request being served ends; a thread that only calls leaves them 0:
  receiveMark: "u64",
  arenaMark: "u64",
});

/** Memory from which objects are allocated and never freed singly. */
export const ARENA = struct("ARENA", { base: "ptr", capacity: "u64", used: "u64" });

/** System calls, number in a7; same numbers in both kernels. */
export const SYSTEM_CALLS = {
  exit: 93, // a0 = status; ends the simulation
  poll: 73, // -> a0 = a served descriptor with data, claimed by this thread; blocks
  send: 64, // a0 = descriptor, a1 = bytes, a2 = count -> a0 = count or -ERROR; blocks while the buffer is full
  receive: 63, // a0 = descriptor, a1 = buffer, a2 = most -> a0 = count or -ERROR; blocks while empty
} as const;

/** Negative results of calls and system calls. */
export const ERRORS = {
  fault: 14, // the callee faulted
  reset: 104, // the peer of a stream faulted
  badDescriptor: 9,
  badAddress: 22,
  noStack: 12, // the thread's stack or trusted stack is exhausted
  busy: 16, // another thread is blocked on the descriptor
  badCall: 38, // no such system call, or not this process's right
  unknownPlan: 2, // the request names a plan that the service does not have
  malformed: 74, // a message is not what its schema says
  tooBig: 90, // a message exceeds the buffers that carry it
} as const;

/** Every shared constant as assembler symbols, for one pointer width. */
export function abiSymbols(pointerBytes: PointerBytes): ReadonlyMap<string, number> {
  const symbols = new Map<string, number>([
    ["PTR_BYTES", pointerBytes],
    ["CAPABILITY", pointerBytes === 16 ? 1 : 0],
  ]);
  for (const s of [SERVICE, IMPORT, PLAN, CALL, REQUEST, REPLY, THREAD, ARENA])
    addStruct(symbols, s.layout(pointerBytes));
  for (const [name, number] of Object.entries(SYSTEM_CALLS)) symbols.set(`SYS_${name}`, number);
  for (const [name, number] of Object.entries(ERRORS)) symbols.set(`ERROR_${name}`, number);
  return symbols;
}

/** Adds STRUCT_field offsets and STRUCT_bytes. */
export function addStruct(symbols: Map<string, number>, layout: Layout): void {
  for (const [field, offset] of Object.entries<number>(layout.at)) symbols.set(`${layout.name}_${field}`, offset);
  symbols.set(`${layout.name}_bytes`, layout.bytes);
}
