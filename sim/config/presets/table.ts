// The presets there are.
import { cva6v1 } from "./cva6.ts";
import { idealv1 } from "./ideal.ts";
import type { Preset } from "./preset.ts";
import { rocketv1 } from "./rocket.ts";
import { serverv1 } from "./server.ts";
import { u54v1 } from "./u54.ts";

export const PRESETS: readonly Preset[] = [cva6v1, rocketv1, u54v1, serverv1, idealv1];

/**
 * CVA6 is the open application-class core with a published CHERI build: what capabilities cost in it (a 128-bit data path, a
 * capability unit of one cycle, a tag controller below the caches) is read from its source and not supposed.
 */
export const DEFAULT_PRESET = cva6v1.name;
