// The code that has the scripts numbered of pieces that generated code comes to first, and of what comes before a point, as `Pieces` does.
import { FETCH_WORDS } from "../../timing/script.ts";
import { COUNTED } from "../../timing/script-counts.ts";
import type { PieceTables } from "./own-functions.ts";
import { ACCESS, NOTHING_BEFORE, POINT, POINT_INDEX, UNKNOWN } from "./points.ts";
import { OUTCOME_BITS, OUTCOME_SHIFT, PIECE, ROW_SHIFT } from "./rows.ts";
import { BLOCK_STEPS, ROW_STEPS, ROW_STEPS_SHIFT } from "./step-table.ts";
import {
  element,
  i32,
  WORD_SHIFT,
  type Callee,
  type Functions,
  type Local,
  type Statements,
  type Term,
} from "./terms.ts";
import { I32 } from "./wasm.ts";

const { const: word } = i32;
const ELSEWHERE = COUNTED.indexOf("elsewhere");

export interface PieceScripts {
  /** `ofPiece(entry)`: the script of an entry's piece, from now on known of its row; less than 0 where that is left to `Pieces`. */
  readonly ofPiece: Callee;
  /** `tellAccess(record, row)`: has a point know its script, and that of what comes before it in the piece of a row; 0 as above. */
  readonly tellAccess: Callee;
  /** `tellFetch(record, row)`: the same of the point of a fetch. */
  readonly tellFetch: Callee;
}

type Tables = Pick<PieceTables, "rows" | "steps">;

export function pieceScripts(module: Functions, tables: Tables): PieceScripts {
  const makeSteps = module.imported("makeSteps");
  const fetch = (_: Local, category: Term): Term =>
    makeSteps(word(tables.steps.fetchAt), word(1 + FETCH_WORDS), word(0), category, word(ELSEWHERE));
  const access = (at: Local, category: Term): Term => makeSteps(at, word(1), word(0), category, word(ELSEWHERE));
  return {
    ofPiece: ofPieceFunction(module, tables, makeSteps),
    tellAccess: tellFunction(module, tables, makeSteps, access),
    tellFetch: tellFunction(module, tables, makeSteps, fetch),
  };
}

/** What is known of a row's piece: where the words lie of a place of its block. */
class PieceSteps {
  readonly block: Local;
  readonly from: Local;

  constructor(f: Statements, row: Term, { steps }: Tables) {
    const at = f.let(element(steps.rowsAt, row, ROW_STEPS_SHIFT));
    this.block = f.let(i32.load(at, ROW_STEPS.block));
    this.from = f.let(i32.load(at, ROW_STEPS.from));
  }

  of(name: keyof typeof BLOCK_STEPS): Term {
    return i32.load(this.block, BLOCK_STEPS[name]);
  }

  wordsAt(place: Term): Term {
    return i32.add(i32.add(this.block, word(BLOCK_STEPS.words)), i32.shl(place, word(WORD_SHIFT)));
  }
}

function ofPieceFunction(module: Functions, tables: Tables, makeSteps: Callee): Callee {
  return module.define([I32], I32, (f, entry) => {
    const offset = f.let(i32.sub(entry, word(tables.rows.at)));
    const piece = new PieceSteps(f, i32.shrU(offset, word(ROW_SHIFT)), tables);
    f.if(i32.not(piece.block), () => f.return(word(UNKNOWN)));
    const count = i32.sub(piece.of("steps"), piece.from);
    const outcome = i32.and(i32.shrU(offset, word(OUTCOME_SHIFT)), word(2 ** OUTCOME_BITS - 1));
    const words = piece.wordsAt(piece.from);
    const script = f.let(makeSteps(words, count, outcome, piece.of("category"), piece.of("counted")));
    f.store(i32.and(entry, word(-1 << OUTCOME_SHIFT)), PIECE.script, script);
    return script;
  });
}

/** @param own - the script of what the point asks about, on time: of the words at a place, of a category. */
function tellFunction(
  module: Functions,
  tables: Tables,
  makeSteps: Callee,
  own: (at: Local, category: Term) => Term,
): Callee {
  return module.define([I32, I32], I32, (f, record, row) => {
    const unknown = (): void => f.return(word(0));
    const piece = new PieceSteps(f, row, tables);
    f.if(i32.not(piece.block), unknown);
    const flags = f.let(i32.load(record, POINT.flags));
    f.if(i32.and(flags, word(ACCESS.asks)), unknown);
    const index = f.let(i32.shrU(flags, word(POINT_INDEX)));
    const before = f.let(word(NOTHING_BEFORE));
    f.if(i32.lt(piece.from, index), () => {
      const count = i32.sub(index, piece.from);
      const words = piece.wordsAt(piece.from);
      f.set(before, makeSteps(words, count, word(0), piece.of("category"), piece.of("counted")));
      f.if(i32.eq(before, word(UNKNOWN)), unknown);
    });
    const onTime = f.let(own(f.let(piece.wordsAt(index)), piece.of("category")));
    f.if(i32.eq(onTime, word(UNKNOWN)), unknown);
    f.store(record, POINT.onTime, onTime);
    f.store(scriptPlace(record, row), 0, before);
    return word(1);
  });
}

/** Where the script is of what comes before a point's instruction in a piece that begins with a row. */
export const scriptPlace = (record: Term, row: Term): Term =>
  i32.add(i32.load(record, POINT.scripts), i32.shl(row, word(WORD_SHIFT)));
