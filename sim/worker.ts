// The worker thread's side: runs sessions handed to it by the pool.
import { parentPort } from "node:worker_threads";
import * as Comlink from "comlink";
import { nodeEndpoint } from "./endpoint.ts";
import { runSession, type OnProgress, type SessionResult, type SessionSpec } from "./session.ts";

/** Failures cross the border as values: comlink would strip an error of its class and stack. */
export type Outcome =
  | { readonly kind: "result"; readonly result: SessionResult }
  | { readonly kind: "assertion"; readonly message: string; readonly stack: string };

const api = {
  run(spec: SessionSpec, onProgress: OnProgress): Outcome {
    try {
      return { kind: "result", result: runSession(spec, onProgress) };
    } catch (error) {
      const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
      return { kind: "assertion", message, stack };
    }
  },
};

export type WorkerApi = typeof api;

if (parentPort === null) throw new Error("worker.ts runs in a worker thread only");
Comlink.expose(api, nodeEndpoint(parentPort));
