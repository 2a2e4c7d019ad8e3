// Random programs that are hot: a loop of blocks with calls, branches, traps, code that changes, and accesses along buffers, in integer form.
import type { CategoryRange, Image } from "../../isa/image.ts";
import { PASS, program } from "../drivers/machine.ts";
import type { Random } from "./random.ts";

export const HOT_ISA = "rv64imac_zicsr_zifencei_zba_zbb_zicboz_sstc";
export const HOT_RAM_BYTES = 0x40000;
const BUFFER = 0x8001_0000;
const BUFFER_BYTES = 0x8000;
const TABLES = 0x8003_0000;
const [MIDDLE, LOWEST, LOWEST_OTHER] = [TABLES + 0x1000, TABLES + 0x2000, TABLES + 0x3000];
const WINDOW = 0x4000_0000;
const PAGES = 16;
const CLINT = 0x200_0000;
const SV39 = 8n << 60n;
const PTE = { V: 1, R: 2, W: 4, X: 8, G: 32, A: 64, D: 128 } as const;
const LEAF = PTE.V | PTE.R | PTE.W | PTE.X | PTE.A | PTE.D;

/** Registers: s0 buffer, s1 turns, s2 a pointer along it, s3 checksum, s4 a page's worth further, s5 no address, s6 a table; sp a stack. */
const VALUES = ["a0", "a1", "a2", "a3", "a4", "a5", "t1", "t2", "t3"];

interface Plan {
  readonly translated: boolean;
  readonly timer: boolean;
  readonly functions: number;
}

/** `label` is the item's own: an item inside has its, too, in it. */
type Item = (random: Random, plan: Plan, label: string) => string;

const any = (random: Random): string => random.pick(VALUES);

const alu: Item = (random) => {
  const name = random.pick(["add", "sub", "xor", "and", "or", "sh1add", "max", "mul", "mulw", "div", "remu", "sltu"]);
  if (random.chance(0.3)) return `addi ${any(random)}, ${any(random)}, ${random.between(-30, 30)}`;
  return `${name} ${any(random)}, ${any(random)}, ${any(random)}`;
};

const address = (random: Random): string => {
  const base = random.pick(["s0", "s2", "s2", "s4"]);
  return `${random.chance(0.15) ? random.below(512) : 8 * random.below(64)}(${base})`;
};

const load: Item = (random) =>
  `${random.pick(["ld", "ld", "lw", "lwu", "lh", "lhu", "lb", "lbu"])} ${any(random)}, ${address(random)}`;

const store: Item = (random) => `${random.pick(["sd", "sd", "sw", "sh", "sb"])} ${any(random)}, ${address(random)}`;

const atomic: Item = (random) => {
  const name = random.pick(["amoadd.d", "amoswap.w", "amomaxu.d", "amoxor.w"]);
  return `${name} ${any(random)}, ${any(random)}, (${random.pick(["s0", "s2"])})`;
};

const branch: Item = (random, plan, label) => {
  const condition = random.pick(["beqz", "bnez", "bltz", "bgez"]);
  const bits = random.pick(["", `andi t0, s1, ${random.pick([1, 2, 3, 7])}`, `andi t0, ${any(random)}, 1`]);
  const tested = bits === "" ? any(random) : "t0";
  const inside = Array.from({ length: random.below(4) }, (_, i) => item(random, plan, `${label}_${i}`));
  return [bits, `${condition} ${tested}, l${label}`, ...inside, `l${label}:`].join("\n");
};

const loop: Item = (random) => {
  const body = random.chance(0.5) ? "ld t5, 0(t4)\n add s3, s3, t5" : "sd s3, 0(t4)\n xor s3, s3, t6";
  return `mv t4, s2\n li t6, ${random.between(2, 9)}\n1: ${body}\n addi t4, t4, ${random.pick([8, 16, 64, 256])}\n addi t6, t6, -1\n bnez t6, 1b`;
};

const call: Item = (random, { functions }) => `jal f${random.below(functions)}`;

const callIndirect: Item = (random, { functions }) => {
  const index = `andi t0, ${random.pick(["s1", any(random)])}, ${functions - 1}`;
  // By t0 it is a call and a return at once, as to a coroutine; the routine comes back by ra at any rate.
  const jump = random.pick(["jalr t0", "jalr t0", "la ra, 1f\n jalr t0, 0(t0)\n1:", "la ra, 1f\n jr t0\n1:"]);
  return `${index}\n slli t0, t0, 3\n add t0, t0, s6\n ld t0, 0(t0)\n ${jump}`;
};

const shift: Item = (random) =>
  random.pick(["c.nop", "c.nop", ".balign 64", ".balign 16", "c.li t6, 3", ".option norvc\n nop\n .option rvc"]);

const counter: Item = (random) => `${random.pick(["rdcycle", "rdinstret", "rdtime"])} t0\n xor s3, s3, t0`;

const fence: Item = () => "fence";

const trap: Item = (random) => random.pick([".option norvc\n ld t0, 8(s5)\n .option rvc", "ebreak", ".4byte 0"]);

const patch: Item = (random, _plan, label) =>
  `la t0, p${label}\n andi t4, s1, ${random.pick([3, 7])}\n slli t4, t4, 20\n lui t5, 0x0\n li t5, 0x13\n or t5, t5, t4\n sw t5, 0(t0)
  ${random.pick(["fence.i", "", ""])}\n .balign 4\np${label}: .4byte 0x13\n`;

const zero: Item = () => "cbo.zero (s2)";

const translation: Item = (random, plan) => {
  if (!plan.translated) return "nop";
  const root = random.pick([TABLES, TABLES]);
  const satp = SV39 | (BigInt(random.below(3)) << 44n) | (BigInt(root) >> 12n);
  switch (random.below(4)) {
    case 0:
      return `li t0, ${satp}\n csrw satp, t0`;
    case 1:
      return `sfence.vma ${random.pick(["zero", "s2"])}, ${random.pick(["zero", "a0"])}`;
    case 2: {
      // A page goes to another place, which nobody need be told of for its data.
      const at = LOWEST + 8 * random.below(PAGES);
      const phys = BUFFER + 0x1000 * random.below(BUFFER_BYTES / 0x1000);
      return `li t0, ${at}\n li t4, ${(BigInt(phys) >> 2n) | BigInt(LEAF | (random.chance(0.3) ? PTE.G : 0))}\n sd t4, 0(t0)`;
    }
    default:
      return `li s4, ${WINDOW + 0x1000 * random.below(PAGES) - random.pick([0, 8, 64])}`;
  }
};

const advance: Item = (random) =>
  `addi s2, s2, ${random.pick([8, 16, 64, 256, 1024])}\n sub t0, s2, s0\n li t4, ${BUFFER_BYTES - 0x1000}\n bltu t0, t4, 1f\n mv s2, s0\n1:`;

const ITEMS: readonly Item[] = [
  ...[alu, alu, alu, alu, alu, load, load, load, load, store, store, store, branch, branch, loop],
  ...[call, callIndirect, shift, shift, advance, advance],
];
const RARE: readonly Item[] = [atomic, counter, fence, trap, patch, zero, translation, translation];

function item(random: Random, plan: Plan, label: string): string {
  return random.pick(random.chance(0.12) ? RARE : ITEMS)(random, plan, label);
}

/** A leaf, or one that calls those after it. */
function routine(random: Random, plan: Plan, number: number): string {
  const simple = [alu, load, store, shift];
  const some = (n: number): string[] => Array.from({ length: n }, () => random.pick(simple)(random, plan, ""));
  if (number === plan.functions - 1 || random.chance(0.4))
    return [`f${number}:`, ...some(random.below(6)), "ret"].join("\n");
  const callee = `jal f${random.between(number + 1, plan.functions - 1)}`;
  const saved = ["addi sp, sp, -16", "sd ra, 0(sp)", ...some(2), callee, ...some(2), "ld ra, 0(sp)", "addi sp, sp, 16"];
  return [`f${number}:`, ...saved, "ret"].join("\n");
}

const entry = (at: number, value: bigint): string => `li t0, ${at}\n li t1, ${value}\n sd t1, 0(t0)`;
const leaf = (phys: number, more = 0): bigint => (BigInt(phys) >> 2n) | BigInt(LEAF | more);

/** Page tables: RAM where it is, in one large page; and a window of small ones on the buffer, in no order. */
function tables(random: Random): string {
  const global = random.chance(0.5) ? PTE.G : 0;
  return [
    entry(TABLES + 16, leaf(0x8000_0000, global)),
    entry(TABLES + 8, (BigInt(MIDDLE) >> 2n) | BigInt(PTE.V)),
    entry(MIDDLE, (BigInt(LOWEST) >> 2n) | BigInt(PTE.V)),
    entry(MIDDLE + 8, (BigInt(LOWEST_OTHER) >> 2n) | BigInt(PTE.V)),
    ...Array.from({ length: PAGES }, (_, i) => entry(LOWEST + 8 * i, leaf(BUFFER + 0x1000 * random.below(8), global))),
  ].join("\n");
}

const enterSupervisor = `
  li t0, ${SV39 | (BigInt(TABLES) >> 12n)}
  csrw satp, t0
  li t0, 0x1800
  csrc mstatus, t0
  li t0, 0x800
  csrs mstatus, t0
  la t0, 9f
  csrw mepc, t0
  mret
9:`;

/** Skips what traps; takes the timer and sets it anew; ECALL ends the run. */
const handler = (period: number): string => `
  .balign 4
handler:
  csrw mscratch, t0
  csrr t0, mcause
  bltz t0, 8f
  addi t0, t0, -8
  sltiu t0, t0, 4
  bnez t0, over
  csrr t0, mepc
  add s3, s3, t0
  lhu t0, 0(t0)
  not t0, t0
  andi t0, t0, 3
  snez t0, t0
  slli t0, t0, 1
  sub t0, zero, t0
  addi t0, t0, 4
  csrw mtval, t0
  csrr t0, mepc
  xor s3, s3, t0
  csrr s7, mtval
  add t0, t0, s7
  csrw mepc, t0
  csrr t0, mscratch
  mret
8: csrr s7, mepc
  slli s3, s3, 1
  xor s3, s3, s7
  li t0, ${CLINT + 0xbff8}
  ld s7, 0(t0)
  li t0, ${period}
  add s7, s7, t0
  li t0, ${CLINT + 0x4000}
  sd s7, 0(t0)
  csrr t0, mscratch
  mret
`;

export interface HotProgram {
  readonly isa: string;
  readonly source: string;
  readonly image: Image;
}

export function hotProgram(random: Random): HotProgram {
  const plan = { translated: random.chance(0.5), timer: random.chance(0.4), functions: random.pick([1, 2, 4]) };
  const items = Array.from({ length: random.between(3, 24) }, (_, i) => item(random, plan, `${i + 1}`));
  const period = random.pick([150, 500, 1111, 5000, 30000]);
  const data = plan.translated && random.chance(0.7) ? WINDOW : BUFFER;
  const timer = `li t0, 128\n csrw mie, t0\n csrsi mstatus, 8\n li t0, ${CLINT + 0x4000}\n li t1, ${period}\n sd t1, 0(t0)`;
  const source = [
    "la t0, handler\n csrw mtvec, t0\n li t0, 7\n csrw mcounteren, t0",
    ...[plan.timer ? timer : "", plan.translated ? `${tables(random)}\n${enterSupervisor}` : ""],
    `li s0, ${data}\n mv s2, s0\n li s4, ${data + 0x1ff0}\n li s5, 0x1000\n la s6, table\n li sp, ${BUFFER - 64}`,
    ...[`li s1, ${random.between(8, 60)}`, "again:", ...items, "addi s1, s1, -1", "beqz s1, 7f", "j again", "7: ecall"],
    ...[handler(period), `over: ${PASS}`],
    ...Array.from({ length: plan.functions }, (_, n) => routine(random, plan, n)),
    `.balign 8\ntable: .dword ${Array.from({ length: plan.functions }, (_, n) => `f${n}`).join(", ")}`,
  ].join("\n");
  return { isa: HOT_ISA, source, image: withCategories(random, program(source, HOT_ISA)) };
}

/** Code in categories that change anywhere. */
export function withCategories(random: Random, image: Image): Image {
  const { address, bytes } = image.segments[0]!;
  const ranges: CategoryRange[] = [];
  const parcels = bytes.length >> 1;
  for (let n = random.pick([0, 3, 12]), at = 0; n > 0 && at < parcels; n -= 1) {
    const start = at + random.below(Math.min(parcels - at, 300));
    const end = Math.min(parcels, start + 1 + random.below(40));
    ranges.push({ start: address + 2 * start, end: address + 2 * end, category: random.below(3) });
    at = end;
  }
  return { ...image, categories: ["other", "one", "two"], ranges };
}
