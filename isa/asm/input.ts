// Where statements come from: files, includes, macro expansions and repetitions, innermost first, with limits.
import { Fault } from "./fault.ts";
import type { Place, Statement } from "./source.ts";

export interface Frame {
  readonly kind: "file" | "macro" | "repeat";
  /** The next stretch of statements: a file or expansion has one, a repetition one a round; undefined at the end. */
  readonly more: () => readonly Statement[] | undefined;
  /** Depth of .if where the frame began. */
  readonly conditions: number;
  /** Of a file: its name, for include cycles. */
  readonly name?: string | undefined;
}

interface OpenFrame extends Frame {
  statements: readonly Statement[];
  index: number;
}

/** Macros in macros, files in files. */
const MAX_FRAMES = 200;
/** Statements that expansions may make in all. */
const MAX_EXPANDED = 500_000;
const TOO_MANY = `expansions make more than ${MAX_EXPANDED} statements`;

export class Input {
  private readonly frames: OpenFrame[] = [];
  private expanded = 0;
  private stopped = false;
  private readonly onEnd: (frame: Frame) => void;

  /** `onEnd` is told of each frame that was read to its end. */
  constructor(onEnd: (frame: Frame) => void) {
    this.onEnd = onEnd;
  }

  push(frame: Frame, place?: Place): void {
    if (this.stopped) return;
    if (this.frames.length >= MAX_FRAMES) {
      const names = this.frames.filter((f) => f.kind === "file").map((f) => f.name);
      const why = frame.kind === "file" ? `.include is nested too deeply: ${names.slice(-3).join(" → ")} …` : "";
      throw new Fault(why || `macros are nested deeper than ${MAX_FRAMES} levels`, {
        place,
        hint: why ? "does a file include itself?" : "does a macro call itself without end?",
      });
    }
    const { kind, more, conditions, name } = frame;
    this.frames.push({ kind, more, conditions, name, statements: [], index: 0 });
  }

  next(): Statement | undefined {
    for (;;) {
      const frame = this.frames.at(-1);
      if (frame === undefined) return undefined;
      if (frame.index < frame.statements.length) {
        const statement = frame.statements[frame.index]!;
        frame.index += 1;
        if (frame.kind !== "file") this.countExpanded(statement);
        return statement;
      }
      const more = frame.more();
      if (more === undefined) {
        this.frames.pop();
        this.onEnd(frame);
      } else {
        frame.statements = more;
        frame.index = 0;
      }
    }
  }

  /** The next statement of the innermost frame alone: a body does not reach across frames. */
  nextHere(): Statement | undefined {
    const frame = this.frames.at(-1)!;
    return frame.index < frame.statements.length ? frame.statements[frame.index++] : undefined;
  }

  private countExpanded(statement: Statement): void {
    this.expanded += 1;
    if (this.expanded <= MAX_EXPANDED) return;
    this.frames.length = 0;
    throw new Fault(TOO_MANY, { place: { statement, at: 0 } });
  }

  /** Refuses a repetition that would go beyond the limit, before it begins. */
  checkRepetition(rounds: number, statements: number, place: Place): void {
    if (rounds * statements > MAX_EXPANDED - this.expanded) throw new Fault(TOO_MANY, { place });
  }

  /** Leaves the innermost macro, or the innermost repetition outside macros; returns its depth of .if. */
  exit(): number | undefined {
    let i = this.frames.findLastIndex((f) => f.kind === "macro");
    if (i < 0) i = this.frames.findLastIndex((f) => f.kind === "repeat");
    if (i < 0) return undefined;
    const { conditions } = this.frames[i]!;
    this.frames.length = i;
    return conditions;
  }

  /** Leaves everything, the files to come too: .end. */
  stop(): void {
    this.frames.length = 0;
    this.stopped = true;
  }
}

/** A frame that gives a file's statements once. */
export function fileFrame(statements: readonly Statement[], name: string, conditions: number): Frame {
  let left: readonly Statement[] | undefined = statements;
  const more = (): readonly Statement[] | undefined => {
    const all = left;
    left = undefined;
    return all;
  };
  return { kind: "file", more, conditions, name };
}
