// `npm run docs`: writes the generated pages; with `--check` it only tells, by status 1, which are stale.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PAGE_PATHS, pageText } from "./pages.ts";

const check = process.argv.includes("--check");
for (const path of PAGE_PATHS) {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const text = await pageText(path);
  if (!check) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) {
    process.stderr.write(`${path} is stale: npm run docs\n`);
    process.exitCode = 1;
  }
}
