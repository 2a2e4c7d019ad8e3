// The text of `meshsim run`: where every cycle of a request went, per deployment, in 80 columns.
import chalk from "chalk";
import { CAUSES } from "../stats/causes.ts";
import { CATEGORIES, isTax } from "../../workloads/categories.ts";
import { sum, type DeploymentResult, type Result } from "../../workloads/result.ts";
import { bar, counted, grouped, percent, printable, table, WIDTH, wrap } from "./text.ts";

export interface SummaryOptions {
  readonly quiet: boolean;
}

/** Lines of the summary; `quiet` keeps the first table only. */
export function summary(result: Result, options: SummaryOptions): string[] {
  const { complete, deployments } = result;
  const top = [...header(result), ...(complete ? [] : ["", ...partial(result)])];
  if (deployments.length === 0) return top;
  const main = [...top, "", ...categoryTable(result)];
  if (options.quiet) return main;
  return [
    ...main,
    ...(complete ? ["", ...bars(result), "", ...comparison(result)] : []),
    "",
    ...causeTable(result),
    "",
    ...hops(result),
    "",
    ...assumptions(result),
    ...traceNotes(result),
    "",
    ...accounts(result),
  ];
}

function header(result: Result): string[] {
  const { manifest } = result;
  const { trace, machine, requests } = manifest;
  return [
    `meshsim ${manifest.meshsim}   trace ${printable(trace.name)}   ${counted(trace.requests, "request")}, ${counted(trace.services, "service")}, ${counted(trace.spans, "span")}`,
    `machine ${machine.preset}   seed ${manifest.seed}   config ${machine.hash.slice(0, 8)}   trace ${trace.hash.slice(0, 8)}`,
    `${counted(requests.measured, "request")} measured after ${grouped(requests.warmup)} to warm up${result.complete ? `; ${counted(result.deployments[0]!.calls, "call")} between services` : ""}`,
  ].flatMap((line) => wrap(line, "  "));
}

/** What an interrupt has left: other requests in each deployment, so that nothing here compares them. */
function partial({ manifest, deployments }: Result): string[] {
  const done = manifest.deployments.map((name) => {
    const requests = deployments.find((d) => d.name === name)?.requests ?? 0;
    return `${name} ${grouped(requests)} of ${grouped(manifest.requests.measured)}`;
  });
  return wrap(`PARTIAL: interrupted; requests measured: ${done.join(", ")}`, "  ");
}

/** How many deployments stand side by side in 80 columns. */
const COLUMNS = 4;

function blocks<T>(items: readonly T[]): T[][] {
  const result: T[][] = [];
  for (let i = 0; i < items.length; i += COLUMNS) result.push(items.slice(i, i + COLUMNS));
  return result;
}

const perRequest = (d: DeploymentResult, cycles: number): number => Math.round(cycles / d.requests);
const shown = (d: DeploymentResult, cycles: number | undefined): string =>
  cycles === undefined ? "." : grouped(perRequest(d, cycles));

/** Tax: every cycle that is not application work. */
export const taxCycles = (d: DeploymentResult): number =>
  sum(Object.entries(d.cycles.byCategory).map(([category, cycles]) => (isTax(category) ? cycles : 0)));

function categoryTable(result: Result): string[] {
  const present = CATEGORIES.filter((c) => result.deployments.some((d) => d.cycles.byCategory[c.name] !== undefined));
  return blocks(result.deployments).flatMap((group) => {
    const rows = [
      ["cycles per request", ...group.map((d) => d.name)],
      ...present.map((c) => [`${c.letter} ${c.label}`, ...group.map((d) => shown(d, d.cycles.byCategory[c.name]))]),
      ["total", ...group.map((d) => shown(d, d.cycles.total))],
      ["tax share", ...group.map((d) => percent(taxCycles(d), d.cycles.total))],
    ];
    return table(rows).map((line, i) => (i === 0 || i >= rows.length - 2 ? chalk.bold(line) : line));
  });
}

function bars(result: Result): string[] {
  const largest = Math.max(...result.deployments.map((d) => perRequest(d, d.cycles.total)));
  const nameWidth = Math.max(...result.deployments.map((d) => d.name.length));
  const numberWidth = grouped(largest).length;
  const width = WIDTH - nameWidth - numberWidth - 5;
  return result.deployments.map((d) => {
    const parts = CATEGORIES.map((c) => ({ letter: c.letter, value: (d.cycles.byCategory[c.name] ?? 0) / d.requests }));
    const total = grouped(perRequest(d, d.cycles.total)).padStart(numberWidth);
    return `${d.name.padEnd(nameWidth)} |${bar(parts, largest, width)}| ${total}`;
  });
}

function comparison(result: Result): string[] {
  const slowest = result.deployments.reduce((a, b) => (b.cycles.total > a.cycles.total ? b : a));
  const rows = result.deployments.map((d) => [
    d.name,
    `${(slowest.cycles.total / d.cycles.total).toFixed(2)}x`,
    percent(taxCycles(d), taxCycles(slowest)),
    grouped(d.cycles.perRequest.p50),
    grouped(d.cycles.perRequest.p90),
    grouped(d.cycles.perRequest.p99),
  ]);
  return table([[`against ${slowest.name}`, "speed-up", "tax left", "p50", "p90", "p99"], ...rows]);
}

function causeTable(result: Result): string[] {
  const causes = CAUSES.filter((cause) => result.deployments.some((d) => d.cycles.byCause[cause] !== undefined));
  return blocks(result.deployments).flatMap((group) =>
    table([
      ["the same cycles by cause", ...group.map((d) => d.name)],
      ...causes.map((cause) => [cause, ...group.map((d) => shown(d, d.cycles.byCause[cause]))]),
    ]),
  );
}

/** The traced system's own hop beside the simulated ones: time that a call costs apart from application work. */
function hops(result: Result): string[] {
  const { observedHop, machine } = result.manifest;
  const clockMhz = (machine.config as { readonly clockMhz: number }).clockMhz;
  const microseconds = (value: number): string => `${value.toFixed(1)} us`;
  const observed = observedHop.hops === 0 ? "n/a" : microseconds(observedHop.meanNs / 1000);
  return table([
    ["tax of one call", ...["as traced", ...result.deployments.map((d) => d.name)].slice(0, COLUMNS)],
    [
      "mean",
      ...[observed, ...result.deployments.map((d) => microseconds(taxCycles(d) / d.calls / clockMhz))].slice(
        0,
        COLUMNS,
      ),
    ],
  ]);
}

function assumptions(result: Result): string[] {
  const { assumptions: a, payloadBytesPerRequest, machine } = result.manifest;
  const payload = a["payload"] as { kind: string; bytes?: number; medianBytes?: number; sigma?: number };
  const size =
    payload.kind === "fixed"
      ? `${payload.bytes} B`
      : `lognormal, median ${payload.medianBytes} B, sigma ${payload.sigma}`;
  const clockMhz = (machine.config as { readonly clockMhz: number }).clockMhz;
  const facts = [
    `--payload ${size} (${grouped(payloadBytesPerRequest)} B a request)`,
    `--cpu-fraction ${String(a["cpuFraction"])}`,
    `--touch ${String(a["touch"])}`,
    `--working-set ${grouped(a["workingSetBytes"] as number)} B`,
    `--clock ${clockMhz} MHz`,
  ];
  return wrap(`assumed, not in the trace (vary them): ${facts.join(", ")}`, "  ");
}

interface Rule {
  readonly name: string;
  readonly setting: string;
  readonly spans: number;
}

interface Repair {
  readonly name: string;
  readonly count: number;
}

function traceNotes(result: Result): string[] {
  const rules = (result.manifest.trace.rules as readonly Rule[]).map(
    (r) => `${r.name}=${r.setting} (${counted(r.spans, "span")})`,
  );
  const repairs = (result.manifest.trace.repairs as readonly Repair[]).filter((r) => r.count > 0);
  const repaired = repairs.length === 0 ? "none" : repairs.map((r) => `${r.name} ${grouped(r.count)}`).join(", ");
  return [...wrap(`rules: ${rules.join(", ")}`, "  "), ...wrap(`repairs: ${repaired}`, "  ")];
}

function accounts(result: Result): string[] {
  const total = (field: "executed" | "modelled" | "extrapolated"): string =>
    grouped(sum(result.deployments.map((d) => d.cycles[field])));
  const checked = sum(result.deployments.map((d) => d.checksums.checked));
  const matched = sum(result.deployments.map((d) => d.checksums.matched));
  const failures = sum(result.deployments.map((d) => d.failures));
  const limit = grouped(result.manifest.assumptions["computeLimitCycles"] as number);
  return [
    `${total("executed")} cycles executed, ${total("modelled")} modelled, ${total("extrapolated")} extrapolated ` +
      `(compute beyond ${limit} cycles a call, at the measured speed of its loop)`,
    `every cycle in one category and one cause; ${grouped(matched)} of ${grouped(checked)} checksums right; ` +
      `${counted(failures, "failed call")}`,
  ].flatMap((line) => wrap(line, "  "));
}
