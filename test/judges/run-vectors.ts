// `npm run vectors`: judges every file of shared vectors and of the folder MESHSIM_VECTORS; a line a file, 1 on a failure.
import { existsSync } from "node:fs";
import { relative } from "node:path";
import { shared } from "../drivers/shared.ts";
import { filesIn, judgeFile } from "./vectors.ts";
import { verdictText } from "./verdict.ts";

const extra = process.env["MESHSIM_VECTORS"];
const folders = [shared("vectors"), ...(extra ?? "").split(":")].filter((f) => f !== undefined && f !== "");

let judged = 0;
for (const folder of folders as string[]) {
  if (!existsSync(folder)) {
    process.stderr.write(`MESHSIM_VECTORS: no folder ${folder}\n`);
    process.exitCode = 2;
  }
  for (const path of filesIn(folder)) {
    if (path.endsWith(".bin") || path.endsWith(".md")) continue;
    const verdict = judgeFile(path, relative(folder, path));
    process.stdout.write(`${verdictText(verdict).join("\n")}\n`);
    if (verdict.failed > 0) process.exitCode = 1;
    judged += verdict.passed + verdict.failed;
  }
}
if (judged === 0) {
  process.stderr.write("no vectors: expected ../shared/vectors (or MESHSIM_SHARED), or a folder in MESHSIM_VECTORS\n");
  process.exitCode ||= 3;
}
