// A vitest reporter that ends a run with one plain line: "N passed, N failed".
import type { Reporter, TestCase, TestModule } from "vitest/node";

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      // A module that does not load has no tests of its own, yet it is a failure.
      if (module.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) count[outcome(test)] += 1;
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : "";
    process.stdout.write(`\n${count.passed} passed, ${count.failed} failed${skipped}\n`);
  }
}

function outcome(test: TestCase): "passed" | "failed" | "skipped" {
  const { state } = test.result();
  return state === "passed" || state === "skipped" ? state : "failed";
}
