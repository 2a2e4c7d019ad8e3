// Packs the command line before tests run, so that they start what the sources say; and records its code, as `npm run build` does.
import { build, type BuildOptions } from "rolldown";

export async function setup(): Promise<void> {
  const file = new URL("../rolldown.config.js", import.meta.url).href;
  const { default: threads } = (await import(file)) as { readonly default: BuildOptions[] };
  await build(threads);
  const recording = new URL("../record-code.js", import.meta.url).href;
  const { recordCode } = (await import(recording)) as { readonly recordCode: () => void };
  recordCode();
}
