// What a thread of the packed command line begins with: the file of its name has its code (rolldown.config.js).
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { runPacked } from "../packed-code.ts";

const file = fileURLToPath(import.meta.url).replace(/[^.]+$/, "cjs");
// Node maps stack traces to sources in what it loads itself.
if (process.sourceMapsEnabled) createRequire(file)(file);
else runPacked(file);
