// Runs sessions side by side in worker threads; the results do not depend on how many there are.
import { Worker } from "node:worker_threads";
import * as Comlink from "comlink";
import { nodeEndpoint } from "./endpoint.ts";
import type { OnProgress, SessionResult, SessionSpec } from "./session.ts";
import type { WorkerApi } from "./worker.ts";

/** A named session of a batch. */
export interface Job {
  readonly name: string;
  readonly spec: SessionSpec;
}

export type OnJobProgress = (name: string, instructions: number, readings: number) => void;

/** Runs every job, at most `workers` at once, and returns results in the order of the jobs. */
export async function runJobs(
  jobs: readonly Job[],
  workers: number,
  onProgress: OnJobProgress,
): Promise<SessionResult[]> {
  const results: SessionResult[] = [];
  let next = 0;
  const serve = async (): Promise<void> => {
    const thread = new SessionThread();
    try {
      while (next < jobs.length) {
        const index = next;
        next += 1;
        const { name, spec } = jobs[index]!;
        results[index] = await thread.run(spec, (instructions, readings) => onProgress(name, instructions, readings));
      }
    } finally {
      await thread.end();
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, jobs.length) }, serve));
  return results;
}

/** One worker thread. */
class SessionThread {
  readonly #worker = new Worker(workerFile());
  readonly #api = Comlink.wrap<WorkerApi>(nodeEndpoint(this.#worker));
  /** Rejects when the thread dies: a comlink call that is pending then never settles by itself. */
  readonly #death = new Promise<never>((_, reject) => {
    this.#worker.once("error", reject);
    this.#worker.once("exit", (code) => reject(new Error(`a worker thread ended with code ${code}`)));
  });

  constructor() {
    this.#death.catch(() => undefined); // an orderly end is no failure
  }

  async run(spec: SessionSpec, onProgress: OnProgress): Promise<SessionResult> {
    const outcome = await Promise.race([this.#api.run(spec, Comlink.proxy(onProgress)), this.#death]);
    if (outcome.kind === "result") return outcome.result;
    const error = new Error(outcome.message);
    error.stack = outcome.stack;
    throw error;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** The compiled worker, also when this file itself runs from its TypeScript source (as under vitest). */
function workerFile(): URL {
  const compiled = import.meta.url.endsWith(".ts") ? "../dist/sim/worker.js" : "./worker.js";
  return new URL(compiled, import.meta.url);
}
