// Zicbom, Zicboz and Zicbop: cache-block management, zeroing and prefetch.
import { authorityOf, checkAccess, checkOverlap, needsAuthority } from "../cap/access.ts";
import { PERMISSION } from "../cap/format.ts";
import { CAUSE } from "../cause.ts";
import { insn, type Extension, type Insn } from "../insn.ts";
import type { CacheBlockOperation } from "../semantics.ts";

/** Size of the block that the instructions work on. */
export const CACHE_BLOCK_BYTES = 64;

const { R, W } = PERMISSION;
type CboBits = `${string} rs1 010 00000 0001111`;

/**
 * `name (rs1)`. The authority must cover the whole block, or one byte of it for operations that reveal and change nothing;
 * xtval gets the address as the instruction names it.
 */
function cbo(
  name: string,
  ext: Extension,
  bits: CboBits,
  spec: string,
  operation: CacheBlockOperation,
  permissions: bigint,
): Insn {
  const check = operation === "clean" || operation === "flush" ? checkOverlap : checkAccess;
  return insn({
    ...{ name, ext, timing: "cbo", spec, asm: "(rs1)", bits: bits as "rs1" },
    exec: (m, o) => {
      m.permitCacheBlock(operation);
      const addr = m.let(m.x(o.rs1));
      const block = m.let(m.and(addr, m.const(-BigInt(CACHE_BLOCK_BYTES))));
      if (needsAuthority(m)) {
        check(m, authorityOf(m, o.rs1), block, CACHE_BLOCK_BYTES, permissions, CAUSE.cheriStoreAccessFault, addr);
      }
      m.cacheBlock(addr, operation);
    },
  });
}

/** A hint that raises no exception: nothing architectural happens, and the timing model does not prefetch. */
function prefetch(name: string, bits: `imm[11:5] ${string} rs1 110 00000 0010011`, spec: string): Insn {
  return insn({
    ...{ name, ext: "Zicbop", timing: "alu", spec, asm: "imm(rs1)", bits: bits as "imm rs1" },
    exec: () => {},
  });
}

export const zicbo: readonly Insn[] = [
  cbo("cbo.inval", "Zicbom", "000000000000 rs1 010 00000 0001111", "#CBO_INVAL_CHERI", "inval", R | W),
  cbo("cbo.clean", "Zicbom", "000000000001 rs1 010 00000 0001111", "#CBO_CLEAN_CHERI", "clean", R | W),
  cbo("cbo.flush", "Zicbom", "000000000010 rs1 010 00000 0001111", "#CBO_FLUSH_CHERI", "flush", R | W),
  cbo("cbo.zero", "Zicboz", "000000000100 rs1 010 00000 0001111", "#CBO_ZERO_CHERI", "zero", W),

  prefetch("prefetch.i", "imm[11:5] 00000 rs1 110 00000 0010011", "#PREFETCH_I_CHERI"),
  prefetch("prefetch.r", "imm[11:5] 00001 rs1 110 00000 0010011", "#PREFETCH_R_CHERI"),
  prefetch("prefetch.w", "imm[11:5] 00011 rs1 110 00000 0010011", "#PREFETCH_W_CHERI"),
];
