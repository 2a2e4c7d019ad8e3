// How the command line is packed (`npm run build`): the code of each kind of thread becomes one file, which Node loads faster than modules.
import { chmodSync } from "node:fs";
import { defineConfig } from "rolldown";

const MAIN = "sim/cli/main.ts";
/** Each has its code in a file that Node can have compiled before (sim/packed-code.ts), and another that begins with it. */
const THREADS = { "command-line": "sim/cli/command-line.ts", worker: "sim/worker.ts" };
const BEGIN = "sim/cli/thread.ts";
const FOLDER = "dist/bin";

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
const executable = { name: "executable", writeBundle: () => chmodSync(`${FOLDER}/main.js`, 0o755) };

const pack = (name, source, format, plugins = []) => ({
  input: { [name]: source },
  platform: "node",
  logLevel: "warn",
  plugins: [narrowHelp, ...plugins],
  // The parser of options would resolve what files of options extend, of which there are none.
  checks: { ineffectiveDynamicImport: false, emptyImportMeta: false },
  output: {
    ...{ dir: FOLDER, format, codeSplitting: false, sourcemap: true },
    entryFileNames: format === "cjs" ? "[name].cjs" : "[name].js",
  },
});

export default defineConfig([
  pack("main", MAIN, "es", [executable]),
  ...Object.entries(THREADS).flatMap(([name, source]) => [pack(name, source, "cjs"), pack(name, BEGIN, "es")]),
]);
