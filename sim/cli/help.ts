// Topics of `meshsim help`: what does not fit a command's own --help.
import { RULES } from "../../traces/rules.ts";
import { EXIT } from "./exit.ts";
import { wrap } from "./text.ts";

const topics: Readonly<Record<string, () => string>> = {
  "exit-codes": () =>
    Object.values(EXIT)
      .map((e) => `${String(e.status).padStart(4)}  ${e.meaning}`)
      .join("\n"),
  rules: () =>
    Object.entries(RULES)
      .flatMap(([name, settings]) => [
        name,
        ...Object.entries(settings).flatMap(([s, meaning]) => wrap(`  ${s.padEnd(12)} ${meaning}`, " ".repeat(15))),
      ])
      .join("\n"),
  formats: () =>
    [
      "Traces are recognised by their content, not by their name:",
      "  Jaeger JSON    query API, UI download, a bare trace, {data: {...}}",
      "  meshsim        meshsim.trace/1 as JSON or MessagePack",
      "Programs: GNU-syntax .S, ELF64 for RISC-V, or a flat binary with --load-address.",
      "Results: meshsim.result/1 (run --json) and meshsim.exec/1 (exec --json).",
    ].join("\n"),
};

export const TOPICS: readonly string[] = Object.keys(topics);

export function helpTopic(topic: string): string {
  return `${topics[topic]!()}\n`;
}
