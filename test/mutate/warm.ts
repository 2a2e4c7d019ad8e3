// Runs test files one at a time in a vitest that stays warm: a child process of mutate.ts, which may kill it.
import { join } from "node:path";
import { createVitest } from "vitest/node";

/** What mutate.ts asks for. */
export interface Request {
  /** From the root of the copy. */
  readonly file: string;
  /** Sources that changed since the last request. */
  readonly changed: readonly string[];
  /** Only tests whose title matches. */
  readonly titles: string | undefined;
}

/** What became of it: no failure, the first test that failed, or a file that did not load. */
export interface Outcome {
  readonly result: "passed" | "failed" | "broken";
  readonly by: string;
}

const root = process.cwd();
const vitest = await createVitest("test", { root, watch: false, bail: 1, maxWorkers: 1, reporters: [{}] });

async function run({ file, changed, titles }: Request): Promise<Outcome> {
  for (const source of changed) vitest.invalidateFile(join(root, source));
  if (titles === undefined) vitest.resetGlobalTestNamePattern();
  else vitest.setGlobalTestNamePattern(titles);
  const path = join(root, file);
  const specifications = await vitest.globTestSpecifications([path]);
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
  const module = testModules.find((m) => m.moduleId === path);
  if (module === undefined) return { result: "broken", by: "no such test file" };
  const failed = [...module.children.allTests("failed")][0];
  if (failed !== undefined) return { result: "failed", by: failed.fullName };
  if (unhandledErrors.length > 0) return { result: "broken", by: "an error outside of any test" };
  return { result: module.ok() ? "passed" : "broken", by: module.ok() ? "" : "the file does not load" };
}

process.on("message", (request: Request) => void run(request).then((outcome) => process.send!(outcome)));
process.on("disconnect", () => process.exit());
