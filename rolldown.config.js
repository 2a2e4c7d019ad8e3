// How the command line is packed (`npm run build`): the code of each kind of thread becomes one file, which Node loads faster than modules.
import { defineConfig } from "rolldown";

const THREADS = { main: "sim/cli/main.ts", "command-line": "sim/cli/command-line.ts", worker: "sim/worker.ts" };

/**
 * The parser of options measures how wide its help is as terminals show any script, by regular expressions that take as long to make as
 * all else that it does. Our help has no characters but narrow ones.
 */
const narrowHelp = {
  name: "narrow-help",
  load: { filter: { id: /node_modules\/string-width\// }, handler: () => "export default (text) => text.length;" },
};

export default defineConfig(
  Object.entries(THREADS).map(([name, source]) => ({
    input: { [name]: source },
    platform: "node",
    logLevel: "warn",
    plugins: [narrowHelp],
    checks: { ineffectiveDynamicImport: false },
    output: { dir: "dist/bin", codeSplitting: false, sourcemap: true },
  })),
);
