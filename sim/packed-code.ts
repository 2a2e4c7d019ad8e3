// Packed code, and its code cache: what V8 compiled of it in an earlier run. V8 compiles a function when it is first called, which takes a
// short run a fifth of its time.
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { dirname } from "node:path";
import { Script } from "node:vm";
import { threadId } from "node:worker_threads";
import { setV8Options } from "./engine/turbo/host.ts";

/** Set in the environment where code caches are to be written, as `npm run build` does (record-code.js). */
const RECORDS = "MESHSIM_RECORD_CODE";
/** A thread that is terminated has no end at which it could write. */
const RECORD_INTERVAL_MS = 50;

/**
 * Runs a file of packed code (CommonJS) with its code cache. Where there is none, or one of other code, of another version of V8 or of other
 * options, V8 compiles anew.
 */
export function runPacked(file: string): void {
  const code = readFileSync(file);
  const cacheFile = `${file}.cache`;
  const cachedData = readCache(cacheFile, code);
  setV8Options();
  const script = new Script(Module.wrap(code.toString()), { filename: file, ...(cachedData && { cachedData }) });
  if (process.env[RECORDS] !== undefined) record(script, cacheFile, code);
  const module = { exports: {} };
  const run = script.runInThisContext() as (...of: readonly unknown[]) => void;
  run.call(module.exports, module.exports, createRequire(file), module, file, dirname(file));
}

/** A code cache's file ends with the digest of its code and of itself: V8 compares no more than lengths and options. */
const digestOf = (code: Buffer, cache: Buffer): Buffer => createHash("sha1").update(code).update(cache).digest();
const DIGEST_BYTES = 20;

function readCache(file: string, code: Buffer): Buffer | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return undefined;
  }
  const end = Math.max(bytes.length - DIGEST_BYTES, 0);
  const cache = bytes.subarray(0, end);
  return digestOf(code, cache).equals(bytes.subarray(end)) ? cache : undefined;
}

/** From now on, and at the thread's end, has the code cache hold what V8 has compiled by then. */
function record(script: Script, file: string, code: Buffer): void {
  const write = (): void => {
    setV8Options();
    const cache = script.createCachedData();
    const partial = `${file}.${process.pid}.${threadId}`;
    writeFileSync(partial, Buffer.concat([cache, digestOf(code, cache)]));
    renameSync(partial, file);
  };
  setInterval(write, RECORD_INTERVAL_MS).unref();
  process.once("exit", write);
}
