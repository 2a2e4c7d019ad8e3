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
 * region takes as long as running it for millions of instructions, and much memory. CPU time of the three deployments of the sample run
 * (README.md), each in a process of its own: with 400 million 20.2 s, with 2,000 million 16.2 s, without optimising 16.4 s; longest
 * peak 257, 194 and 190 MB. Kernels over 60 million instructions run as fast with either.
 */
const TIERING_BUDGET_BYTES = 2_000_000_000;
/** V8's own: of functions that serve all regions, which are few and soon much used. */
const SHARED_TIERING_BUDGET_BYTES = 1_800_000;
const setTieringBudget = (bytes: number): void => setFlagsFromString(`--wasm-tiering-budget=${bytes}`);
setTieringBudget(TIERING_BUDGET_BYTES);

/**
 * What V8 14 (Node 26) does by itself, V8 13 in part, and earlier ones when told to. Hints: what is rarely done gets out of line, and
 * registers are not kept in memory for it. Inlining: of small functions where others of their module call them. With both, timed kernels
 * take 7 to 24 % fewer of the host's instructions.
 */
const V8_OPTIONS: readonly { readonly flag: string; readonly versions: readonly string[] }[] = [
  { flag: "--experimental-wasm-branch-hinting", versions: ["11", "12", "13"] },
  { flag: "--experimental-wasm-inlining", versions: ["11", "12"] },
];
const version = process.versions.v8.split(".")[0]!;
for (const { flag, versions } of V8_OPTIONS) if (versions.includes(version)) setFlagsFromString(flag);

/** Compiles and instantiates a module; its imports are those of `env`. */
export function instantiate(
  bytes: Uint8Array<ArrayBuffer>,
  env: Readonly<Record<string, unknown>>,
): WebAssembly.Instance {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
}

/** The same of a module whose functions serve all regions: a module keeps the budget with which it was made. */
export function instantiateShared(...module: Parameters<typeof instantiate>): WebAssembly.Instance {
  setTieringBudget(SHARED_TIERING_BUDGET_BYTES);
  try {
    return instantiate(...module);
  } finally {
    setTieringBudget(TIERING_BUDGET_BYTES);
  }
}
