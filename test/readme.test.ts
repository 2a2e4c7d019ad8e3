// The README shows what its first command prints, to the letter. `UPDATE_README=1 npx vitest run test/readme.test.ts` renews it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { meshsim, ROOT } from "./drivers/cli.ts";

const README = join(ROOT, "README.md");
const SHOWN = /(<!-- output of: npx meshsim (.*) -->\n```\n)([\s\S]*?)(```\n)/;

test("the README's first command prints what the README shows", { timeout: 600_000 }, () => {
  const text = readFileSync(README, "utf8");
  const [, , command = "", shown = ""] = SHOWN.exec(text)!;
  const { stdout, status } = meshsim(command.split(" "));
  expect(status).toBe(0);
  if (process.env["UPDATE_README"]) {
    writeFileSync(
      README,
      text.replace(SHOWN, (_, head: string, _command, _shown, tail: string) => head + stdout + tail),
    );
  } else expect(shown).toBe(stdout);
});

test("the README names the two commands of a newcomer, and CI runs the second", () => {
  const text = readFileSync(README, "utf8");
  expect(text).toContain("\nnpm ci && npx meshsim run traces/samples/social-network.json\n");
  expect(text).toContain("\nnpm ci && npm test\n");
  expect(readFileSync(join(ROOT, ".ci/run"), "utf8")).toContain("\nnpm ci && npm test\n");
});
