// The version of this package, from its package.json.
import { readFileSync } from "node:fs";
import { packageRoot } from "../../kernel/package-root.ts";

const manifest = JSON.parse(readFileSync(`${packageRoot()}/package.json`, "utf8")) as { version: string };

export const VERSION: string = manifest.version;
