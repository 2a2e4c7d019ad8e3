// Generates traces of made-up systems from a seed, as Jaeger JSON, so that a sample goes the whole way a real trace goes.
import { Buffer } from "node:buffer";
import { writeTrace } from "./codec.ts";
import type { Diagnostics } from "./diagnostic.ts";
import { quote } from "./diagnostic.ts";
import type { Action, PresetName, Topology } from "./presets.ts";
import { GAP, HOP, PRESETS } from "./presets.ts";
import { Random, draw } from "./random.ts";
import { readTrace } from "./read.ts";

/** What to generate. */
export interface GenerateOptions {
  /** Default 1. Any integer. */
  readonly seed?: number;
  /** Default: that of the preset. */
  readonly requests?: number;
  /** How many services, where the preset leaves a choice (`concurrent`). */
  readonly services?: number;
  /** Default `jaeger`; the others are meshsim's own format. */
  readonly format?: "jaeger" | "json" | "msgpack";
}

/** The bytes of a generated trace file. */
export interface Generated {
  readonly kind: "generated";
  readonly bytes: Uint8Array;
}

/** Begin of the first request, in microseconds since 1970: a fixed day, since the same seed gives the same bytes. */
const EPOCH_US = 1_700_000_000_000_000;
const MAX_REQUESTS = 1_000_000;

/** Generates a trace; the same arguments give the same bytes everywhere. */
export function generateTrace(preset: string, options: GenerateOptions = {}): Generated | Diagnostics {
  if (!Object.hasOwn(PRESETS, preset)) {
    return refuse("preset", `no preset ${quote(preset)}`, `the presets are ${Object.keys(PRESETS).join(", ")}`);
  }
  const { requests: usualRequests, services: range, topology } = PRESETS[preset as PresetName];
  const { seed = 1, requests = usualRequests, services = range.usual, format = "jaeger" } = options;
  if (!Number.isSafeInteger(seed)) return refuse("seed", `expected seed as an integer, found ${seed}`);
  if (!isBetween(requests, 1, MAX_REQUESTS)) {
    return refuse("requests", `expected requests as a number from 1 to ${MAX_REQUESTS}, found ${requests}`);
  }
  if (!isBetween(services, range.least, range.most)) {
    const expected = range.least === range.most ? `${range.least}` : `from ${range.least} to ${range.most}`;
    return refuse("services", `preset ${preset} has ${expected} services, not ${services}`);
  }
  const bytes = jaegerJson(topology(services), requests, Random.fromSeed(seed));
  if (format === "jaeger") return { kind: "generated", bytes };
  const imported = readTrace(bytes, { file: preset });
  return imported.kind === "trace" ? { kind: "generated", bytes: writeTrace(imported.trace, format) } : imported;
}

function isBetween(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}

function refuse(option: string, message: string, hint?: string): Diagnostics {
  return {
    kind: "diagnostics",
    diagnostics: [{ file: `--${option}`, message, ...(hint === undefined ? {} : { hint }) }],
    total: 1,
  };
}

/** A query API answer, one span a line. */
function jaegerJson(topology: Topology, requests: number, random: Random): Uint8Array {
  const pieces: Buffer[] = [];
  let startUs = EPOCH_US;
  for (let i = 0; i < requests; i += 1) {
    const request = new Request(topology, random);
    const endUs = request.begin(startUs);
    pieces.push(Buffer.from(`${i === 0 ? '{"data":[' : ","}\n${request.json()}`));
    startUs = endUs + draw(random, GAP);
  }
  pieces.push(Buffer.from(`\n],"total":${requests},"limit":0,"offset":0,"errors":null}\n`));
  const all = Buffer.concat(pieces);
  return new Uint8Array(all.buffer, all.byteOffset, all.byteLength);
}

/** A span while its request is played. */
interface PlayedSpan {
  readonly id: string;
  readonly parentId: string | undefined;
  readonly service: string;
  readonly operation: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly startUs: number;
  endUs: number;
}

type SpanHead = Pick<PlayedSpan, "service" | "operation" | "tags">;

/** Plays one request and records its spans, callers before callees. */
class Request {
  readonly #topology: Topology;
  readonly #random: Random;
  readonly #traceId: string;
  readonly #spans: PlayedSpan[] = [];
  readonly #ids = new Set<string>();

  constructor(topology: Topology, random: Random) {
    this.#topology = topology;
    this.#random = random;
    this.#traceId = this.#newId();
  }

  /** Plays the whole request; gives its end. */
  begin(startUs: number): number {
    return this.#serve(this.#topology.root, undefined, startUs);
  }

  json(): string {
    const processIds = new Map<string, string>();
    for (const { service } of this.#spans) {
      if (!processIds.has(service)) processIds.set(service, `p${processIds.size + 1}`);
    }
    const spans = this.#spans.map((span) => JSON.stringify(this.#jaegerSpan(span, processIds.get(span.service)!)));
    const processes = [...processIds].map(([serviceName, id]) => [id, { serviceName, tags: [] }] as const);
    const tail = `"processes":${JSON.stringify(Object.fromEntries(processes))},"warnings":null}`;
    return `{"traceID":"${this.#traceId}","spans":[\n${spans.join(",\n")}\n],${tail}`;
  }

  #jaegerSpan({ id, parentId, operation, tags, startUs, endUs }: PlayedSpan, processID: string): object {
    const traceID = this.#traceId;
    return {
      traceID,
      spanID: id,
      operationName: operation,
      references: parentId === undefined ? [] : [{ refType: "CHILD_OF", traceID, spanID: parentId }],
      startTime: startUs,
      duration: endUs - startUs,
      tags: Object.entries(tags).map(([key, value]) => ({ key, type: "string", value })),
      logs: [],
      processID,
      warnings: null,
    };
  }

  /** The callee's side of a call. */
  #serve(operation: string, parentId: string | undefined, startUs: number): number {
    const { service, selfUs, steps } = this.#topology.operations[operation]!;
    const head = { service, operation, tags: { "span.kind": "server" } };
    return this.#span(head, parentId, startUs, draw(this.#random, selfUs), steps);
  }

  /** Any action of a span of `service`; gives its end. */
  #act(action: Action, service: string, parentId: string, startUs: number): number {
    if ("local" in action) {
      const head = { service, operation: action.local, tags: { "span.kind": "internal" } };
      return this.#span(head, parentId, startUs, draw(this.#random, action.selfUs), action.steps);
    }
    if ("store" in action) {
      const { store, operation, selfUs } = action;
      const head = { service, operation: `${store} ${operation}`, tags: { "span.kind": "client", "db.system": store } };
      return this.#span(head, parentId, startUs, draw(this.#random, selfUs), []);
    }
    const hopUs = draw(this.#random, HOP);
    const head = { service, operation: action.call, tags: { "span.kind": "client" } };
    const span = this.#open(head, parentId, startUs);
    // The way there takes about as long as the way back.
    const thereUs = Math.floor((hopUs * (40 + this.#random.below(21))) / 100);
    span.endUs = this.#serve(action.call, span.id, startUs + thereUs) + hopUs - thereUs;
    return span.endUs;
  }

  /** A span whose self time is spread evenly before, between and after its steps. */
  #span(
    head: SpanHead,
    parentId: string | undefined,
    startUs: number,
    selfUs: number,
    steps: readonly (readonly Action[])[],
  ): number {
    const span = this.#open(head, parentId, startUs);
    const taken = steps
      .map((actions) => actions.filter((a) => !("percent" in a) || this.#random.chance(a.percent ?? 100)))
      .filter((actions) => actions.length > 0);
    let at = startUs;
    taken.forEach((actions, i) => {
      at += Math.floor((selfUs * (i + 1)) / (taken.length + 1)) - Math.floor((selfUs * i) / (taken.length + 1));
      at = this.#step(actions, span, at);
    });
    span.endUs = at + selfUs - Math.floor((selfUs * taken.length) / (taken.length + 1));
    return span.endUs;
  }

  /** Actions at once: each begins while an earlier one still runs, so that no time of the caller is between them. */
  #step(actions: readonly Action[], caller: PlayedSpan, startUs: number): number {
    let endUs = startUs;
    for (const action of actions) {
      const delayUs = this.#random.below(Math.min(60, Math.floor((endUs - startUs) / 2)) + 1);
      endUs = Math.max(endUs, this.#act(action, caller.service, caller.id, startUs + delayUs));
    }
    return endUs;
  }

  #open({ service, operation, tags }: SpanHead, parentId: string | undefined, startUs: number): PlayedSpan {
    const span = { id: this.#newId(), parentId, service, operation, tags, startUs, endUs: startUs };
    this.#spans.push(span);
    return span;
  }

  #newId(): string {
    let id: string;
    do id = this.#random.next().toString(16).padStart(16, "0");
    while (this.#ids.has(id) || id === "0".repeat(16));
    this.#ids.add(id);
    return id;
  }
}
