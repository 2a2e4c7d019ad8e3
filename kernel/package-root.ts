// Where this package lies, for what it reads of its own at run time: guest sources, its version.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The package's folder: this file runs from the sources or from dist/, which mirrors their tree. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("no package.json above the running code");
    folder = parent;
  }
  return folder;
}
