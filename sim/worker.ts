// The worker thread's side: runs sessions handed to it by the pool.
import { setFlagsFromString } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import * as Comlink from "comlink";
import { nodeEndpoint } from "./endpoint.ts";
import { inlinedInto, makeModules, type ModuleMaking } from "./engine/turbo/host.ts";
import { Interruption } from "./interruption.ts";
import { runSession, type OnProgress, type SessionResult, type SessionSpec } from "./session.ts";

/** Given to the thread at its start. */
export interface WorkerData {
  readonly interruption: SharedArrayBuffer;
  readonly modules: ModuleMaking;
}

/** Failures cross the border as values: comlink would strip an error of its class and stack. */
export type Outcome =
  | { readonly kind: "result"; readonly result: SessionResult }
  | { readonly kind: "assertion"; readonly message: string; readonly stack: string };

const REPORT_INTERVAL_MS = 100;

/** Calls it at most so often: each report is a message between threads. */
function sparingly(report: OnProgress): OnProgress {
  let last = 0;
  return (instructions, windows) => {
    const now = Date.now();
    if (now - last < REPORT_INTERVAL_MS) return;
    last = now;
    report(instructions, windows);
  };
}

/**
 * V8's own limit is 920. Optimising has cores of its own where a single session runs, but not beside other sessions: it takes a third less
 * time with this limit, and the code it makes is as fast but for programs that miss their caches all the time (a tenth slower).
 */
const MOST_INLINED_BYTES = 300;
setFlagsFromString(inlinedInto(MOST_INLINED_BYTES));

const data = workerData as WorkerData;
const interruption = new Interruption(data.interruption);
makeModules(data.modules);

const api = {
  run(spec: SessionSpec, onProgress: OnProgress): Outcome {
    try {
      return { kind: "result", result: runSession(spec, interruption, sparingly(onProgress)) };
    } catch (error) {
      const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
      return { kind: "assertion", message, stack };
    }
  },
};

export type WorkerApi = typeof api;

if (parentPort === null) throw new Error("worker.ts runs in a worker thread only");
Comlink.expose(api, nodeEndpoint(parentPort));
