// CSR names until isa/csr.ts is there.
const CSRS: ReadonlyMap<string, number> = new Map([
  ["mstatus", 0x300],
  ["mtvec", 0x305],
  ["mscratch", 0x340],
  ["mepc", 0x341],
  ["mcause", 0x342],
  ["mtval", 0x343],
  ["mhartid", 0xf14],
  ["sstatus", 0x100],
  ["stvec", 0x105],
  ["sscratch", 0x140],
  ["sepc", 0x141],
  ["scause", 0x142],
  ["satp", 0x180],
  ["medeleg", 0x302],
  ["mideleg", 0x303],
  ["cycle", 0xc00],
  ["time", 0xc01],
  ["instret", 0xc02],
  ["utidc", 0x480],
  ["stidc", 0x580],
  ["mtidc", 0x780],
]);
export const csrNumber = (name: string): number | undefined => CSRS.get(name);
export const csrNames = (): Iterable<string> => CSRS.keys();
