// `meshsim trace`: inspects, validates, converts and generates traces.
import type { Argv } from "yargs";
import type { Imported } from "../../traces/read.ts";
import type { Command } from "./command.ts";
import type { Exit } from "./exit.ts";
import { Failure, invalidInput, invalidUsage } from "./failure.ts";
import { checkOutput, readInput, writeOutput, writeStdout } from "./files.ts";
import { counted, grouped, printable, table } from "./text.ts";

interface TraceOptions {
  readonly action: "inspect" | "validate" | "convert" | "generate";
  readonly input: string;
  readonly output: string | undefined;
  readonly format: "jaeger" | "json" | "msgpack";
  readonly requests: number | undefined;
  readonly services: number | undefined;
  readonly seed: number;
  readonly strict: boolean;
  readonly rule: readonly string[] | undefined;
}

export const traceCommand: Command<TraceOptions> = {
  usage: "trace <action> <input>",
  summary: "inspect, validate, convert or generate a trace",
  options: (y: Argv) =>
    y
      .positional("action", { choices: ["inspect", "validate", "convert", "generate"] as const, demandOption: true })
      .positional("input", { type: "string", demandOption: true, describe: "trace file; for generate: a preset" })
      .option("output", { alias: "o", type: "string", describe: "file to write (convert, generate); - is stdout" })
      .option("format", {
        choices: ["jaeger", "json", "msgpack"] as const,
        default: "json" as const,
        describe: "what to write (convert cannot write jaeger)",
      })
      .option("requests", { type: "number", describe: "generate: how many" })
      .option("services", { type: "number", describe: "generate: how many, where the preset leaves a choice" })
      .option("seed", { type: "number", default: 1, describe: "generate: seed" })
      .option("strict", { type: "boolean", default: false, describe: "repairs are errors" })
      .option("rule", { type: "string", array: true, nargs: 1, describe: "what a span's time means: name=setting" })
      .example("meshsim trace inspect t.json", "services, calls, repairs, rules")
      .example("meshsim trace generate social-network --requests 100 -o s.json", "") as unknown as Argv<TraceOptions>,
  run: async (options): Promise<Exit> => {
    checkOutput("--output", options.output, options.action === "generate" ? "-" : options.input);
    if (options.action === "generate") return generate(options);
    const imported = await importTrace(options);
    if (options.action === "inspect") writeStdout(`${(await inspection(imported)).join("\n")}\n`);
    else if (options.action === "validate") writeStdout(`${validity(options.input, imported)}\n`);
    else await convert(options, imported);
    return "ok";
  },
};

async function importTrace(options: TraceOptions): Promise<Imported> {
  const { readTrace } = await import("../../traces/read.ts");
  const { readRules } = await import("../../traces/rules.ts");
  const rules = readRules(options.rule ?? []);
  if (typeof rules === "string") throw new Failure("usage", `meshsim: --rule: ${rules} (status 2)`);
  const imported = readTrace(readInput(options.input), { file: options.input, strict: options.strict, rules });
  if (imported.kind === "diagnostics") throw invalidInput(imported.diagnostics, "nothing written", imported.total);
  return imported;
}

async function generate(options: TraceOptions): Promise<Exit> {
  const { generateTrace } = await import("../../traces/generate.ts");
  const { requests, services, seed } = options;
  const generated = generateTrace(options.input, {
    seed,
    format: options.format,
    ...(requests === undefined ? {} : { requests }),
    ...(services === undefined ? {} : { services }),
  });
  if (generated.kind === "diagnostics") throw invalidUsage(generated.diagnostics, "nothing written");
  writeOutput(options.output ?? "-", generated.bytes);
  return "ok";
}

async function convert(options: TraceOptions, imported: Imported): Promise<void> {
  const { writeTrace } = await import("../../traces/codec.ts");
  if (options.format === "jaeger") {
    throw new Failure(
      "usage",
      "meshsim: --format jaeger: expected json or msgpack; a call tree has no spans (status 2)",
    );
  }
  writeOutput(options.output ?? "-", writeTrace(imported.trace, options.format));
}

function validity(file: string, imported: Imported): string {
  const repairs = imported.repairs.reduce((sum, r) => sum + r.count, 0);
  return `${printable(file)}: valid ${imported.format}, ${counted(imported.trace.requests.length, "request")}, ${counted(repairs, "repair")}`;
}

async function inspection(imported: Imported): Promise<string[]> {
  const { walk } = await import("../../traces/trace.ts");
  const { trace } = imported;
  const received = trace.services.map(() => ({ calls: 0, applicationNs: 0, hopNs: 0, depth: 0 }));
  let calls = 0;
  for (const { call, depth } of walk(trace)) {
    const service = received[call.service]!;
    calls += 1;
    service.calls += 1;
    service.applicationNs += call.applicationNs;
    service.hopNs += call.hopNs;
    service.depth = Math.max(service.depth, depth);
  }
  const microseconds = (ns: number, count: number): string =>
    count === 0 ? "n/a" : grouped(Math.round(ns / count / 1000));
  const rows = trace.services.map((service, i) => {
    const { calls: own, applicationNs, hopNs, depth } = received[i]!;
    const name = `${printable(service.name)}${service.kind === "inferred" ? " (inferred)" : ""}`;
    return [name, grouped(own), microseconds(applicationNs, own), microseconds(hopNs, own), String(depth)];
  });
  return [
    `${printable(trace.name)}: ${imported.format}, ${counted(trace.requests.length, "request")}, ${counted(trace.services.length, "service")}, ` +
      `${counted(imported.spans, "span")}, ${counted(calls, "call")}`,
    "",
    ...table([["service", "calls", "self us", "hop us", "depth"], ...rows]),
    "",
    ...table([["rule", "setting", "spans"], ...imported.rules.map((r) => [r.name, r.setting, grouped(r.spans)])]),
    "",
    ...table([["repair", "count"], ...imported.repairs.map((r) => [r.name, grouped(r.count)])]),
  ];
}
