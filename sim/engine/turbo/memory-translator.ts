// What instructions do to memory and to parts of capabilities, in the algebra on WebAssembly: it is the same in regions and in operations.
import type { AccessBytes } from "../../../isa/semantics.ts";
import { GRANULE_BYTES } from "../../machine/memory.ts";
import { YExpr } from "./bounds.ts";
import { constant, ExprArithmetic, localOf, type Expr, type ExprWriter } from "./expr.ts";
import { Access, type MemoryPath } from "./memory-path.ts";
import { I32, I64, Op } from "./wasm.ts";

export class MemoryTranslator extends ExprArithmetic {
  memory!: MemoryPath;
  protected readonly writer: ExprWriter;

  constructor(writer: ExprWriter) {
    super();
    this.writer = writer;
  }

  tag(y: YExpr): Expr {
    return y.tag;
  }
  meta(y: YExpr): Expr {
    return y.meta;
  }
  addr(y: YExpr): Expr {
    return y.addr;
  }

  /** A capability has been made. */
  protected see(y: YExpr): YExpr {
    return y;
  }

  /** What translation cannot take misses the TLB, and the interpreter finds out why. */
  addressValid(): Expr {
    return constant(1n);
  }

  load(addr: Expr, bytes: AccessBytes): Expr {
    return this.loadAt(this.memory.place(addr, bytes, Access.load), bytes);
  }

  store(addr: Expr, bytes: AccessBytes, value: Expr): void {
    const place = this.memory.place(addr, bytes, Access.store);
    this.storeAt(place, bytes, value);
  }

  loadY(addr: Expr): YExpr {
    return this.loadYAt(this.memory.place(addr, 16, Access.loadCapability));
  }

  storeY(addr: Expr, value: YExpr): void {
    this.storeYAt(this.memory.place(addr, 16, Access.storeCapability, value.tag), value);
  }

  protected storeYAt(place: number, value: YExpr): void {
    const { code } = this.writer;
    code.local(Op.localGet, place);
    this.writer.wide(value.addr);
    code.memory(Op.i64Store, 0).local(Op.localGet, place);
    this.writer.wide(value.meta);
    code.memory(Op.i64Store, 8);
    this.memory.setTag(place, () => this.writer.truth(value.tag));
  }

  amo(addr: Expr, bytes: 4 | 8, update: (old: Expr) => Expr): Expr {
    const place = this.memory.place(addr, bytes, Access.store);
    const old = this.loadAt(place, bytes);
    this.storeAt(place, bytes, update(old));
    return old;
  }

  protected loadAt(place: number, bytes: AccessBytes): Expr {
    const { code } = this.writer;
    const value = this.writer.temporary(I64);
    const opcode = { 1: Op.i64Load8U, 2: Op.i64Load16U, 4: Op.i64Load32U, 8: Op.i64Load }[bytes];
    code.local(Op.localGet, place).memory(opcode, 0).local(Op.localSet, value);
    return localOf(I64, value);
  }

  protected storeAt(place: number, bytes: AccessBytes, value: Expr): void {
    const { code } = this.writer;
    const opcode = { 1: Op.i64Store8, 2: Op.i64Store16, 4: Op.i64Store32, 8: Op.i64Store }[bytes];
    code.local(Op.localGet, place);
    this.writer.wide(value);
    code.memory(opcode, 0);
    this.memory.clearTags(place, bytes);
  }

  /** Zeroes whole granules and their tags. */
  protected zeroAt(place: number, bytes: number): void {
    const { code } = this.writer;
    for (let ahead = 0; ahead < bytes; ahead += 8) code.local(Op.localGet, place).i64(0n).memory(Op.i64Store, ahead);
    for (let ahead = 0; ahead < bytes; ahead += GRANULE_BYTES) this.memory.clearTags(place, 1, ahead);
  }

  protected loadYAt(place: number): YExpr {
    const { code } = this.writer;
    const [addr, meta, tag] = [I64, I64, I32].map((type) => this.writer.temporary(type as typeof I64));
    code.local(Op.localGet, place).memory(Op.i64Load, 0).local(Op.localSet, addr!);
    code.local(Op.localGet, place).memory(Op.i64Load, 8).local(Op.localSet, meta!);
    this.memory.getTag(place);
    code.local(Op.localSet, tag!);
    return this.see(new YExpr(localOf(I32, tag!), localOf(I64, meta!), localOf(I64, addr!)));
  }

  /** One hart, in order: every access is already performed. */
  fence(): void {}
}
