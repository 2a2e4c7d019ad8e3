// The reference engine with a commit log: one line for each retired instruction, in the shape of Spike's --log-commits.
//
//   core   0: 3 0x0000000080000000 (0x00000297) x5  0x0000000080000000 c5 0xf01fe00000000000_0x0000000080000000 1
//
// First Spike's own fields: mode, pc, word, `xN value`, `cN_name value` for a CSR written, `mem address` for a load,
// `mem address value` for a store. Then, where a whole capability went to a register, a CSR or memory, its metadata, address
// and tag: `c5 META_ADDR tag`, `c833_mepc META_ADDR tag`, `cmem ADDRESS META_ADDR tag`. A register that is written without
// such a field gets an integer: metadata and tag 0.
import type { AccessBytes, CacheBlockOperation, Privileged } from "../../isa/semantics.ts";
import { CACHE_BLOCK_BYTES } from "../../isa/ext/zicbo.ts";
import type { Capability } from "../machine/capability.ts";
import { Reference, type ReferenceOptions } from "./reference.ts";

const MSTATUS = 0x300;
const YLEN_BYTES = 16;
/** sstatus, sie and sip are views; Spike logs the register behind them. */
const BEHIND: ReadonlyMap<number, number> = new Map([0x100, 0x104, 0x144].map((view) => [view, view | MSTATUS]));

const hex = (value: bigint, bytes = 8): string => `0x${value.toString(16).padStart(2 * bytes, "0")}`;
const whole = (y: Capability): string => `${hex(y.meta)}_${hex(y.addr)} ${y.tag}`;

export class LoggingReference extends Reference {
  readonly #onCommit: (line: string) => void;
  /** Effects of the current instruction, in the order in which Spike prints them. */
  #registers = "";
  #csr: number | undefined;
  #loads = "";
  #stores = "";
  #capabilities = "";

  constructor(options: ReferenceOptions, onCommit: (line: string) => void) {
    super(options);
    this.#onCommit = onCommit;
  }

  protected override one(): void {
    this.#registers = this.#loads = this.#stores = this.#capabilities = "";
    this.#csr = undefined;
    const { mode } = this.hart;
    const pc = hex(this.pc);
    const { retired } = this;
    super.one();
    if (this.retired === retired) return;
    const { word, bytes } = this.op!.decoded;
    const csr = this.#csr === undefined ? "" : this.#csrText(this.#csr);
    const effects = this.#registers + csr + this.#loads + this.#stores + this.#capabilities;
    this.#onCommit(`core   0: ${mode} ${pc} (${hex(BigInt(word), bytes)})${effects}`);
  }

  override setX(r: number, value: bigint): void {
    super.setX(r, value);
    if (r !== 0) this.#logX(r, value);
  }
  override setY(r: number, value: Capability): void {
    super.setY(r, value);
    if (r === 0) return;
    this.#logX(r, value.addr);
    if (this.rvy) this.#logY(`c${r}`, value);
  }

  override load(addr: bigint, bytes: AccessBytes): bigint {
    const value = super.load(addr, bytes);
    this.#logLoad(addr);
    return value;
  }
  override store(addr: bigint, bytes: AccessBytes, value: bigint): void {
    super.store(addr, bytes, value);
    this.#logStore(addr, bytes, value);
  }
  override loadY(addr: bigint, keepsTag: bigint): Capability {
    const value = super.loadY(addr, keepsTag);
    this.#logLoad(addr);
    return value;
  }
  override storeY(addr: bigint, value: Capability): void {
    super.storeY(addr, value);
    this.#logStoreY(addr, value);
  }
  override amo(addr: bigint, bytes: 4 | 8, update: (old: bigint) => bigint): bigint {
    return super.amo(addr, bytes, (old) => {
      const value = update(old);
      this.#logLoad(addr);
      this.#logStore(addr, bytes, value);
      return value;
    });
  }
  override amoY(addr: bigint, value: Capability, keepsTag: bigint): Capability {
    const old = super.amoY(addr, value, keepsTag);
    this.#logLoad(addr);
    this.#logStoreY(addr, value);
    return old;
  }
  override loadReserved(addr: bigint, bytes: AccessBytes): bigint {
    const value = super.loadReserved(addr, bytes);
    this.#logLoad(addr);
    return value;
  }
  override loadReservedY(addr: bigint, keepsTag: bigint): Capability {
    const value = super.loadReservedY(addr, keepsTag);
    this.#logLoad(addr);
    return value;
  }
  override storeConditional(addr: bigint, bytes: AccessBytes, value: bigint): bigint {
    const failed = super.storeConditional(addr, bytes, value);
    if (failed === 0n) this.#logStore(addr, bytes, value);
    return failed;
  }
  override storeConditionalY(addr: bigint, value: Capability): bigint {
    const failed = super.storeConditionalY(addr, value);
    if (failed === 0n) this.#logStoreY(addr, value);
    return failed;
  }
  override cacheBlock(addr: bigint, operation: CacheBlockOperation): void {
    super.cacheBlock(addr, operation);
    if (operation !== "zero") return;
    const block = addr & -BigInt(CACHE_BLOCK_BYTES);
    for (let i = 0; i < CACHE_BLOCK_BYTES; i += 1) this.#logStore(block + BigInt(i), 1, 0n);
  }

  override csrWrite(number: number, value: Capability, wholeWrite: boolean): void {
    super.csrWrite(number, value, wholeWrite);
    this.#csr = BEHIND.get(number) ?? number;
  }
  override trapReturn(from: Privileged): void {
    super.trapReturn(from);
    this.#csr = MSTATUS;
  }

  #logX(r: number, value: bigint): void {
    this.#registers = ` ${`x${r}`.padEnd(3)} ${hex(value)}`;
  }
  #logY(where: string, value: Capability): void {
    this.#capabilities += ` ${where} ${whole(value)}`;
  }
  /** The CSR written, with what it holds once the instruction has retired: minstret has counted by then. */
  #csrText(number: number): string {
    const where = `c${number}_${this.csrs.name(number)}`;
    const value = this.csrs.read(number);
    if (this.rvy && this.csrs.holdsCapability(number)) this.#logY(where, value);
    return ` ${where} ${hex(value.addr)}`;
  }
  #logLoad(addr: bigint): void {
    this.#loads += ` mem ${hex(addr)}`;
  }
  #logStore(addr: bigint, bytes: number, value: bigint): void {
    this.#stores += ` mem ${hex(addr)} ${hex(BigInt.asUintN(8 * bytes, value), bytes)}`;
  }
  #logStoreY(addr: bigint, value: Capability): void {
    this.#logStore(addr, YLEN_BYTES, (value.meta << 64n) | value.addr);
    this.#logY(`cmem ${hex(addr)}`, value);
  }
}
