// Writes the function of an operation: the meaning of an instruction, with operands that a record tells.
import type { Op as DecodedOp } from "../code.ts";
import type { Surroundings } from "./function.ts";
import { UNTRANSLATABLE } from "./emit.ts";
import { ExprWriter } from "./expr.ts";
import { STATE } from "./layout.ts";
import { MemoryPath, movesCapability } from "./memory-path.ts";
import { DEPENDS_ON_IMMEDIATE, OperationTranslator, standIns, type Immediate } from "./operation-translator.ts";
import { CAPABILITY, RETIRE } from "./retire-record.ts";
import { SHARED_CALLS } from "./runtime.ts";
import { Code, I32, Op, type ModuleFunction, type Signature, type ValueType } from "./wasm.ts";

/** `(record)`: gives one of `Outcome`. */
const OPERATION_TYPE: Signature = { params: [I32], results: [I32] };

/** What does not change while a machine runs. */
export interface OperationSurroundings extends Pick<
  Surroundings,
  "capabilityMode" | "tagged" | "zylevels1" | "instructionAlignment" | "trapsMisaligned" | "layout" | "ramBase"
> {
  /** Timing wants to know of accesses (retire-record.ts). */
  readonly timed: boolean;
}

/**
 * The function of all instructions that differ from one in nothing but registers and, where it may be any, the immediate. What else there
 * may be: the function depends on the immediate; JavaScript executes the instruction.
 */
export function operationFunction(
  op: DecodedOp,
  immediate: Immediate,
  surroundings: OperationSurroundings,
): ModuleFunction | "depends" | undefined {
  try {
    return write(op, immediate, surroundings);
  } catch (error) {
    if (error === UNTRANSLATABLE) return undefined;
    if (error === DEPENDS_ON_IMMEDIATE) return "depends";
    throw error;
  }
}

function write(op: DecodedOp, immediate: Immediate, surroundings: OperationSurroundings): ModuleFunction {
  const locals: ValueType[] = [];
  const newLocal = (type: ValueType): number => locals.push(type); // parameter 0 comes before
  const writer = new ExprWriter(newLocal);
  const m = new OperationTranslator({ ...surroundings, writer, bytes: op.bytes });
  const tlb = newLocal(I32);
  const path = { ...surroundings, direct: false, tlb, fill: SHARED_CALLS.fill };
  m.memory = new MemoryPath(path, writer, () => m.leave());
  let accesses = false;
  m.memory.onAccess = (addr, place, bytes, access) => {
    accesses = true;
    if (!surroundings.timed) return;
    const { code } = writer;
    code
      .i32(0)
      .i32(movesCapability(access) ? bytes | CAPABILITY : bytes)
      .memory(Op.i32Store, RETIRE.access);
    code.i32(0).local(Op.localGet, place).memory(Op.i32Store, RETIRE.dataPlace).i32(0);
    writer.wide(addr);
    code.memory(Op.i64Store, RETIRE.dataVirt);
  };
  op.exec(m, standIns(op.operands, immediate));
  m.end();
  const body = new Code();
  if (accesses) body.i32(0).memory(Op.i32Load, STATE.tlb).local(Op.localSet, tlb);
  return { ...OPERATION_TYPE, locals, body: body.place(writer.code) };
}
