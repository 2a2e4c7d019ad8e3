// Progress of long work: one line on stderr, redrawn on a terminal, repeated now and then in a log.
import { isatty } from "node:tty";
import { writeStderr } from "./files.ts";

export type ProgressChoice = "auto" | "bar" | "plain" | "none";

const PLAIN_INTERVAL_MS = 30_000;
const REDRAW_INTERVAL_MS = 100;

/** Shows named pieces of work side by side; each reports a share in [0, 1] and a note. */
export class Progress {
  readonly #mode: "bar" | "plain" | "none";
  readonly #pieces = new Map<string, { share: number; note: string }>();
  #last = 0;
  #drawn = false;

  constructor(choice: ProgressChoice) {
    this.#mode = choice === "auto" ? (isatty(2) ? "bar" : "plain") : choice;
    this.#last = Date.now();
  }

  update(piece: string, share: number, note: string): void {
    this.#pieces.set(piece, { share, note });
    const interval = this.#mode === "bar" ? REDRAW_INTERVAL_MS : PLAIN_INTERVAL_MS;
    if (this.#mode === "none" || Date.now() - this.#last < interval) return;
    this.#last = Date.now();
    const line = [...this.#pieces].map(([name, p]) => `${name} ${Math.floor(100 * p.share)}% ${p.note}`).join("   ");
    writeStderr(this.#mode === "bar" ? `\r\x1b[2K${line.slice(0, 79)}` : `${line}\n`);
    this.#drawn = this.#mode === "bar";
  }

  /** Removes the line. */
  done(): void {
    if (this.#drawn) writeStderr("\r\x1b[2K");
    this.#drawn = false;
  }
}
