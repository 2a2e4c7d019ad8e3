// A million spans in one file of a quarter of a gigabyte: run by MESHSIM_BENCH=1 npx vitest run test/traces/million
import { describe, expect, test } from "vitest";
import { readTrace } from "../../traces/read.ts";
import { traceStatistics } from "../../traces/statistics.ts";

const SPANS = process.env["MESHSIM_BENCH"] === "1" ? 1_000_000 : 50_000;

/** Jaeger JSON of traces of `perTrace` spans, each span the child of the one half its number. */
function file(perTrace: number): Uint8Array {
  const pieces: Buffer[] = [];
  let text = '{"data":[';
  for (let made = 0; made < SPANS; made += perTrace) {
    const traceID = (made + 1).toString(16).padStart(16, "0");
    text += `${made > 0 ? "," : ""}{"traceID":"${traceID}","spans":[`;
    for (let i = 0; i < perTrace; i += 1) {
      const parent = `{"refType":"CHILD_OF","traceID":"${traceID}","spanID":"${((i + 1) >> 1).toString(16)}"}`;
      text +=
        `${i > 0 ? "," : ""}{"traceID":"${traceID}","spanID":"${(i + 1).toString(16)}","operationName":"op${i % 40}",` +
        `"references":[${i > 0 ? parent : ""}],"startTime":${1_700_000_000_000_000 + made + i},"duration":${perTrace - i},` +
        `"tags":[{"key":"internal.span.format","type":"string","value":"proto"}],"logs":[],"processID":"p${i % 12}"}`;
      if (text.length < 1 << 20) continue;
      pieces.push(Buffer.from(text));
      text = "";
    }
    text += `],"processes":{${Array.from({ length: 12 }, (_, p) => `"p${p}":{"serviceName":"s${p}"}`).join(",")}}}`;
  }
  pieces.push(Buffer.from(`${text}]}`));
  return Buffer.concat(pieces);
}

describe("many spans", () => {
  test.each([
    ["in traces of fifty", 50],
    ["in one trace", SPANS],
  ])(`${SPANS} spans %s are read in a time in proportion`, (_, perTrace) => {
    const bytes = file(perTrace);
    const begin = process.hrtime.bigint();
    const imported = readTrace(bytes, { file: "many.json" });
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
    if (imported.kind !== "trace") throw new Error(imported.diagnostics[0]!.message);
    expect(imported.spans).toBe(SPANS);
    expect(traceStatistics(imported.trace).requests).toBe(SPANS / perTrace);
    // Ten times what an idle machine takes, so that only a wrong order of growth fails.
    expect(seconds).toBeLessThan((SPANS / 1_000_000) * 120 + 2);
    if (process.env["MESHSIM_BENCH"] === "1") {
      const megabytes = (n: number): string => `${(n / 2 ** 20).toFixed(0)} MB`;
      const memory = `resident ${megabytes(process.memoryUsage().rss)}`;
      process.stderr.write(`${SPANS} spans, ${megabytes(bytes.length)}: ${seconds.toFixed(1)} s, ${memory}\n`);
    }
  });
});
