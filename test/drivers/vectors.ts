// Reads files of one JSON object a line, compressed or not.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** The lines of a file of JSON lines, `.jsonl` or `.jsonl.gz`; empty ones are kept, so that an index is a line number less one. */
export function readJsonLines(path: string): string[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  return text.trimEnd().split("\n");
}
