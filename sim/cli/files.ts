// Reads and writes files for commands; `-` is stdin or stdout, and a result file appears whole or not at all.
import { accessSync, constants, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { parentPort } from "node:worker_threads";
import { Failure } from "./failure.ts";

/** What a thread tells the process of a file that has no name of its own yet, so that an interrupt leaves no piece of it. */
export interface FileNotice {
  readonly partial: string;
  readonly exists: boolean;
}

/** The name under which a file is written until it is whole. */
export function beginFile(path: string): string {
  const partial = `${path}.partial-${process.pid}`;
  notify({ partial, exists: true });
  return partial;
}

/** Gives a whole file its own name. */
export function finishFile(partial: string, path: string): void {
  renameSync(partial, path);
  notify({ partial, exists: false });
}

export function discardFile(partial: string): void {
  rmSync(partial, { force: true });
  notify({ partial, exists: false });
}

const notify = (notice: FileNotice): void => parentPort?.postMessage(notice);

/** The bytes of an input file, or of stdin for `-`. */
export function readInput(path: string): Uint8Array {
  try {
    if (path !== "-" && statSync(path).isDirectory())
      throw new Failure("input", `${path}: error: is a directory (status 3)`);
    return readFileSync(path === "-" ? 0 : path);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure("input", `${path}: error: cannot read the file: ${systemReason(error)} (status 3)`);
  }
}

/**
 * Refuses, before any work is done, a result file that could not be written, or that is the input itself.
 *
 * @param option as the user wrote it: `--json`
 * @param input the input's path; `-` where there is none, or it is stdin
 */
export function checkOutput(option: string, path: string | undefined, input = "-"): void {
  if (path === undefined || path === "-") return;
  const refuse = (reason: string): never => {
    throw new Failure("usage", `meshsim: ${option} ${path}: cannot write the file: ${reason} (status 2)`);
  };
  if (path === "") refuse("it has no name");
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    refuse(`its folder: ${systemReason(error)}`);
  }
  const file = statSync(path, { throwIfNoEntry: false });
  if (file?.isDirectory()) refuse("is a directory");
  const source = input === "-" ? undefined : statSync(input, { throwIfNoEntry: false });
  if (file && source && file.ino === source.ino && file.dev === source.dev) refuse("it is the input");
}

/** Writes a result: to stdout for `-`, else to a file beside its final name first. */
export function writeOutput(path: string, content: string | Uint8Array): void {
  if (path === "-") return writeStdout(content);
  const partial = beginFile(path);
  try {
    writeFileSync(partial, content);
    finishFile(partial, path);
  } catch (error) {
    discardFile(partial);
    throw new Failure("usage", `${path}: error: cannot write the file: ${systemReason(error)} (status 2)`);
  }
}

export const writeStdout = (content: string | Uint8Array): void => writeWhole(1, "stdout", content);
export const writeStderr = (content: string): void => writeWhole(2, "stderr", content);

const RETRY_MS = 5;
const pause = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Writes all of it before returning, so that a command may exit right after. */
function writeWhole(file: number, name: string, content: string | Uint8Array): void {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(file, bytes, done);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EPIPE") return; // the reader has what it wants
      if (code !== "EAGAIN")
        throw new Failure("usage", `${name}: error: cannot write: ${systemReason(error)} (status 2)`);
      Atomics.wait(pause, 0, 0, RETRY_MS); // the pipe is full
    }
  }
}

function systemReason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  const reasons: Record<string, string> = {
    ENOENT: "no such file or folder",
    EACCES: "permission denied",
    EISDIR: "is a directory",
    ENOTDIR: "a part of the path is not a directory",
    ENOSPC: "no space left",
    ERR_FS_FILE_TOO_LARGE: "larger than 2 GiB",
  };
  return (code !== undefined && reasons[code]) || (error as Error).message;
}
