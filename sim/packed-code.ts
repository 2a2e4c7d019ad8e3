// Packed code, and its code cache: what V8 compiled of it in an earlier run. V8 compiles a function when it is first called, which takes a
// short run a fifth of its time.
import { createHash } from "node:crypto";
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { dirname } from "node:path";
import { Script } from "node:vm";
import { threadId } from "node:worker_threads";
import { setV8Options } from "./engine/turbo/host.ts";

/** Set in the environment where code caches are to be written, as `npm run build` does (record-code.js). */
export const RECORDS = "MESHSIM_RECORD_CODE";
/** A thread that is terminated has no end at which it could write. */
const RECORD_INTERVAL_MS = 50;

/**
 * Runs a file of packed code (CommonJS) with its code cache. Where there is none, or one of other code, of another build of Node or of other
 * options of V8, it is compiled anew.
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

/** Tells this build of Node from all others. */
function hostBuild(): string {
  const { versions, config, arch, platform, execPath } = process;
  const { size, mtimeMs } = statSync(execPath);
  return JSON.stringify([versions, config, arch, platform, size, mtimeMs]);
}

/**
 * What a code cache's file ends with. V8 itself compares its version's number, its options and how long the code is: it executes what it
 * compiled of other code of that length, and has crashed with what another build of the same version compiled (Node 20.19.6 and 20.20.2).
 */
export function digestOf(code: string | Buffer, cache: Buffer, build = hostBuild()): Buffer {
  return createHash("sha1").update(build).update(code).update(cache).digest();
}
export const DIGEST_BYTES = 20;

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
