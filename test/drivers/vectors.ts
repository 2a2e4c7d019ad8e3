// Reads vectors that outside judges recorded: compressed files of one JSON object a line, beside the project.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { shared } from "./shared.ts";

/** The vectors of a file under vectors/; undefined where the file is absent, and a test is to be skipped. */
export function readVectors<T>(file: string): readonly T[] | undefined {
  const path = shared(`vectors/${file}`);
  if (path === undefined) return undefined;
  const text = gunzipSync(readFileSync(path)).toString("utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}
