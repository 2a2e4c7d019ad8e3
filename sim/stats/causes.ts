// Why a cycle passed: the fixed list of causes; every cycle of the model has exactly one.

/**
 * In the order of a CPI stack.
 *
 * - `base`: an instruction issues (one cycle each).
 * - `dependency`: an operand is not ready, of an ALU, CSR or atomic operation or of a load that hit.
 * - `muldiv`: a product or quotient is not ready, or its unit is busy.
 * - `branch`: a taken transfer's fetch bubble, or a mispredicted one's restart.
 * - `icache`, `itlb`: fetch waits for an instruction-cache line, for the translation of its page.
 * - `dcache`: data of a load that missed are not there, or the cache is blocked by a miss.
 * - `dtlb`: the translation of a data address is not there.
 * - `port`: the data port still moves the previous access, wider than the port.
 * - `tag-cache`: data have arrived from DRAM, their tags have not.
 * - `store-buffer`: it is full, must drain, or holds what a load needs.
 * - `trap`: entry into a trap handler.
 * - `flush`: restart after xRET, FENCE.I, SFENCE.VMA or a CSR write that changes translation.
 * - `idle`: WFI.
 */
export const CAUSES = [
  "base",
  "dependency",
  "muldiv",
  "branch",
  "icache",
  "itlb",
  "dcache",
  "dtlb",
  "port",
  "tag-cache",
  "store-buffer",
  "trap",
  "flush",
  "idle",
] as const;

export type CauseName = (typeof CAUSES)[number];

/** Columns of the cycle matrix, by cause. */
export const Cause = {
  base: 0,
  dependency: 1,
  muldiv: 2,
  branch: 3,
  icache: 4,
  itlb: 5,
  dcache: 6,
  dtlb: 7,
  port: 8,
  tagCache: 9,
  storeBuffer: 10,
  trap: 11,
  flush: 12,
  idle: 13,
} as const;

export const CAUSE_COUNT = CAUSES.length;
