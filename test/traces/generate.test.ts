// The generator: pinned random numbers, presets that are what they say, samples that are what the generator writes.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { writeTrace } from "../../traces/codec.ts";
import type { GenerateOptions } from "../../traces/generate.ts";
import { generateTrace } from "../../traces/generate.ts";
import { PRESETS } from "../../traces/presets.ts";
import type { Quantiles } from "../../traces/random.ts";
import { Random, draw, splitmix64 } from "../../traces/random.ts";
import { percentiles, traceStatistics } from "../../traces/statistics.ts";
import { walk } from "../../traces/trace.ts";
import { read } from "./jaeger-file.ts";

function generated(preset: string, options: GenerateOptions = {}): Uint8Array {
  const result = generateTrace(preset, options);
  if (result.kind !== "generated") throw new Error(result.diagnostics[0]!.message);
  return result.bytes;
}

describe("random numbers", () => {
  test("SplitMix64 gives the published numbers after seed 1234567", () => {
    const numbers = splitmix64(1234567n);
    expect([1, 2, 3, 4, 5].map(() => numbers.next().value)).toEqual([
      6457827717110365317n,
      3203168211198807973n,
      9817491932198370423n,
      4593380528125082431n,
      16408922859458223821n,
    ]);
  });

  test("xoshiro256** gives the published numbers after state 1, 2, 3, 4", () => {
    const random = new Random([1n, 2n, 3n, 4n]);
    expect([1, 2, 3, 4, 5].map(() => random.next())).toEqual([
      11520n,
      0n,
      1509978240n,
      1215971899390074240n,
      1216172134540287360n,
    ]);
  });

  test("units are at least 0 and below 1, and spread evenly", () => {
    const random = Random.fromSeed(7);
    const units = Array.from({ length: 20_000 }, () => random.unit());
    expect(units.every((unit) => unit >= 0 && unit < 1)).toBe(true);
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const share = units.filter((unit) => Math.floor(unit * 10) === tenth).length / units.length;
      expect(Math.abs(share - 0.1)).toBeLessThan(0.01);
    }
  });

  test("a draw keeps to the quantiles it is given", () => {
    const quantiles: Quantiles = [
      [0, 10],
      [0.5, 100],
      [1, 1000],
    ];
    const random = Random.fromSeed(3);
    const drawn = Array.from({ length: 20_000 }, () => draw(random, quantiles));
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...drawn)).toBeLessThan(1000);
    expect(Math.abs(percentiles(drawn).p50 - 100)).toBeLessThan(5);
  });
});

describe("presets", () => {
  test("social-network is like the published system: 12 services, depth 9, fan-out 7, 33 spans a request", () => {
    const imported = read(generated("social-network", { requests: 300, seed: 11 }));
    const { services, requests, spans } = traceStatistics(imported.trace);
    expect(imported.repairs).toEqual([]);
    expect(imported).toMatchObject({ spanDepth: 9, spanFanOut: 7 });
    expect({ observed: services.observed, requests }).toEqual({ observed: 12, requests: 300 });
    expect(Math.abs(spans / requests - 33)).toBeLessThan(0.3);
  });

  test("social-network takes the time that the published system takes", () => {
    const bytes = generated("social-network", { requests: 300, seed: 11 });
    const { hopNs } = traceStatistics(read(bytes).trace);
    const published = { p10: 100_000, p50: 146_000, p90: 510_000 };
    for (const p of ["p10", "p50", "p90"] as const) expect(Math.abs(hopNs[p] / published[p] - 1)).toBeLessThan(0.08);
    const self = percentiles(selfTimesUs(bytes));
    expect(Math.abs(self.p50 / 127 - 1)).toBeLessThan(0.08);
    expect(Math.abs(self.p90 / 429 - 1)).toBeLessThan(0.08);
  });

  test("two-services makes one call a request", () => {
    const { trace } = read(generated("two-services", { requests: 3 }));
    expect(traceStatistics(trace)).toMatchObject({ requests: 3, calls: 6, services: { observed: 2, inferred: 0 } });
  });

  test.each([3, 6, 64])("concurrent with %i services calls its workers at once", (services) => {
    const { trace } = read(generated("concurrent", { requests: 2, services }));
    expect(traceStatistics(trace).services.observed).toBe(services);
    const workers = services - 1;
    const expected = [Math.ceil(workers / 2), Math.floor(workers / 2)];
    for (const request of trace.requests) expect(request.groups.map((group) => group.length)).toEqual(expected);
  });

  test("every preset gives the same bytes for the same seed and others for another", () => {
    for (const preset of Object.keys(PRESETS)) {
      const bytes = generated(preset, { seed: 5 });
      expect(Buffer.compare(bytes, generated(preset, { seed: 5 }))).toBe(0);
      expect(Buffer.compare(bytes, generated(preset, { seed: 6 }))).not.toBe(0);
    }
  });

  test("a longer trace begins with the shorter one of its seed", () => {
    const short = read(generated("social-network", { requests: 2 })).trace;
    const long = read(generated("social-network", { requests: 4 })).trace;
    expect([...walk({ requests: long.requests.slice(0, 2) })].map(({ call }) => call.applicationNs)).toEqual(
      [...walk(short)].map(({ call }) => call.applicationNs),
    );
  });

  test.each(["json", "msgpack"] as const)("format %s is what the import of the Jaeger file gives", (format) => {
    const { trace } = read(generated("concurrent"), { file: "concurrent" });
    expect(Buffer.compare(generated("concurrent", { format }), writeTrace(trace, format))).toBe(0);
  });

  test.each<[string, GenerateOptions, RegExp]>([
    ["nonsense", {}, /no preset "nonsense"/],
    ["__proto__", {}, /no preset/],
    ["social-network", { requests: 0 }, /expected requests as a number from 1/],
    ["social-network", { requests: 1.5 }, /expected requests/],
    ["social-network", { seed: NaN }, /expected seed as an integer/],
    ["social-network", { services: 5 }, /preset social-network has 12 services, not 5/],
    ["concurrent", { services: 2 }, /preset concurrent has from 3 to 64 services, not 2/],
    ["concurrent", { services: 65 }, /not 65/],
  ])("%s with %j is refused", (preset, options, message) => {
    const result = generateTrace(preset, options);
    expect(result.kind === "diagnostics" && result.diagnostics[0]!.message).toMatch(message);
  });
});

// To write the samples anew after a change of the generator: MESHSIM_UPDATE=1 npx vitest run test/traces/generate
describe("samples", () => {
  test.each(Object.keys(PRESETS))("%s is what the generator writes", (preset) => {
    const path = fileURLToPath(new URL(`../../traces/samples/${preset}.json`, import.meta.url));
    const bytes = generated(preset);
    if (process.env["MESHSIM_UPDATE"] === "1") writeFileSync(path, bytes);
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0);
    expect(bytes.length).toBeLessThan(600_000);
    expect(read(bytes, { strict: true }).format).toBe("jaeger");
  });
});

/** Self time of each span of a Jaeger file, by crossing out its children's microseconds. */
function selfTimesUs(bytes: Uint8Array): number[] {
  interface JaegerSpan {
    readonly spanID: string;
    readonly references: readonly { readonly spanID: string }[];
    readonly startTime: number;
    readonly duration: number;
  }
  const { data } = JSON.parse(new TextDecoder().decode(bytes)) as { data: { spans: JaegerSpan[] }[] };
  return data.flatMap(({ spans }) =>
    spans.map(({ spanID, startTime, duration }) => {
      const free = new Uint8Array(duration).fill(1);
      for (const child of spans) {
        if (child.references[0]?.spanID !== spanID) continue;
        free.fill(0, child.startTime - startTime, child.startTime - startTime + child.duration);
      }
      return free.reduce((sum, us) => sum + us, 0);
    }),
  );
}
