// The program that measures how fast the compute loop runs once its working set is cached, on the machine at hand.
import type { PointerBytes } from "../kernel/abi.ts";
import { assembleGuest, linkGuest } from "../kernel/image.ts";
import { PLATFORM } from "../kernel/platform.ts";
import type { Image } from "../isa/image.ts";

export interface Calibration {
  readonly image: Image;
  /** Turns of the loop between its two marks on the meter: the second of two passes, the steady one. */
  readonly iterations: number;
}

/** A turn of the loop walks on by two words. */
const BYTES_A_TURN = 16;
/** Enough turns to visit most of the working set, jumps included, more than once. */
const ROUNDS = 4;
const SOURCES = ["kernel/common/pointer.S", "workloads/services/compute.S", "workloads/services/calibrate.S"];

/** The calibration for one pointer form. */
export function calibration(pointerBytes: PointerBytes, workingSetBytes: number): Calibration {
  const iterations = (ROUNDS * workingSetBytes) / BYTES_A_TURN;
  const symbols = new Map([
    ["CALIBRATE_bytes", workingSetBytes],
    ["CALIBRATE_turns", iterations],
  ]);
  const object = assembleGuest(SOURCES, { pointerBytes, symbols });
  return { image: linkGuest([object], { base: PLATFORM.ram, entry: "calibrate_start" }), iterations };
}
