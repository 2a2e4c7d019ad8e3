// What a judge says of a file of vectors: how many passed, which failed and where, and what could not be judged and why.

/** A vector that our machine does not agree with. */
export interface VectorFailure {
  /** Line of the file, from 1. */
  readonly line: number;
  /** The instruction, disassembled, or what was computed. */
  readonly subject: string;
  readonly differences: readonly { readonly what: string; readonly expected: string; readonly found: string }[];
}

export interface Verdict {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  /** Vectors not judged, by reason; a whole file that is not judged counts as one. */
  readonly skipped: ReadonlyMap<string, number>;
  /** The first failures. */
  readonly failures: readonly VectorFailure[];
}

const FAILURES_KEPT = 5;

/** Counts the vectors of one file. */
export class Tally {
  readonly #skipped = new Map<string, number>();
  readonly #failures: VectorFailure[] = [];
  #passed = 0;
  #failed = 0;

  pass(): void {
    this.#passed += 1;
  }
  fail(failure: VectorFailure): void {
    this.#failed += 1;
    if (this.#failures.length < FAILURES_KEPT) this.#failures.push(failure);
  }
  skip(reason: string, count = 1): void {
    this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + count);
  }
  verdict(file: string): Verdict {
    return { file, passed: this.#passed, failed: this.#failed, skipped: this.#skipped, failures: this.#failures };
  }
}

/** One line for the file, then its first failures: place, subject, and each difference. */
export function verdictText(v: Verdict): string[] {
  const reasons = [...v.skipped].map(([reason, count]) => `${count} ${reason}`).join("; ");
  const skipped = [...v.skipped.values()].reduce((sum, count) => sum + count, 0);
  const counts = `passed ${v.passed}, failed ${v.failed}, skipped ${skipped}`;
  return [
    `${v.file}: ${counts}${reasons === "" ? "" : ` (${reasons})`}`,
    ...v.failures.flatMap((f) => [
      `${v.file}:${f.line}: ${f.subject}`,
      ...f.differences.map((d) => `    ${d.what}: expected ${d.expected}, found ${d.found}`),
    ]),
  ];
}
