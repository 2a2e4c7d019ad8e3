// The systems that the generator can play: who calls whom, one after another or at once, and how long it takes.
import type { Quantiles } from "./random.ts";

/** A system whose traces can be generated. */
export interface Topology {
  /** Operation that a request begins with. */
  readonly root: string;
  readonly operations: Readonly<Record<string, OperationPlan>>;
}

/** What an operation does. */
export interface OperationPlan {
  readonly service: string;
  readonly selfUs: Quantiles;
  /** Steps run one after another, the actions of one step at once. */
  readonly steps: readonly (readonly Action[])[];
}

/** Something an operation does besides its own work. */
export type Action =
  | { readonly call: string }
  | { readonly store: string; readonly operation: string; readonly selfUs: Quantiles; readonly percent?: number }
  | { readonly local: string; readonly selfUs: Quantiles; readonly steps: readonly (readonly Action[])[] };

/** Presets by name; `services` is asked for by some of them only. */
export type PresetName = "social-network" | "two-services" | "concurrent";

/** A preset: its topology for a number of services between two limits. */
export interface Preset {
  readonly about: string;
  readonly services: { readonly least: number; readonly usual: number; readonly most: number };
  /** Requests where none are asked for. */
  readonly requests: number;
  readonly topology: (services: number) => Topology;
}

// Times in microseconds, as quantiles of self time by role. They are fitted to 20 published requests (660 spans) to the
// socialNetwork application of DeathStarBench (delimitrou/DeathStarBench, ms_collecter/traces-1695947455229.json at
// 6ecb0970, Apache-2.0): over all its spans self time is p50 127 and p90 429, over its 220 hops p10 100, p50 146, p90 510.
const GATEWAY: Quantiles = quantiles(40, 98, 124, 158, 340, 700, 1000);
const BUSY: Quantiles = quantiles(60, 85, 150, 205, 340, 460, 1400);
const LIGHT: Quantiles = quantiles(13, 21, 25, 31, 46, 70, 120);
const TINY: Quantiles = quantiles(5, 6, 6, 8, 11, 15, 28);
const DATABASE: Quantiles = quantiles(198, 215, 240, 280, 340, 450, 1065);
const CACHE: Quantiles = quantiles(6, 8, 55, 80, 98, 130, 200);
const SLOW_CACHE: Quantiles = quantiles(213, 248, 286, 440, 531, 565, 600);
/** Of client spans to another service: what the traced system paid for the hop (Thrift, one host, no mesh). */
export const HOP: Quantiles = quantiles(78, 100, 112, 146, 274, 510, 1400);
/** Between two requests. */
export const GAP: Quantiles = quantiles(6000, 7000, 8000, 10000, 13000, 16000, 20000);

function quantiles(
  ...us: [p0: number, p10: number, p25: number, p50: number, p75: number, p90: number, p100: number]
): Quantiles {
  return [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1].map((p, i) => [p, us[i]!] as const);
}

const database = (operation: string, percent?: number): Action => store("mongodb", operation, DATABASE, percent);
const cache = (operation: string, percent?: number): Action => store("redis", operation, CACHE, percent);

function store(name: string, operation: string, selfUs: Quantiles, percent: number = 100): Action {
  return { store: name, operation, selfUs, percent };
}

const call = (operation: string): Action => ({ call: operation });

/**
 * Posting to a social network: which services there are and who calls whom, as Gan et al. publish it (ASPLOS 2019,
 * "An Open-Source Benchmark Suite for Microservices", social network) and the traces named above show it: depth 9,
 * at most 7 calls of one span, the first four of compose-post at once, 33 spans where each cache misses as a rule.
 */
const SOCIAL_NETWORK: Topology = {
  root: "POST /post/compose",
  operations: {
    "POST /post/compose": {
      service: "nginx",
      selfUs: GATEWAY,
      steps: [[{ local: "authorize and parse", selfUs: GATEWAY, steps: [[call("ComposePost")]] }]],
    },
    ComposePost: {
      service: "compose-post",
      selfUs: BUSY,
      steps: [
        [call("ComposeText"), call("ComposeCreator"), call("ComposeUniqueId"), call("ComposeMedia")],
        [call("StorePost")],
        [call("WriteUserTimeline")],
        [call("WriteHomeTimeline")],
      ],
    },
    ComposeCreator: { service: "user", selfUs: TINY, steps: [] },
    ComposeUniqueId: { service: "unique-id", selfUs: TINY, steps: [] },
    ComposeMedia: { service: "media", selfUs: TINY, steps: [] },
    ComposeText: { service: "text", selfUs: BUSY, steps: [[call("ComposeUrls"), call("ComposeUserMentions")]] },
    ComposeUrls: { service: "url-shorten", selfUs: BUSY, steps: [[database("insert")]] },
    ComposeUserMentions: {
      service: "user-mention",
      selfUs: LIGHT,
      steps: [[store("memcached", "get", SLOW_CACHE)], [database("find", 60)]],
    },
    StorePost: {
      service: "post-storage",
      selfUs: LIGHT,
      steps: [[database("insert")], [store("memcached", "set", CACHE, 40)]],
    },
    WriteUserTimeline: { service: "user-timeline", selfUs: LIGHT, steps: [[database("insert")], [cache("update")]] },
    WriteHomeTimeline: { service: "home-timeline", selfUs: LIGHT, steps: [[call("GetFollowers")], [cache("update")]] },
    GetFollowers: {
      service: "social-graph",
      selfUs: LIGHT,
      steps: [[cache("get")], [database("find", 70)], [cache("add", 30)]],
    },
  },
};

/** The least there is to measure: one call between two services. */
const TWO_SERVICES: Topology = {
  root: "GET /item",
  operations: {
    "GET /item": { service: "frontend", selfUs: GATEWAY, steps: [[call("LookUp")]] },
    LookUp: { service: "backend", selfUs: BUSY, steps: [] },
  },
};

/** A gateway that calls half of its workers at once and then the others at once; each second worker keeps a cache. */
function concurrent(services: number): Topology {
  const workers = Array.from({ length: services - 1 }, (_, i) => `worker-${i + 1}`);
  const half = Math.ceil(workers.length / 2);
  const plans = workers.map((service, i) => {
    const steps = i % 2 === 0 ? [] : [[cache("get")]];
    return [`Work ${i + 1}`, { service, selfUs: i % 3 === 0 ? BUSY : LIGHT, steps }] as const;
  });
  const calls = plans.map(([operation]) => call(operation));
  const steps = [calls.slice(0, half), calls.slice(half)].filter((step) => step.length > 0);
  return {
    root: "GET /page",
    operations: { "GET /page": { service: "gateway", selfUs: GATEWAY, steps }, ...Object.fromEntries(plans) },
  };
}

/** Every preset. */
export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  "social-network": {
    about: "posting to a social network: 12 services, depth 9, fan-out up to 7, about 33 spans a request",
    services: { least: 12, usual: 12, most: 12 },
    requests: 20,
    topology: () => SOCIAL_NETWORK,
  },
  "two-services": {
    about: "a frontend that calls one backend",
    services: { least: 2, usual: 2, most: 2 },
    requests: 5,
    topology: () => TWO_SERVICES,
  },
  concurrent: {
    about: "a gateway whose calls run at once, in two groups",
    services: { least: 3, usual: 6, most: 64 },
    requests: 10,
    topology: concurrent,
  },
};
