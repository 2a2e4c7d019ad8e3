// The capability format of RV64LYA as its text says it, in C: the second opinion that the exhaustive judge compares with.
//
// Written from src/cheri/rvy64-encoding.adoc, zylevels1.adoc and riscv-hybrid-integration.adoc of riscv/riscv-cheri at
// 47b031e0, step for step as their pseudo-code goes; it shares nothing with isa/cap. Names are the text's.
#include <stdbool.h>
#include <stdint.h>

typedef uint64_t u64;
typedef unsigned __int128 u128;

enum { XLEN = 64, MW = 14, EW = 6, CAP_MAX_E = XLEN - MW + 2 };

/** value[high:low] */
static inline u64 bits(u128 value, int high, int low) {
  return (u64)(value >> low) & (((u64)1 << (high - low + 1)) - 1);
}

struct standard_bounds {
  int E;
  bool malformed;
  u64 b;
  u128 t; // XLEN + 1 bits
};

/** #section_cap_bounds_decoding to #section_cap_malformed */
static inline struct standard_bounds standard_decode(u64 meta, u64 a) {
  const u64 EF = bits(meta, 26, 26), TE = bits(meta, 16, 14), BE = bits(meta, 2, 0);
  u64 T = bits(meta, 25, 17) << (EW / 2), B = bits(meta, 13, 3) << (EW / 2), LCout, LMSB;
  int E;
  if (EF == 1) {
    E = 0;
    T |= TE;
    B |= BE;
    LCout = bits(T, MW - 3, 0) < bits(B, MW - 3, 0) ? 1 : 0;
    LMSB = 0;
  } else {
    E = CAP_MAX_E - (int)(TE << 3 | BE);
    LCout = bits(T, MW - 3, EW / 2) < bits(B, MW - 3, EW / 2) ? 1 : 0;
    LMSB = 1;
  }
  T |= ((bits(B, MW - 1, MW - 2) + LCout + LMSB) & 3) << (MW - 2);

  const bool malformedMSB = (E == CAP_MAX_E && B != 0) || (E == CAP_MAX_E - 1 && bits(B, MW - 1, MW - 1) != 0);
  const bool malformedLSB = E < 0;
  if (!EF && (malformedMSB || malformedLSB)) return (struct standard_bounds){E, true, 0, 0};

  const u64 A = bits(a, E + MW - 1, E); // bits above XLEN - 1 are 0
  const u64 R = (B - ((u64)1 << (MW - 2))) & (((u64)1 << MW) - 1);
  const int ct = A < R ? (T < R ? 0 : -1) : (T < R ? 1 : 0);
  const int cb = A < R ? (B < R ? 0 : -1) : (B < R ? 1 : 0);

  // #top_bound_dec and #base_bound_dec: three sections, the upper ones cut off at XLEN + 1 and XLEN bits.
  const u128 upper = (u128)a >> (E + MW);
  u128 t = ((upper + (u128)(__int128)ct) << (E + MW)) | ((u128)T << E);
  t &= ((u128)1 << (XLEN + 1)) - 1;
  const u64 b = (u64)(((upper + (u128)(__int128)cb) << (E + MW)) | ((u128)B << E));
  if (E < CAP_MAX_E - 1 && ((bits(t, XLEN, XLEN - 1) - bits(b, XLEN - 1, XLEN - 1)) & 3) >= 2) t ^= (u128)1 << XLEN;
  return (struct standard_bounds){E, false, b, t};
}

struct standard_encoding {
  u64 fields; // meta[26:0]
  bool exact;
  int alignment; // low bits of an address that the bounds cannot express
  u64 b;
  u128 t;
};

/**
 * The smallest region that has an encoding and holds [base, base + length) (#SCBNDSR). The text gives no formula; this
 * tries the formats from the finest on. A region of L bytes fits EF=1 where L < 2^(MW-2) (LMSB is 0), and the internal
 * exponent E where L, base rounded down and top rounded up to multiples of 2^(E + EW/2), is at least 2^(E + MW - 2) and
 * less than twice that (LMSB is 1).
 */
static inline struct standard_encoding standard_encode(u64 base, u64 length) {
  const u128 top = (u128)base + length;
  if (length < (u64)1 << (MW - 2)) {
    const u64 fields = (u64)1 << 26 | bits(top, 11, 0) << 14 | bits(base, 13, 0);
    return (struct standard_encoding){fields, true, 0, base, top};
  }
  for (int E = 0;; E++) {
    const u128 step = (u128)1 << (E + EW / 2);
    const u128 b = base / step * step, t = (top + step - 1) / step * step;
    if (t - b >= (u128)1 << (E + MW - 1)) continue;
    const u64 exponent = (u64)(CAP_MAX_E - E);
    const u64 T = bits(t >> E, MW - 3, EW / 2), B = bits(b >> E, MW - 1, EW / 2);
    const u64 fields = T << 17 | bits(exponent, 5, 3) << 14 | B << 3 | bits(exponent, 2, 0);
    return (struct standard_encoding){fields, b == base && t == top, E + EW / 2, (u64)b, t};
  }
}

/** Which of the extensions that change the format are there. */
struct standard_options {
  bool zylevels1, zyhybrid;
};

/** Permissions unpacked: #cap_perms_encoding64, GL, P and SDP. */
struct standard_permissions {
  bool C, W, R, X, ASR, LM, LG, SL, P, GL;
  unsigned SDP;
};

static inline struct standard_permissions standard_unpack(u64 meta) {
  return (struct standard_permissions){
      .C = bits(meta, 45, 45), .W = bits(meta, 46, 46), .R = bits(meta, 47, 47), .X = bits(meta, 48, 48),
      .ASR = bits(meta, 49, 49), .LM = bits(meta, 50, 50), .LG = bits(meta, 51, 51), .SL = bits(meta, 52, 52),
      .P = bits(meta, 44, 44), .GL = bits(meta, 43, 43), .SDP = (unsigned)bits(meta, 63, 60)};
}

static inline u64 standard_pack(u64 meta, struct standard_permissions p) {
  meta &= ~(bits(~(u64)0, 3, 0) << 60 | bits(~(u64)0, 9, 0) << 43);
  return meta | (u64)p.SDP << 60 | (u64)p.SL << 52 | (u64)p.LG << 51 | (u64)p.LM << 50 | (u64)p.ASR << 49 |
         (u64)p.X << 48 | (u64)p.R << 47 | (u64)p.W << 46 | (u64)p.C << 45 | (u64)p.P << 44 | (u64)p.GL << 43;
}

/** The rules of #base_clrperm_rule_summary, #zylevels1_clrperm_table and #zyhybrid_clrperm_table, until none applies. */
static inline struct standard_permissions standard_legal(struct standard_options o, struct standard_permissions p) {
  for (;;) {
    if (p.C && !(p.R || p.W)) p.C = false;
    else if (p.LM && !(p.C && p.R)) p.LM = false;
    else if (p.ASR && !p.X) p.ASR = false;
    else if (o.zylevels1 && p.LG && !(p.C && p.R)) p.LG = false;
    else if (o.zylevels1 && p.SL && !(p.C && p.W)) p.SL = false;
    else if (o.zyhybrid && p.P && !p.X) p.P = false;
    else return p;
  }
}

/** #section_cap_integrity: reserved bits, permissions that cannot be together, malformed bounds. */
static inline bool standard_integral(struct standard_options o, u64 meta) {
  const struct standard_permissions p = standard_unpack(meta);
  if (bits(meta, 59, 53) != 0 || bits(meta, 42, 28) != 0) return false;
  if (!o.zyhybrid && p.P) return false;                         // reserved zero
  if (!o.zylevels1 && (p.GL || !p.LG || !p.SL)) return false;   // reserved zero, and reserved one
  if (standard_pack(meta, standard_legal(o, p)) != meta) return false;
  return !standard_decode(meta, 0).malformed;
}

/** The word of YPERMR: #acperm_bit_field with #zylevels1_acperm_bit_field; what is not allocated reads 1. */
static inline u64 standard_word(struct standard_options o, struct standard_permissions p) {
  const u64 reserved = bits(~(u64)0, 4, 0) << 19 | bits(~(u64)0, 5, 0) << 10 | (o.zylevels1 ? 0 : (u64)7 << 2);
  const u64 levels = o.zylevels1 ? (u64)p.LG << 2 | (u64)p.SL << 3 | (u64)p.GL << 4 : 0;
  return reserved | (u64)p.W | (u64)p.LM << 1 | levels | (u64)p.C << 5 | (u64)p.SDP << 6 | (u64)p.ASR << 16 |
         (u64)p.X << 17 | (u64)p.R << 18;
}

/** What YPERMC makes of metadata: bits set in the word are cleared, the rules apply, and what is left is encoded (#CLRPERM). */
static inline u64 standard_clear(struct standard_options o, u64 meta, u64 word) {
  struct standard_permissions p = standard_unpack(meta);
  p.W &= !bits(word, 0, 0);
  p.LM &= !bits(word, 1, 1);
  p.C &= !bits(word, 5, 5);
  p.SDP &= ~(unsigned)bits(word, 9, 6);
  p.ASR &= !bits(word, 16, 16);
  p.X &= !bits(word, 17, 17);
  p.R &= !bits(word, 18, 18);
  if (o.zylevels1) {
    p.LG &= !bits(word, 2, 2);
    p.SL &= !bits(word, 3, 3);
    p.GL &= !bits(word, 4, 4);
  } else {
    p.LG = p.SL = true; // "reserved one" (#section_cap_encoding64)
  }
  return standard_pack(meta, standard_legal(o, p));
}

static inline bool standard_sealed(u64 meta) { return bits(meta, 27, 27); }

/** inCapBoundsNoWrap: do the bounds hold [address, address + length), which must not wrap? */
static inline bool standard_holds(struct standard_bounds s, u64 address, u64 length) {
  return !s.malformed && address >= s.b && (u128)address + length <= s.t;
}
