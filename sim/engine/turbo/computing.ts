// The module of functions that compute transitions, made when the memo has computed so many itself as take as long as its making.
import type { GeneratedTiming } from "../../timing/generated.ts";
import { defineCompute } from "./compute-code.ts";
import { instantiateShared } from "./host.ts";
import type { LinearMemory } from "./linear.ts";
import { defineScripts } from "./script-code.ts";
import { Functions, type Import } from "./terms.ts";
import { encodeModule, I32 } from "./wasm.ts";

/** To make the module takes 3 to 7 ms, and each of the first transitions of a process some 100 us. */
const COMPUTED_BEFORE = 32;

/** As of compute-code.ts and script-code.ts; while there is no module they say that all is left to the memo. */
export const COMPUTING_IMPORTS = [
  { name: "compute", params: [I32, I32], results: [I32] },
  { name: "makeSteps", params: [I32, I32, I32, I32, I32], results: [I32] },
  { name: "makeVariant", params: [I32, I32, I32, I32, I32, I32], results: [I32] },
] as const satisfies readonly Import[];

interface ComputingFunctions {
  readonly compute: (state: number, script: number) => number;
  readonly makeSteps: (at: number, count: number, outcome: number, category: number, counted: number) => number;
  readonly makeVariant: (onTime: number, a: number, b: number, c: number, d: number, e: number) => number;
}

export class Computing implements ComputingFunctions {
  readonly #linear: LinearMemory;
  readonly #timing: Pick<GeneratedTiming, "memo">;
  #made: ComputingFunctions | undefined;

  constructor(linear: LinearMemory, timing: Pick<GeneratedTiming, "memo">) {
    this.#linear = linear;
    this.#timing = timing;
  }

  readonly compute: ComputingFunctions["compute"] = (state, script) => this.#functions?.compute(state, script) ?? 0;
  readonly makeSteps: ComputingFunctions["makeSteps"] = (...asked) => this.#functions?.makeSteps(...asked) ?? -1;
  readonly makeVariant: ComputingFunctions["makeVariant"] = (...asked) => this.#functions?.makeVariant(...asked) ?? -1;

  get #functions(): ComputingFunctions | undefined {
    if (this.#made === undefined && this.#timing.memo.computed >= COMPUTED_BEFORE) this.#made = this.#make();
    return this.#made;
  }

  #make(): ComputingFunctions {
    const { memory, layout } = this.#linear;
    const bytes = computingModule(this.#timing, layout.pages);
    return instantiateShared(bytes, { memory }).exports as unknown as ComputingFunctions;
  }
}

/** Exports `COMPUTING_IMPORTS`. */
export function computingModule(timing: Pick<GeneratedTiming, "memo">, memoryPages: number): Uint8Array<ArrayBuffer> {
  const module = new Functions();
  const scripts = defineScripts(module, timing.memo.computing);
  defineCompute(module, timing, scripts);
  return encodeModule({ imports: [], functions: module.functions, memoryPages });
}
