// What answers a miss of a context's TLB: the translations that JavaScript has given, of all contexts, as far as they fit; else it is
// asked.
import { PAGE_BITS, PAGE_BYTES } from "../../machine/memory.ts";
import { GIVEN, GIVEN_AT, STATE, TLB, TLB_KIND_BYTES } from "./layout.ts";
import { element, i32, i64, Statements, type Import, type Local, type Term } from "./terms.ts";
import { I32, I64, type ModuleFunction } from "./wasm.ts";

const { const: word } = i32;

/**
 * `fill(address, access)`: makes a TLB entry for an address if it can; gives the place of the byte, or 0. The access is a kind in its two low
 * bits, and so many bytes above them.
 */
export const FILL_IMPORT = { name: "fill", params: [I64, I32], results: [I32] } as const satisfies Import;
const KIND_BITS = Math.log2(TLB.kinds);

/** Odd, and carries each bit of a page's number to the highest. */
const SPREAD = 0x9e37_79b9_7f4a_7c15n;

/** @param ask - the index of a function like it, which fills no entry. */
export function fillFunction(ask: number): ModuleFunction {
  const f = new Statements(FILL_IMPORT.params);
  const [address, access] = [f.param(0), f.param(1)];
  const kind = f.let(i32.and(access, word(TLB.kinds - 1)));
  const key = f.let(keyOf(address, kind));
  const given = f.let(givenAt(key));
  const delta = f.let(i32.load(given, GIVEN.delta));
  f.if(i32.not(isKnown(given, key, address, access)), () => {
    address.emit(f.code);
    access.emit(f.code);
    const place = f.lets({ type: I32, emit: (code) => code.call(ask) }, [I32])[0]!;
    f.if(i32.not(place), () => f.return(word(0)));
    f.set(delta, i32.sub(place, i32.low(address)));
    // A context that was in force without a number has one now.
    f.set(key, keyOf(address, kind));
    f.set(given, givenAt(key));
    f.store(given, GIVEN.key, key);
    f.store(given, GIVEN.delta, delta);
    f.store(given, GIVEN.generation, i32.at(STATE.generation));
  });
  const page = f.let(i64.shrU(address, i64.const(BigInt(PAGE_BITS))));
  const index = i32.shl(i32.and(i32.low(page), word((1 << TLB.indexBits) - 1)), word(TLB.entryBits));
  const entry = f.let(i32.add(i32.add(i32.at(STATE.tlb), i32.mul(kind, word(TLB_KIND_BYTES))), index));
  f.store(entry, 0, page);
  f.store(entry, TLB.delta, delta);
  i32.add(i32.low(address), delta).emit(f.code);
  return { ...FILL_IMPORT, locals: f.locals, body: f.code, exportName: FILL_IMPORT.name };
}

/** The page, the context in force, and the kind: the latter two are less than the bytes of a page. */
function keyOf(address: Term, kind: Term): Term {
  const context = i32.shl(i32.at(STATE.context), word(KIND_BITS));
  return i64.or(i64.and(address, i64.const(BigInt(-PAGE_BYTES))), i64.of(i32.or(context, kind)));
}

function givenAt(key: Term): Term {
  const hash = i64.shrU(i64.mul(key, i64.const(SPREAD)), i64.const(BigInt(64 - GIVEN.indexBits)));
  return element(GIVEN_AT, i32.low(hash), GIVEN.bits);
}

/** Is the translation there, of all bytes of the access? */
function isKnown(given: Local, key: Local, address: Local, access: Local): Term {
  const lastByte = i64.add(address, i64.of(i32.sub(i32.shrU(access, word(KIND_BITS)), word(1))));
  const otherPage = i64.shrU(i64.xor(lastByte, address), i64.const(BigInt(PAGE_BITS)));
  const isSame = i64.isZero(i64.or(i64.xor(i64.load(given, GIVEN.key), key), otherPage));
  return i32.and(isSame, i32.eq(i32.load(given, GIVEN.generation), i32.at(STATE.generation)));
}
