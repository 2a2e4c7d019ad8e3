// Switches between contexts without JavaScript: what a trap, a return or a write of satp or mstatus leaves of the hart's state says
// which context is in force. The one that was last in each mode is looked at first, then a hash table, which knows its number if the engine
// has been in it before.
import { MSTATUS, MSTATUS_HIGH } from "../../machine/hart.ts";
import { HELD } from "../../machine/held.ts";
import { CONTEXT_SLOT, CONTEXT_SLOTS_AT, HELD_AT, LAST_CONTEXTS_AT, STATE, TLB_BYTES, tlbAt } from "./layout.ts";
import { rarelyIfAny, type Sign } from "./rarely.ts";
import { element, i32, i64, type Functions, type Local, type Statements, type Term } from "./terms.ts";
import { I32 } from "./wasm.ts";

const { const: word } = i32;

const { SUM, MXR, MPRV, MPP } = MSTATUS;
const { YRGE, SYRG, UYRG } = MSTATUS_HIGH;
/**
 * Fields of mstatus that translation always depends on (Hart.translation); on MPP it does while MPRV is set. ADUE is asked for in walks
 * alone, and those are the machine's, which catches up before.
 */
const FIELDS = BigInt(SUM | MXR | MPRV) | (BigInt(YRGE | SYRG | UYRG) << 32n);
/** Odd multipliers that carry each bit to the highest. */
const SPREAD = 0x9e37_79b9_7f4a_7c15n;
const SPREAD_ALL = 0xd6e8_feb8_6659_fd93n;

interface Key {
  readonly satp: Local;
  readonly rest: Local;
}

type Defined = Parameters<Functions["add"]>;

/**
 * `enter()`: puts the context of the hart's state in force and gives 1; 0 where its number is not known. That of the same mode before is
 * mostly it.
 */
export const enterContextFunction: Defined = [
  { params: [], results: [I32] },
  (f) => {
    const key = keyOf(f);
    const last = f.let(element(LAST_CONTEXTS_AT, i32.low(held(HELD.mode)), CONTEXT_SLOT.bits));
    rarelyIfAny(f.code, otherThan(f, last, key), () => {
      const slot = slotFor(f, key);
      rarelyIfAny(f.code, otherThan(f, slot, key), () => {
        f.storeAt(STATE.context, word(-1));
        f.return(word(0));
      });
      for (let at = 0; at < CONTEXT_SLOT.bytes; at += 8) f.store(last, at, i64.load(slot, at));
    });
    const number = f.let(i32.load(last, CONTEXT_SLOT.number));
    f.storeAt(STATE.context, number);
    f.storeAt(STATE.asid, i32.load(last, CONTEXT_SLOT.asid));
    f.storeAt(STATE.tlb, i32.add(i32.mul(number, word(TLB_BYTES)), word(tlbAt(0))));
    f.storeAt(STATE.tag, i32.add(number, i32.at(STATE.tags)));
    f.return(word(1));
  },
];

/** `noteContext(number, asid)`: that is the context of the hart's state. */
export const noteContextFunction: Defined = [
  { params: [I32, I32], results: [] },
  (f, number, asid) => {
    const key = keyOf(f);
    const slot = slotFor(f, key);
    f.store(slot, 0, key.satp);
    f.store(slot, CONTEXT_SLOT.rest, key.rest);
    f.store(slot, CONTEXT_SLOT.number, number!);
    f.store(slot, CONTEXT_SLOT.asid, asid!);
  },
  "noteContext",
];

const held = (at: number): Term => i64.at(HELD_AT + at);

/** What translation depends on. */
function keyOf(f: Statements): Key {
  const satp = f.let(held(HELD.satp));
  const mstatus = f.let(held(HELD.mstatus));
  const rest = f.let(i64.or(i64.and(mstatus, i64.const(FIELDS)), held(HELD.mode)));
  f.rarely(i32.low(i64.and(mstatus, i64.const(BigInt(MPRV)))), () => {
    f.set(rest, i64.or(rest, i64.and(mstatus, i64.const(BigInt(MPP)))));
  });
  return { satp, rest };
}

/** The slot where a context would be named. */
function slotFor(f: Statements, { satp, rest }: Key): Local {
  const hash = i64.mul(i64.xor(i64.mul(rest, i64.const(SPREAD)), satp), i64.const(SPREAD_ALL));
  return f.let(
    element(
      CONTEXT_SLOTS_AT,
      i32.low(i64.shrU(hash, i64.const(BigInt(64 - CONTEXT_SLOT.indexBits)))),
      CONTEXT_SLOT.bits,
    ),
  );
}

/** Signs that a slot names another context. */
const otherThan = ({ code }: Statements, slot: Local, { satp, rest }: Key): Sign[] =>
  [i64.ne(i64.load(slot), satp), i64.ne(i64.load(slot, CONTEXT_SLOT.rest), rest)].map((sign) => () => sign.emit(code));
