// What this engine uses of the host's WebAssembly, as types: the library of ES2023 does not know it.
import { setFlagsFromString } from "node:v8";

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace WebAssembly {
    class Memory {
      constructor(descriptor: { initial: number; maximum: number });
      readonly buffer: ArrayBuffer;
    }
    class Table {
      constructor(descriptor: { element: "anyfunc"; initial: number });
      set(index: number, value: unknown): void;
    }
    class Module {
      constructor(bytes: Uint8Array<ArrayBuffer>);
    }
    class Instance {
      constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
      readonly exports: Readonly<Record<string, unknown>>;
    }
  }
}

/**
 * V8 compiles a function quickly at first, and again with optimisation when it has gone back over so many bytes of its code. Optimising a
 * region takes as long as running it for millions of instructions, and much memory. Of the CPU time of six C programs over their first 34
 * million instructions, 500 million take a fifth less than 2,000 million, and 250 million as much; to sessions, which limit the size of what
 * is optimised (sim/pool.ts), it makes no difference.
 */
const REGION_BUDGET_BYTES = 500_000_000;
/**
 * Of functions that serve all regions, which are few and soon much used. The first 4 million instructions of a parser take 401 ms of CPU time
 * with V8's own 1.8 million and 346 ms with 16, and end no later; the interpreter alone, and 20 and 60 million instructions of eight C
 * programs, take as long with either.
 */
const SHARED_BUDGET_BYTES = 16_000_000;
const V8_OPTIONS = [
  // Where a module is made not to be optimised while it runs, nor is it at its first call.
  "--no-wasm-tier-up",
  // V8's own, said because a thread may have changed it.
  inlinedInto(920),
];

/** Bytes of bytecode that V8 inlines into one function of JavaScript when it optimises it. */
export function inlinedInto(bytes: number): string {
  return `--max-inlined-bytecode-size-cumulative=${bytes}`;
}

/** How the threads of a process make their modules. Survives structured cloning. */
export interface ModuleMaking {
  /** V8 optimises no region whose module has more bytes. */
  readonly mostOptimisedBytes: number;
  /** A word that is not 0 while a thread makes a module. */
  readonly turn: SharedArrayBuffer;
}

let mostOptimisedBytes = Infinity;
let turn = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** For the modules that this thread makes from now on. */
export function makeModules(making: ModuleMaking): void {
  mostOptimisedBytes = making.mostOptimisedBytes;
  turn = new Int32Array(making.turn);
}

/**
 * What V8 14 (Node 26) does by itself, V8 13 in part, and earlier ones when told to. Hints: what is rarely done gets out of line, and
 * registers are not kept in memory for it. Inlining: of small functions where others of their module call them. With both, timed kernels
 * take 7 to 24 % fewer of the host's instructions. Stack checks, at each function and each turn of a loop, are left out by no version unless
 * told to: functions here call one another a few deep, and are left for JavaScript, which sees to interrupts, every million instructions.
 * Without them, timed kernels are 1 to 5 % faster. JavaScript is optimised when it was executed so many times, in bytes of its bytecode, in
 * threads that take the time of this one where there are few cores: V8 11's own 67,584 are soon over where code is translated, 150 functions
 * in the first tenths of a second. Later versions compile it quickly first, and have no such option.
 */
const OPTIONS_OF_VERSIONS: readonly { readonly flag: string; readonly versions: readonly string[] }[] = [
  { flag: "--experimental-wasm-branch-hinting", versions: ["11", "12", "13"] },
  { flag: "--experimental-wasm-inlining", versions: ["11", "12"] },
  { flag: "--no-wasm-stack-checks", versions: ["11", "12", "13"] },
  { flag: "--interrupt-budget=500000", versions: ["11"] },
];

/**
 * As threads have them until they change some for all (`make`, sim/worker.ts): V8's options are those of the process. What it has compiled with
 * others it does not take from a code cache (sim/packed-code.ts). A thread that begins while another makes a module may have that optimised
 * otherwise, which takes time but changes no result.
 */
export function setV8Options(): void {
  const version = process.versions.v8.split(".")[0]!;
  const ofVersion = OPTIONS_OF_VERSIONS.filter(({ versions }) => versions.includes(version)).map(({ flag }) => flag);
  for (const flag of [...V8_OPTIONS, ...ofVersion, ...makingOptions(true, SHARED_BUDGET_BYTES)])
    setFlagsFromString(flag);
}

/** For modules that are made from now on. */
const makingOptions = (optimised: boolean, budgetBytes: number): readonly string[] => [
  optimised ? "--wasm-dynamic-tiering" : "--no-wasm-dynamic-tiering",
  `--wasm-tiering-budget=${budgetBytes}`,
];

setV8Options();

type Imports = Readonly<Record<string, unknown>>;

/** Compiles and instantiates the module of a region; its imports are those of `env`. */
export function instantiate(bytes: Uint8Array<ArrayBuffer>, env: Imports): WebAssembly.Instance {
  return make(bytes, env, bytes.length <= mostOptimisedBytes, REGION_BUDGET_BYTES);
}

/** The same of a module whose functions serve all regions. */
export function instantiateShared(bytes: Uint8Array<ArrayBuffer>, env: Imports): WebAssembly.Instance {
  return make(bytes, env, true, SHARED_BUDGET_BYTES);
}

const FREE = 0;
const TAKEN = 1;

/** A module keeps the options with which it was made, and V8's options are those of the process: threads take turns. */
function make(
  bytes: Uint8Array<ArrayBuffer>,
  env: Imports,
  optimised: boolean,
  budgetBytes: number,
): WebAssembly.Instance {
  while (Atomics.compareExchange(turn, 0, FREE, TAKEN) !== FREE) Atomics.wait(turn, 0, TAKEN);
  try {
    for (const flag of makingOptions(optimised, budgetBytes)) setFlagsFromString(flag);
    return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
  } finally {
    Atomics.store(turn, 0, FREE);
    Atomics.notify(turn, 0, 1);
  }
}
