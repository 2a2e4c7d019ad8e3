// Switches between contexts without JavaScript: what a trap, a return or a write of satp or mstatus leaves of the hart's state says
// which context is in force, and a hash table knows its number if the engine has been in it before.
import { MSTATUS, MSTATUS_HIGH } from "../../machine/hart.ts";
import { HELD } from "../../machine/held.ts";
import { CONTEXT_SLOT, CONTEXT_SLOTS_AT, HELD_AT, STATE, TLB_BYTES, tlbAt } from "./layout.ts";
import { Code, I32, I64, Op, VOID, type ModuleFunction } from "./wasm.ts";

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

interface Locals {
  readonly satp: number;
  readonly rest: number;
  readonly slot: number;
}

/** `enter()`: puts the context of the hart's state in force and gives 1; 0 where its number is not known. */
export function enterContextFunction(): ModuleFunction {
  const locals: Locals = { satp: 0, rest: 1, slot: 2 };
  const { satp, rest, slot } = locals;
  const code = findSlot(new Code(), locals);
  const inSlot = (opcode: number, offset: number): Code => code.local(Op.localGet, slot).memory(opcode, offset);
  inSlot(Op.i64Load, 0).local(Op.localGet, satp).op(Op.i64Eq);
  inSlot(Op.i64Load, CONTEXT_SLOT.rest).local(Op.localGet, rest).op(Op.i64Eq);
  code.op(Op.i32And).op(Op.i32Eqz).op(Op.if).byte(VOID);
  code.i32(0).i32(-1).memory(Op.i32Store, STATE.context).i32(0).op(Op.return).op(Op.end);
  code.i32(0);
  inSlot(Op.i32Load, CONTEXT_SLOT.number).memory(Op.i32Store, STATE.context);
  code.i32(0);
  inSlot(Op.i32Load, CONTEXT_SLOT.asid).memory(Op.i32Store, STATE.asid);
  code.i32(0);
  inSlot(Op.i32Load, CONTEXT_SLOT.number).i32(TLB_BYTES).op(Op.i32Mul).i32(tlbAt(0)).op(Op.i32Add);
  code.memory(Op.i32Store, STATE.tlb).i32(0);
  inSlot(Op.i32Load, CONTEXT_SLOT.number).i32(0).memory(Op.i32Load, STATE.tags).op(Op.i32Add);
  code.memory(Op.i32Store, STATE.tag);
  code.i32(1);
  return { params: [], results: [I32], locals: [I64, I64, I32], body: code };
}

/** `noteContext(number, asid)`: that is the context of the hart's state. */
export function noteContextFunction(): ModuleFunction {
  const [number, asid] = [0, 1];
  const locals: Locals = { satp: 2, rest: 3, slot: 4 };
  const { satp, rest, slot } = locals;
  const code = findSlot(new Code(), locals);
  const slotAnd = (local: number): Code => code.local(Op.localGet, slot).local(Op.localGet, local);
  slotAnd(satp).memory(Op.i64Store, 0);
  slotAnd(rest).memory(Op.i64Store, CONTEXT_SLOT.rest);
  slotAnd(number).memory(Op.i32Store, CONTEXT_SLOT.number);
  slotAnd(asid).memory(Op.i32Store, CONTEXT_SLOT.asid);
  return { params: [I32, I32], results: [], locals: [I64, I64, I32], body: code, exportName: "noteContext" };
}

/** Puts what translation depends on, and the slot where its context would be named, in locals. */
function findSlot(code: Code, { satp, rest, slot }: Locals): Code {
  const held = (at: number): Code => code.i32(0).memory(Op.i64Load, HELD_AT + at);
  held(HELD.satp).local(Op.localSet, satp);
  held(HELD.mstatus).local(Op.localTee, rest).i64(FIELDS).op(Op.i64And);
  code.local(Op.localGet, rest).i64(BigInt(MPP)).op(Op.i64And).i64(0n);
  code.local(Op.localGet, rest).i64(BigInt(MPRV)).op(Op.i64And).i64(0n).op(Op.i64Ne).op(Op.select);
  held(HELD.mode).op(Op.i64Or).op(Op.i64Or).local(Op.localTee, rest);
  code.i64(SPREAD).op(Op.i64Mul).local(Op.localGet, satp).op(Op.i64Xor).i64(SPREAD_ALL).op(Op.i64Mul);
  code
    .i64(BigInt(64 - CONTEXT_SLOT.indexBits))
    .op(Op.i64ShrU)
    .op(Op.i32WrapI64);
  code.i32(CONTEXT_SLOT.bits).op(Op.i32Shl).i32(CONTEXT_SLOTS_AT).op(Op.i32Add);
  return code.local(Op.localSet, slot);
}
