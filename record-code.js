// Has the packed command line record what V8 compiles of it (`npm run build`; sim/packed-code.ts): each run adds to what those before it left.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { RECORDS } from "./dist/sim/packed-code.js";

const ROOT = import.meta.dirname;
/** Ends at once: it stores 0x5555 to the finisher. */
const PROGRAM = "_start:\n  li t0, 0x100000\n  li t1, 0x5555\n  sw t1, 0(t0)\n";
const RUNS = [
  { args: ["run", "traces/samples/two-services.json", "--workers", "1", "--quiet"] },
  {
    args: ["bench", "--kernels", "mixed,walk,sealed-calls,switches", "--engines", "turbo", "--instructions", "3000000"],
  },
  { args: ["exec", "-"], input: PROGRAM },
  { args: ["--help"] },
];

for (const { args, input = "" } of RUNS) {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, "dist/bin/main.js"), ...args], {
    ...{ cwd: ROOT, input, encoding: "utf8" },
    env: { ...process.env, [RECORDS]: "1" },
  });
  if (status !== 0) throw new Error(`meshsim ${args.join(" ")} ended with status ${status}\n${stderr}`);
}
