// Every seeded bug, in the order in which they are tried.
import { CAPABILITY_MUTATIONS } from "./capabilities.ts";
import { EXTENSION_MUTATIONS } from "./extensions.ts";
import { INTEGER_MUTATIONS } from "./integers.ts";
import { KERNEL_MUTATIONS } from "./kernel.ts";
import { MACHINE_MUTATIONS } from "./machine.ts";
import type { Mutation } from "./mutation.ts";
import { TIMING_MUTATIONS } from "./timing.ts";
import { TURBO_MUTATIONS } from "./turbo.ts";

export const MUTATIONS: readonly Mutation[] = [
  ...CAPABILITY_MUTATIONS,
  ...INTEGER_MUTATIONS,
  ...MACHINE_MUTATIONS,
  ...EXTENSION_MUTATIONS,
  ...TURBO_MUTATIONS,
  ...TIMING_MUTATIONS,
  ...KERNEL_MUTATIONS,
];
