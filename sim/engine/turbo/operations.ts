// The operations of the interpreter in WebAssembly: for each decoded word a record of its operands, and a function that executes it.
//
// Instructions of one *shape*, which differ in registers and mostly in the immediate, have one function. It is written when the first of
// them is met, by running the meaning of the instruction (operation-translator.ts). Functions that are wanted together are one module.
import type { Decoded, Form } from "../../../isa/codec.ts";
import type { Op } from "../code.ts";
import { packTraits } from "../../timing/traits.ts";
import { instantiateShared } from "./host.ts";
import { NO_REGISTER, OPERATION, OPERATIONS_AT } from "./layout.ts";
import type { LinearMemory } from "./linear.ts";
import { operationFunction, type OperationSurroundings } from "./operation-function.ts";
import { SHARED_FUNCTIONS } from "./runtime.ts";
import { encodeModule, type ModuleFunction } from "./wasm.ts";

export interface OperationsOptions {
  readonly linear: LinearMemory;
  readonly surroundings: OperationSurroundings;
  /** What regions import: memory, and the table of shared functions. */
  readonly imports: () => Readonly<Record<"memory" | "table", unknown>>;
}

const MOST_RECORDS = 1 << OPERATION.indexBits;
/** More than there are shapes: some hundred records of instructions, and 512 immediates of YBNDSWI. */
const MOST_FUNCTIONS = 1 << 11;
const REGISTERS: ReadonlySet<string> = new Set(["rd", "rs1", "rs2"]);
/** Where the record would lie of what JavaScript executes. */
const NO_RECORD = 0;

export class Operations {
  /** The functions, `(record: i32) -> i32` (`Outcome`), by the numbers in the records. */
  readonly table = new WebAssembly.Table({ element: "anyfunc", initial: MOST_FUNCTIONS });
  readonly #o: OperationsOptions;
  /** By word, signed. */
  readonly #records = new Map<number, number>();
  #used = 0;
  /** Numbers of functions by shape; none where JavaScript executes it. */
  readonly #shapes = new Map<string, number | undefined>();
  /** The same by code: instructions of 16 bits often have that of one of 32. */
  readonly #functions = new Map<string, number>();
  /** Names of instructions that have a function for each immediate. */
  readonly #dependent = new Set<string>();
  /** Functions that have a number, and no module yet. */
  #unmade: ModuleFunction[] = [];

  constructor(options: OperationsOptions) {
    this.#o = options;
  }

  /** Where the record of an op lies; 0: JavaScript executes it. `make` is to be called before its function is. */
  recordOf(op: Op): number {
    const word = op.decoded.word | 0;
    let at = this.#records.get(word);
    if (at === undefined) this.#records.set(word, (at = this.#record(op)));
    return at;
  }

  /** Is there no room for another record? Then `clear` comes before the next `recordOf`. */
  get full(): boolean {
    return this.#used === MOST_RECORDS;
  }

  /** Forgets all records. */
  clear(): void {
    this.#records.clear();
    this.#used = 0;
  }

  /** Makes the functions of all records that were asked for. */
  make(): void {
    if (this.#unmade.length === 0) return;
    const functions = this.#unmade.map((f, i) => ({ ...f, exportName: `${i}` }));
    const memoryPages = this.#o.linear.layout.pages;
    const parts = { imports: [], functions, types: SHARED_FUNCTIONS, alike: true, usesTable: true, memoryPages };
    const { exports } = instantiateShared(encodeModule(parts), this.#o.imports());
    const first = this.#functions.size - functions.length;
    functions.forEach(({ exportName }, i) => this.table.set(first + i, exports[exportName]));
    this.#unmade = [];
  }

  #record(op: Op): number {
    const number = this.#functionOf(op);
    if (number === undefined) return NO_RECORD;
    if (this.full) throw new Error("more operations than there is room for");
    const at = OPERATIONS_AT + (this.#used++ << OPERATION.bits);
    const { words, doubles } = this.#o.linear;
    const { rd, rs1, rs2 } = op.decoded.operands;
    const put = (field: keyof typeof OPERATION, value: number): void =>
      void (words[(at + OPERATION[field]) >>> 2] = value);
    put("function", number);
    put("rd", 8 * (Number(rd ?? 0) || NO_REGISTER));
    put("rs1", 8 * Number(rs1 ?? 0));
    put("rs2", 8 * Number(rs2 ?? 0));
    put("traits", packTraits(op.decoded));
    put("bytes", op.bytes);
    doubles[(at + OPERATION.imm) >>> 3] = BigInt.asUintN(64, immediateOf(op) ?? 0n);
    return at;
  }

  /** The number of the function of an op; undefined where JavaScript executes it. */
  #functionOf(op: Op): number | undefined {
    const { name } = op.decoded.insn;
    const imm = immediateOf(op);
    const isAny = imm !== undefined && imm !== 0n && !this.#dependent.has(name);
    const shape = shapeOf(op, isAny ? "any" : imm);
    if (this.#shapes.has(shape)) return this.#shapes.get(shape);
    const written = operationFunction(op, isAny ? "any" : "as it is", this.#o.surroundings);
    if (written === "depends") {
      this.#dependent.add(name);
      return this.#functionOf(op);
    }
    const number = written && this.#numberOf(written);
    this.#shapes.set(shape, number);
    return number;
  }

  #numberOf(f: ModuleFunction): number {
    const code = `${f.locals.join()} ${Buffer.from(f.body.view).toString("latin1")}`;
    let number = this.#functions.get(code);
    if (number === undefined) {
      number = this.#functions.size;
      if (number === MOST_FUNCTIONS) throw new Error("more operations than the table has room for");
      this.#functions.set(code, number);
      this.#unmade.push(f);
    }
    return number;
  }
}

/** Which operands of a form are no registers: its immediate, and others. */
interface Fields {
  readonly immediate: string | undefined;
  readonly others: readonly string[];
}

const fieldsOfForms = new WeakMap<Form, Fields>();

function fieldsOf({ form, operands }: Decoded): Fields {
  let fields = fieldsOfForms.get(form);
  if (fields === undefined) {
    const names = Object.keys(operands).filter((field) => !REGISTERS.has(field));
    const isImmediate = (field: string): boolean => typeof operands[field] === "bigint";
    fields = { immediate: names.find(isImmediate), others: names.filter((field) => !isImmediate(field)) };
    fieldsOfForms.set(form, fields);
  }
  return fields;
}

function immediateOf({ decoded }: Op): bigint | undefined {
  const { immediate } = fieldsOf(decoded);
  return immediate === undefined ? undefined : (decoded.operands[immediate] as bigint);
}

/** What makes the function of an op: the instruction, and its operands but for registers. */
function shapeOf({ decoded }: Op, immediate: "any" | bigint | undefined): string {
  let shape = `${decoded.insn.name} ${immediate}`;
  for (const field of fieldsOf(decoded).others) shape += ` ${field}=${decoded.operands[field]}`;
  return shape;
}
