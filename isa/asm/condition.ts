// Conditional assembly: the stack of .if … .elseif … .else … .endif, and the words that matter while text is skipped.
import { Fault } from "./fault.ts";
import type { Place } from "./source.ts";

interface Level {
  /** Is this arm assembled? */
  active: boolean;
  /** Was an arm assembled already? */
  done: boolean;
  inElse: boolean;
  /** Is the text around assembled? */
  readonly outer: boolean;
  readonly place: Place;
}

const MAX_NESTING = 200;

export class Conditions {
  private readonly levels: Level[] = [];

  get depth(): number {
    return this.levels.length;
  }

  /** Is the text here assembled? */
  get active(): boolean {
    return this.levels.at(-1)?.active ?? true;
  }

  begin(holds: boolean, place: Place): void {
    if (this.levels.length >= MAX_NESTING)
      throw new Fault(`.if is nested deeper than ${MAX_NESTING} levels`, { place });
    const outer = this.active;
    this.levels.push({ active: outer && holds, done: holds, inElse: false, outer, place });
  }

  /** `.else`, or `.elseif` with a test that is made only where it counts. */
  otherwise(what: ".else" | ".elseif", place: Place, test: () => boolean): void {
    const level = this.levels.at(-1);
    if (level === undefined) throw new Fault(`${what} without .if`, { place });
    if (level.inElse) throw new Fault(`${what} after .else`, { place });
    level.inElse = what === ".else";
    level.active = level.outer && !level.done && test();
    level.done ||= level.active;
  }

  end(place: Place): void {
    if (this.levels.pop() === undefined) throw new Fault(".endif without .if", { place });
  }

  /** Leaves the levels begun since `depth`: .exitm. */
  unwind(depth: number): void {
    this.levels.length = Math.min(depth, this.levels.length);
  }

  /** Where the innermost level begun since `depth` began. */
  openedSince(depth: number): Place | undefined {
    return this.levels.length > depth ? this.levels.at(-1)!.place : undefined;
  }
}

/** Directives that begin a conditional. */
export const IF_DIRECTIVES: ReadonlySet<string> = new Set([
  ...[".if", ".ifdef", ".ifndef", ".ifnotdef", ".ifc", ".ifnc", ".ifb", ".ifnb", ".ifeqs", ".ifnes"],
  ...[".ifeq", ".ifne", ".ifgt", ".ifge", ".iflt", ".ifle"],
]);
