// Packs the command line before tests run, so that they start what the sources say. The code cache of the last build fits where these have not
// changed, and is as none where they have.
import { build, type BuildOptions } from "rolldown";

export async function setup(): Promise<void> {
  const file = new URL("../rolldown.config.js", import.meta.url).href;
  const { default: threads } = (await import(file)) as { readonly default: BuildOptions[] };
  await build(threads);
}
