// The function that generated code calls for a data access which is not to the most recently used line and page, or to a line that may be on
// its way. If it is on time nonetheless there is nothing more to do; else it goes on as late.
import { NOT_ASKED } from "../../timing/dynamic.ts";
import type { GeneratedTiming } from "../../timing/generated.ts";
import { VIRT_MASK } from "../data.ts";
import { pageOf } from "./late-page.ts";
import type { LateAccessCode } from "./late-access.ts";
import type { OwnFunctions, PieceTables } from "./own-functions.ts";
import { ACCESS, POINT, POINT_SHIFT } from "./points.ts";
import { ANSWER, busyBefore, QUESTIONS, spill, spilled } from "./questions.ts";
import { dropped, element, f64, i32, i64, type Callee, type Functions } from "./terms.ts";
import { lineOf } from "./timing-functions.ts";
import { F64, I32, I64 } from "./wasm.ts";

const { const: word } = i32;

/**
 * `access(point, row, addr, place, age, clock, state)`: an access goes through, of which a point tells, in the piece that began with a row;
 * `age` is the least overlap age of the loads before it in that. Where it is aligned, its page and its line are at hand, and the line was
 * not on its way when the piece began (`Cache.holds`), it is on time. What of page and line is there is the most recently used then, and
 * the line dirty if it is written, as they will be in either case; else it goes on as late. Gives clock and state behind it, and an
 * answer (`ANSWER`).
 */
export function defineAccess(
  module: Functions,
  timing: GeneratedTiming,
  { points }: Pick<PieceTables, "points">,
  { l1d, dataPage, askAccess }: OwnFunctions,
  late: LateAccessCode,
): void {
  const { fastPaths, ramBase } = timing;
  const { earlyCycles } = fastPaths;
  module.add(
    QUESTIONS.access,
    (f, ...params) => {
      const [point, row, addr, place, , clock, state] = params;
      const record = f.let(element(points.at, point!, POINT_SHIFT));
      const flags = f.let(i32.load(record, POINT.flags));
      const last = f.let(i32.load(record, POINT.last));
      const ask = (): void => f.return(askAccess(point!, row!, addr!, place!, f64.const(NOT_ASKED), clock!, state!));
      const leaf = dataPage.find(f, i32.and(flags, word(ACCESS.translated)), f.let(pageOf(addr!)), ask);
      const found = l1d.find(f, f.let(lineOf(place!, ramBase, fastPaths.l1d)));
      f.block((isLate) => {
        f.rarely(dataPage.isMissing(leaf), isLate);
        f.rarely(i32.and(place!, last), isLate);
        if (fastPaths.l1d.fills === undefined) f.rarely(f64.gt(busyBefore(timing), clock!), isLate);
        const earliest = earlyCycles > 0 ? f64.sub(clock!, f64.const(earlyCycles)) : clock!;
        l1d.touch(f, found, i32.and(flags, word(ACCESS.writes)), earliest, isLate);
        f.return(clock!, state!, word(ANSWER.onTime));
      });
      // What the line's data are for the guest, they are for the host: it gets them while it goes through the rest.
      f.do(dropped(i32.load(place!)));
      late(f, params, { record, flags, last, leaf, found });
    },
    "access",
  );
}

/** `askAccess(point, row, addr, place, translateCycles, clock, state)`: has `Pieces.ask` do all of it. */
export function askAccessFunction(module: Functions, timing: GeneratedTiming): Callee {
  const { results } = QUESTIONS.access;
  return module.add({ params: [I32, I32, I64, I32, F64, F64, I32], results }, (f, ...params) => {
    const [point, row, addr, place, translateCycles, clock, state] = params;
    spill(f, timing, clock!, state!);
    const virt = f64.ofLong(i64.and(addr!, i64.const(VIRT_MASK)));
    const answer = f.let(module.imported("ask")(point!, row!, virt, place!, translateCycles!));
    f.return(...spilled(timing), answer);
  });
}
