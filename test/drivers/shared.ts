// Finds material that lies beside the project (real traces, outside vectors); tests skip where it is absent.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = process.env["MESHSIM_SHARED"] ?? fileURLToPath(new URL("../../../shared", import.meta.url));

/** The path of a shared file, or undefined where it is absent. */
export function shared(path: string): string | undefined {
  const full = `${ROOT}/${path}`;
  return existsSync(full) ? full : undefined;
}
