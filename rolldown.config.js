// How the command line is packed (`npm run build`): the code of each kind of thread becomes one file, which Node loads faster than modules.
import { chmodSync } from "node:fs";
import { defineConfig } from "rolldown";

const THREADS = { main: "sim/cli/main.ts", "command-line": "sim/cli/command-line.ts", worker: "sim/worker.ts" };

/**
 * The parser of options measures how wide its help is as terminals show any script, by regular expressions that take as long to make as
 * all else that it does. Our help has no characters but narrow ones.
 */
const narrowHelp = {
  name: "narrow-help",
  load: {
    filter: { id: /node_modules[\\/]string-width[\\/]/ },
    handler: () => "export default (text) => text.length;",
  },
};

/** npx makes it so when it first links a package, and not again when `dist/` has been removed and built anew. */
const executable = { name: "executable", writeBundle: () => chmodSync("dist/bin/main.js", 0o755) };

export default defineConfig(
  Object.entries(THREADS).map(([name, source]) => ({
    input: { [name]: source },
    platform: "node",
    logLevel: "warn",
    plugins: [narrowHelp, ...(name === "main" ? [executable] : [])],
    checks: { ineffectiveDynamicImport: false },
    output: { dir: "dist/bin", codeSplitting: false, sourcemap: true },
  })),
);
