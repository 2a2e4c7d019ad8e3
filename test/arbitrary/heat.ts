// When the turbo engine translates code, and whether it interprets it in WebAssembly before: nothing but speed depends on it.
import type { MachineOptions } from "../../sim/machine/machine.ts";
import type { Random } from "./random.ts";

export const randomHeat = (random: Random): Pick<MachineOptions, "translateAfter" | "interpretAfter"> => ({
  translateAfter: random.pick([1, 2, 3, 10]),
  interpretAfter: random.pick([0, 0, Infinity]),
});
