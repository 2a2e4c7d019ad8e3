// Reads and writes files for commands; `-` is stdin or stdout, and a result file appears whole or not at all.
import { readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { Failure } from "./failure.ts";

/** The bytes of an input file, or of stdin for `-`. */
export function readInput(path: string): Uint8Array {
  try {
    if (path !== "-" && statSync(path).isDirectory()) throw new Failure("input", `${path}: error: is a directory`);
    return readFileSync(path === "-" ? 0 : path);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure("input", `${path}: error: cannot read the file: ${systemReason(error)}`);
  }
}

/** Writes a result: to stdout for `-`, else to a file beside its final name first. */
export function writeOutput(path: string, content: string | Uint8Array): void {
  if (path === "-") return writeStdout(content);
  const partial = `${path}.partial-${process.pid}`;
  try {
    writeFileSync(partial, content);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw new Failure("input", `${path}: error: cannot write the file: ${systemReason(error)}`);
  }
}

/** Writes all of it before returning, so that a command may exit right after. */
export function writeStdout(content: string | Uint8Array): void {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EPIPE") return; // the reader has what it wants
      if (code !== "EAGAIN") throw error;
    }
  }
}

function systemReason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  const reasons: Record<string, string> = {
    ENOENT: "no such file",
    EACCES: "permission denied",
    EISDIR: "is a directory",
    ENOTDIR: "a part of the path is not a directory",
    ENOSPC: "no space left",
    ERR_FS_FILE_TOO_LARGE: "larger than 2 GiB",
  };
  return (code !== undefined && reasons[code]) || (error as Error).message;
}
