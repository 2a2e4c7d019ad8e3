#!/usr/bin/env node
// The process: gives the command line a thread of its own and stays free itself, so that an interrupt is heard at once.
import { rmSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { Interruption } from "../interruption.ts";
import { THREAD_LIMITS } from "../thread-limits.ts";
import type { FileNotice } from "./files.ts";
import { EXIT } from "./exit.ts";

const interruption = new Interruption();
const args = process.argv.slice(2);
const thread = new Worker(new URL("./command-line.js", import.meta.url), {
  argv: args,
  // With --debug, stack traces name the sources.
  ...(args.includes("--debug") && { execArgv: ["--enable-source-maps"] }),
  workerData: { interruption: interruption.memory },
  resourceLimits: THREAD_LIMITS,
});

/** Files that the thread has begun and not yet given their names. */
const unfinished = new Set<string>();
thread.on("message", ({ partial, exists }: FileNotice) => {
  if (exists) unfinished.add(partial);
  else unfinished.delete(partial);
});
thread.on("exit", (status) => (process.exitCode ??= status));
thread.on("error", (error) => end(EXIT.bug.status, `meshsim: internal error: ${error.message}`));

/** Interrupts closer together are one: npx hands on what the terminal has sent already, and `timeout` sends to the group as well. */
const SAME_INTERRUPT_MS = 1000;
let interruptedAt: number | undefined;

process.on("SIGINT", () => {
  if (interruptedAt === undefined) {
    interruptedAt = performance.now();
    interruption.request();
    if (interruption.answered) return; // the command reports what it has, and ends by itself
  } else if (performance.now() - interruptedAt < SAME_INTERRUPT_MS) return;
  void thread.terminate().then(() => end(EXIT.interrupted.status, "\nmeshsim: interrupted, nothing was written"));
});

/** Ends the process now, and leaves no piece of a file behind. */
function end(status: number, message: string): never {
  for (const partial of unfinished) rmSync(partial, { force: true });
  process.stderr.write(`${message} (status ${status})\n`);
  process.exit(status);
}
