// Runs sessions side by side in worker threads; the results do not depend on how many there are.
import { Worker } from "node:worker_threads";
import * as Comlink from "comlink";
import { nodeEndpoint } from "./endpoint.ts";
import { buffersOf } from "../isa/image.ts";
import type { ModuleMaking } from "./engine/turbo/host.ts";
import type { Interruption } from "./interruption.ts";
import type { OnProgress, SessionResult, SessionSpec } from "./session.ts";
import { THREAD_LIMITS } from "./thread-limits.ts";
import type { WorkerApi, WorkerData } from "./worker.ts";

/** Threads are started when there is work for them, or will be soon, and kept: one that has run something runs the next thing faster. */
export class Pool {
  /** Ends the sessions early, each with what it has counted by then. */
  readonly interruption: Interruption;
  readonly #most: number;
  readonly #threads: SessionThread[] = [];
  readonly #idle: SessionThread[] = [];
  readonly #waiting: ((thread: SessionThread) => void)[] = [];

  /** At most `most` sessions run at once. */
  constructor(most: number, interruption: Interruption) {
    this.#most = most;
    this.interruption = interruption;
  }

  /** Has so many threads load their code by now, for work that is still being prepared. */
  prepare(threads: number): void {
    while (this.#threads.length < Math.min(threads, this.#most)) this.#idle.push(this.#start());
  }

  /**
   * Runs a session, at once if a thread is free; undefined where an interrupt came before one was. The image's bytes move to the
   * thread: here they are gone.
   */
  run(spec: SessionSpec, onProgress: OnProgress): Promise<SessionResult | undefined> {
    const thread = this.#free();
    if (thread !== undefined) return this.#runOn(thread, spec, onProgress);
    return new Promise<SessionThread>((take) => this.#waiting.push(take)).then((next) =>
      this.#runOn(next, spec, onProgress),
    );
  }

  /** Ends the threads, and with them what they run. */
  async end(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }

  async #runOn(thread: SessionThread, spec: SessionSpec, onProgress: OnProgress): Promise<SessionResult | undefined> {
    try {
      return this.interruption.requested ? undefined : await thread.run(spec, onProgress);
    } finally {
      this.#release(thread);
    }
  }

  #free(): SessionThread | undefined {
    if (this.#idle.length > 0) return this.#idle.pop();
    return this.#threads.length === this.#most ? undefined : this.#start();
  }

  #start(): SessionThread {
    const thread = new SessionThread(this.interruption);
    this.#threads.push(thread);
    return thread;
  }

  #release(thread: SessionThread): void {
    const take = this.#waiting.shift();
    if (take === undefined) this.#idle.push(thread);
    else take(thread);
  }
}

/**
 * A session runs much code, each piece of it for a short time. Of 320 requests of three deployments V8's optimisation of larger regions takes
 * 5 to 29 % more of the host's instructions than it saves, and 60 to 110 MB; the loops in which kernels spend their time are smaller.
 */
const MODULES: ModuleMaking = {
  mostOptimisedBytes: 15_000,
  turn: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
};

/** One worker thread. */
class SessionThread {
  readonly #worker: Worker;
  readonly #api: Comlink.Remote<WorkerApi>;
  /** Rejects when the thread dies: a comlink call that is pending then never settles by itself. */
  readonly #death: Promise<never>;

  constructor(interruption: Interruption) {
    const workerData: WorkerData = { interruption: interruption.memory, modules: MODULES };
    const worker = new Worker(workerFile(), { workerData, resourceLimits: THREAD_LIMITS });
    this.#worker = worker;
    this.#api = Comlink.wrap<WorkerApi>(nodeEndpoint(worker));
    this.#death = new Promise<never>((_, reject) => {
      worker.once("error", reject);
      worker.once("exit", (code) => reject(new Error(`a worker thread ended with code ${code}`)));
    });
    this.#death.catch(() => undefined); // an orderly end is no failure
  }

  async run(spec: SessionSpec, onProgress: OnProgress): Promise<SessionResult> {
    const moved = Comlink.transfer(spec, buffersOf(spec.image));
    const outcome = await Promise.race([this.#api.run(moved, Comlink.proxy(onProgress)), this.#death]);
    if (outcome.kind === "result") return outcome.result;
    const error = new Error(outcome.message);
    error.stack = outcome.stack;
    throw error;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** The worker beside this file; the packed one when this file itself runs from its TypeScript source (as under vitest). */
function workerFile(): URL {
  const compiled = import.meta.url.endsWith(".ts") ? "../dist/bin/worker.js" : "./worker.js";
  return new URL(compiled, import.meta.url);
}
