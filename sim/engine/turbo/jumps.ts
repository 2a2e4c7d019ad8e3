// Where jumps to a register have led, as far as the interpreter has executed them: regions follow them there.

/** Jumps that are remembered; then all are forgotten. */
const MAX_JUMPS = 1 << 16;
/** Targets that are remembered of one. */
const MAX_TARGETS = 64;

export class Jumps {
  /** How often a jump has led to a target, by their addresses. */
  readonly #targets = new Map<bigint, Map<bigint, number>>();

  note(from: bigint, target: bigint): void {
    let times = this.#targets.get(from);
    if (times === undefined) {
      if (this.#targets.size >= MAX_JUMPS) this.#targets.clear();
      times = new Map();
      this.#targets.set(from, times);
    }
    const before = times.get(target);
    if (before !== undefined || times.size < MAX_TARGETS) times.set(target, (before ?? 0) + 1);
  }

  /** The targets of a jump, the most frequent first. */
  targets(from: bigint): readonly bigint[] {
    const times = [...(this.#targets.get(from) ?? [])];
    return times.sort(([, a], [, b]) => b - a).map(([target]) => target);
  }
}
