// The result of `meshsim run`, schema meshsim.result/1: exact integers, no host time, every cycle in one category and one cause.

/** What ran, completely enough to run it again. */
export interface Manifest {
  readonly meshsim: string;
  readonly machine: { readonly preset: string; readonly hash: string; readonly config: unknown };
  readonly trace: {
    readonly name: string;
    readonly format: string;
    readonly hash: string;
    readonly spans: number;
    readonly requests: number;
    readonly services: number;
    readonly rules: unknown;
    readonly repairs: unknown;
  };
  readonly seed: number;
  readonly assumptions: Readonly<Record<string, unknown>>;
  /** Asked for: of an interrupted run, the result has some of it. */
  readonly deployments: readonly string[];
  readonly requests: { readonly warmup: number; readonly measured: number };
  /** Service whose every call was made to fault, if any. */
  readonly faultyService: string | null;
  readonly payloadBytesPerRequest: number;
  readonly observedHop: { readonly hops: number; readonly meanNs: number };
  /** Steady speed of the compute loop on this machine, measured by executing it. */
  readonly computeRate: Readonly<Record<string, { readonly cycles: number; readonly iterations: number }>>;
}

export interface Percentiles {
  /** Rounded to the nearest cycle. */
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export interface DeploymentResult {
  readonly name: string;
  /** Measured requests, and the calls between services in them (the arriving request counts as one). */
  readonly requests: number;
  readonly calls: number;
  /** Calls that ended in an error. */
  readonly failures: number;
  readonly cycles: {
    readonly total: number;
    readonly perRequest: Percentiles;
    readonly byCategory: Readonly<Record<string, number>>;
    readonly byCause: Readonly<Record<string, number>>;
    /** The causes of each category's cycles. */
    readonly byCategoryAndCause: Readonly<Record<string, Readonly<Record<string, number>>>>;
    readonly executed: number;
    readonly modelled: number;
    readonly extrapolated: number;
  };
  readonly instructions: number;
  readonly checksums: { readonly checked: number; readonly matched: number; readonly digest: string };
  /** Events of the machine's parts in the measured requests: misses, walks, mispredictions, DRAM accesses. */
  readonly events: Readonly<Record<string, number>>;
}

export interface Result {
  readonly schema: "meshsim.result/1";
  /** False where an interrupt ended the run: each deployment has the requests measured until then, and is left out if it has none. */
  readonly complete: boolean;
  readonly manifest: Manifest;
  readonly deployments: readonly DeploymentResult[];
}

/** Cycles of one measured request. */
export interface RequestCycles {
  readonly executed: number;
  readonly extrapolated: number;
}

/** Mean and nearest-rank percentiles of whole numbers. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return {
    mean: Math.round(sum(values) / Math.max(1, values.length)),
    p50: rank(0.5),
    p90: rank(0.9),
    p99: rank(0.99),
  };
}

export const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

/**
 * Splits a whole number in proportion to weights, by largest remainder, so that the parts are whole and sum to it.
 * Ties go to the earlier key.
 */
export function apportion(total: number, weights: Readonly<Record<string, number>>): Record<string, number> {
  const whole = BigInt(sum(Object.values(weights)));
  if (whole === 0n) throw new Error(`cannot apportion ${total} without a weight`);
  const shares = Object.entries(weights).map(([key, weight]) => {
    const product = BigInt(total) * BigInt(weight);
    return { key, part: Number(product / whole), remainder: product % whole };
  });
  const left = total - sum(shares.map((s) => s.part));
  const byRemainder = [...shares].sort(
    (a, b) => Number(b.remainder - a.remainder > 0n) - Number(b.remainder < a.remainder),
  );
  const rounded = new Set(byRemainder.slice(0, left).map((s) => s.key));
  return Object.fromEntries(shares.map(({ key, part }) => [key, part + (rounded.has(key) ? 1 : 0)]));
}

/** The laws every result must keep; throws (our bug) on a breach. */
export function checkResult(result: Result): void {
  for (const d of result.deployments) {
    const { total, byCategory, byCause, byCategoryAndCause, executed, modelled, extrapolated } = d.cycles;
    const sums: readonly (readonly [string, number])[] = [
      ["categories", sum(Object.values(byCategory))],
      ["causes", sum(Object.values(byCause))],
      ["causes of categories", sum(Object.values(byCategoryAndCause).map((causes) => sum(Object.values(causes))))],
      ["executed, modelled and extrapolated", executed + modelled + extrapolated],
    ];
    for (const [what, value] of sums) {
      if (value !== total) throw new Error(`${d.name}: ${what} sum to ${value} cycles, the total is ${total}`);
    }
  }
}
