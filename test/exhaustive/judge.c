// Compares meshsim's definitions, printed as C (meshsim.h, generated), with the standard's (standard.h), case by case.
//
// usage: judge TASK FROM TO: judges the cases FROM <= i < TO of a task. A case is made from its number alone, so that one
// that differs is run again by `TASK i i+1`. The last line printed is "cases N differences D".
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "standard.h"

typedef int64_t i64;
typedef __int128 i128;
#include "meshsim.h"

typedef struct y instruction(struct y, struct y);

/** The machine's instructions where pointers are capabilities, with an ISA's extensions of the format. */
struct machine {
  struct standard_options options;
  struct bounds (*bounds)(u64 meta, u64 addr);
  instruction *yadd, *yaddrw, *ypermc, *ypermr, *ybndsw, *ybndsrw, *yamask, *ybaser, *ytopr, *ylenr;
  instruction *ymodew, *ymoder; // with Zyhybrid
};
static const struct machine MACHINES[] = {MACHINES_OF_MESHSIM};
enum { MACHINE_COUNT = sizeof MACHINES / sizeof *MACHINES, SHOWN = 5 };

static u64 cases, differences;

static void expect(bool same, const char *what, u64 i, struct y a, struct y b, u64 expected, u64 found) {
  if (same) return;
  if (differences++ >= SHOWN) return;
  printf("case %" PRIu64 ": %s of %d:%016" PRIx64 ":%016" PRIx64 " and %d:%016" PRIx64 ":%016" PRIx64, i, what, (int)a.tag,
         a.meta, a.addr, (int)b.tag, b.meta, b.addr);
  printf(": the text says %" PRIx64 ", meshsim %" PRIx64 "\n", expected, found);
}
static void equal(const char *what, u64 i, struct y a, struct y b, u64 expected, u64 found) {
  expect(expected == found, what, i, a, b, expected, found);
}

/** SplitMix64 of a case's number and a counter. */
static u64 noise(u64 i, u64 salt) {
  u64 z = (i * 64 + salt + 1) * 0x9e3779b97f4a7c15ull;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  return z ^ z >> 31;
}
/** A number of any magnitude, often beside a power of two. */
static u64 magnitude(u64 i, u64 salt) {
  const u64 r = noise(i, salt);
  const int width = (int)(r & 63);
  const u64 value = noise(i, salt + 1) >> width;
  switch (r >> 6 & 7) {
  case 0: return ((u64)1 << width) + (r >> 32 & 15) - 8;
  case 1: return value >> (r >> 16 & 63) << (r >> 16 & 63); // low zeros
  case 2: return value | (((u64)1 << (r >> 16 & 63)) - 1);  // low ones
  default: return value;
  }
}
/** All permissions that a machine has, and no bounds field. */
static u64 all_permissions(const struct machine *m) {
  return (u64)0xf << 60 | (u64)0xff << 45 | (m->options.zylevels1 ? (u64)1 << 43 : 0);
}

static const struct y NONE;

/** #section_cap_bounds: a case is a bounds field, decoded at 16 addresses: 8 wherever, 8 around its own edges. */
static void judge_bounds(u64 i) {
  const u64 field = i & ((1u << 27) - 1);
  const struct standard_bounds shape = standard_decode(field, 0);
  const int E = shape.E < 0 ? 0 : shape.E;
  const u64 B = (u64)shape.b >> E & 0x3fff, T = (u64)(shape.t >> E) & 0x3fff, R = (B - 0x1000) & 0x3fff;
  const u64 high = E + MW < XLEN ? noise(i, 0) << (E + MW) : 0;
  const u64 edges[16] = {
      0, ~(u64)0, (u64)1 << 63, ~(u64)0 >> 1, noise(i, 1), noise(i, 2), magnitude(i, 3), -magnitude(i, 5),
      (B << E) + high, (B << E) + high - 1, (T << E) + high, (T << E) + high - 1,
      (R << E) + high, (R << E) + high - 1, (R << E) - 1, (B << E) - high,
  };
  for (int k = 0; k < 16; k++) {
    const struct y y = {1, field, edges[k]};
    const struct standard_bounds s = standard_decode(field, edges[k]);
    const struct bounds found = rv64y_bounds(field, edges[k]);
    equal("malformed", i, y, NONE, s.malformed, !found.valid);
    equal("base", i, y, NONE, s.b, found.base);
    equal("top", i, y, NONE, (u64)s.t, found.top);
    equal("top[64]", i, y, NONE, (u64)(s.t >> 64), found.topHigh);
  }
  // What instructions show of it, through one of the addresses.
  const struct machine *m = &MACHINES[i % MACHINE_COUNT];
  const struct y y = {1, field | all_permissions(m), edges[i & 15]};
  const struct standard_bounds s = standard_decode(y.meta, y.addr);
  const u128 most = ~(u64)0, length = (s.t - s.b) & (((u128)1 << 65) - 1);
  equal("YBASER", i, y, NONE, s.b, m->ybaser(y, NONE).addr);
  equal("YTOPR", i, y, NONE, (u64)(s.t < most ? s.t : most), m->ytopr(y, NONE).addr);
  equal("YLENR", i, y, NONE, (u64)(length < most ? length : most), m->ylenr(y, NONE).addr);
}

/** YBNDSW, YBNDSRW and YAMASK: every length below 2^17 at 64 bases (2^23 cases), then bases and lengths of any size. */
static void judge_lengths(u64 i) {
  static const u64 regions[4] = {0, (u64)0xffffff80, ~(u64)0 >> 1, -(u64)0x20000};
  static const u64 offsets[16] = {0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 32, 64, 127, 128, 255};
  const bool dense = i < (u64)1 << 23;
  const struct machine *m = &MACHINES[noise(i, 0) % MACHINE_COUNT];
  struct y source = {1, all_permissions(m), 0};
  u64 length;
  if (dense) {
    source.addr = regions[i >> 4 & 3] + offsets[i & 15];
    length = i >> 6;
  } else {
    const u64 r = noise(i, 1);
    source.addr = magnitude(i, 2) * (r & 1 ? 1 : ~(u64)0);
    length = magnitude(i, 4);
    if ((r >> 1 & 3) == 0) source.meta |= noise(i, 6) & 0x7ffffff; // some bounds
    if ((r >> 1 & 3) == 1) {                                    // bounds that just hold those asked for, or just not
      source.meta |= standard_encode(source.addr, length).fields;
      length += (r >> 8 & 3) - 1;
      source.addr += (r >> 10 & 3) == 0;
    }
    if ((r >> 3 & 15) == 0) source.meta |= (u64)1 << 27; // sealed
  }
  const struct y size = {0, 0, length};
  const struct standard_encoding s = standard_encode(source.addr, length);
  const u64 meta = (source.meta & ~(u64)0x7ffffff) | s.fields;
  const bool within = standard_holds(standard_decode(source.meta, source.addr), source.addr, length);
  const bool kept = within && !standard_sealed(source.meta);
  const struct y exact = m->ybndsw(source, size), rounded = m->ybndsrw(source, size);
  equal("YBNDSW's metadata", i, source, size, meta, exact.meta);
  equal("YBNDSW's tag", i, source, size, kept && s.exact, exact.tag);
  equal("YBNDSRW's metadata", i, source, size, meta, rounded.meta);
  equal("YBNDSRW's tag", i, source, size, kept, rounded.tag);
  equal("YBNDSW's address", i, source, size, source.addr, exact.addr);
  if ((u128)source.addr + length <= (u128)1 << 64) { // the fields mean what they were chosen for
    const struct standard_bounds d = standard_decode(s.fields, source.addr);
    expect(!d.malformed && d.b == s.b && (d.t == s.t || d.t == (s.t & (((u128)1 << 65) - 1))), "the encoding, decoded", i,
           source, size, s.b, d.b);
  }
  // #CRAM: of a base that the mask leaves as it is, the next length that it leaves is exact.
  const u64 mask = m->yamask(size, NONE).addr;
  equal("YAMASK", i, size, NONE, ~(u64)0 << standard_encode(0, length).alignment, mask);
  const u64 whole = (length + ~mask) & mask;
  if (whole >= length) expect(standard_encode(source.addr & mask, whole).exact, "YAMASK's promise", i, size, NONE, 1, 0);
}

/** YADD and YADDRW: a capability moves from one edge of its bounds, or of its representable range, to another. */
static void judge_moves(u64 i) {
  const struct machine *m = &MACHINES[noise(i, 0) % MACHINE_COUNT];
  const u64 r = noise(i, 1);
  struct y y = {r & 1, all_permissions(m) | (noise(i, 2) & 0x7ffffff), magnitude(i, 3)};
  if ((r >> 1 & 3) != 0) y.meta = (y.meta & ~(u64)0x1c007) | (r >> 8 & 7) << 14 | (r >> 11 & 7); // spread exponents evenly
  if ((r >> 3 & 15) == 0) y.meta |= (u64)1 << 27;
  if ((r >> 7 & 1) == 0) y.addr = noise(i, 5);
  const struct standard_bounds old = standard_decode(y.meta, y.addr);
  const int E = old.E < 0 ? 0 : old.E;
  const u64 quarter = E + MW - 2 < XLEN ? (u64)1 << (E + MW - 2) : 0;
  const u64 targets[8] = {old.b, (u64)old.t, old.b - quarter, (u64)old.t + quarter, old.b + 3 * quarter, y.addr,
                          noise(i, 6), y.addr + quarter};
  for (int k = 0; k < 8; k++) {
    const u64 target = targets[k] + (r >> (16 + 3 * k) & 7) - 3;
    const struct standard_bounds s = standard_decode(y.meta, target);
    const bool same = !s.malformed && s.b == old.b && s.t == old.t;
    const bool tag = y.tag && same && !standard_sealed(y.meta);
    const struct y to = {0, 0, target}, by = {0, 0, target - y.addr};
    const struct y written = m->yaddrw(y, to), added = m->yadd(y, by);
    equal("YADDRW's tag", i, y, to, tag, written.tag);
    equal("YADDRW's metadata", i, y, to, y.meta, written.meta);
    equal("YADDRW's address", i, y, to, target, written.addr);
    equal("YADD's tag", i, y, by, tag, added.tag);
    equal("YADD's address", i, y, by, target, added.addr);
    // #section_cap_representable_check says of valid ones that it suffices to compare bases.
    expect(s.malformed || (s.b == old.b) == (s.t == old.t), "equal bases without equal tops", i, y, to, 1, 0);
    // The machine keeps decoded bounds while the address stays within them.
    if (!old.malformed && target >= old.b && target <= old.t)
      expect(same, "bounds that change within the bounds", i, y, to, 1, 0);
  }
}

/** YMODEW (#SCMODE) and YMODER (#GCMODE): X says whether there is a mode. */
static void judge_mode(u64 i, const struct machine *m, struct y y, bool valid) {
  const struct standard_permissions p = standard_unpack(y.meta);
  equal("YMODER", i, y, NONE, valid && p.X ? p.P : 0, m->ymoder(y, NONE).addr);
  for (u64 n = 0; n < 2; n++) {
    const struct y mode = {0, 0, noise(i, n) << 1 | n};
    const bool kept = valid && !standard_sealed(y.meta);
    struct standard_permissions after = p;
    if (kept && p.X) after.P = n;
    const struct y found = m->ymodew(y, mode);
    equal("YMODEW's metadata", i, y, mode, standard_pack(y.meta, after), found.meta);
    equal("YMODEW's tag", i, y, mode, kept, found.tag);
    equal("YMODEW's address", i, y, mode, y.addr, found.addr);
  }
}

/** YPERMC and YPERMR: AP, P, GL, CT and SDP (2^15 states a machine), under every mask of the 13 permission bits. */
static void judge_permissions(u64 i) {
  static const int mask_bits[13] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 18};
  const struct machine *m = &MACHINES[i >> 15];
  const struct standard_options o = m->options;
  const u64 meta = (i & 0x1ff) << 44 | (i >> 9 & 1) << 43 | (i >> 10 & 1) << 27 | (i >> 11 & 15) << 60;
  const struct standard_permissions before = standard_unpack(meta);
  const bool integral = standard_integral(o, meta), sealed = standard_sealed(meta);
  for (u64 n = 0; n < 1 << 13; n++) {
    u64 word = 0;
    for (int k = 0; k < 13; k++) word |= (n >> k & 1) << mask_bits[k];
    // Half of the time with bits that stand for nothing.
    if (noise(i, n) & 1) word |= noise(i, n + 1) & ~(u64)0x703ff;
    const struct y y = {1, meta, noise(i, n)}, mask = {0, 0, word};
    const u64 cleared = standard_clear(o, meta, word);
    const struct standard_permissions after = standard_unpack(cleared);
    struct standard_permissions same = after;
    same.GL = before.GL; // a label, not a permission
    const bool changed = standard_pack(meta, same) != meta;
    const struct y found = m->ypermc(y, mask);
    equal("YPERMC's metadata", i, y, mask, cleared, found.meta);
    equal("YPERMC's tag", i, y, mask, integral && !(sealed && changed), found.tag);
    equal("YPERMC's address", i, y, mask, y.addr, found.addr);
  }
  // YPERMR, and integrity with each bit of the metadata turned over.
  const struct standard_permissions none = {0};
  for (int bit = -1; bit < 64; bit++) {
    const struct y y = {1, bit < 0 ? meta : meta ^ (u64)1 << bit, 0};
    const bool valid = standard_integral(o, y.meta);
    equal("YPERMR", i, y, NONE, standard_word(o, valid ? standard_unpack(y.meta) : none), m->ypermr(y, NONE).addr);
    equal("integrity", i, y, NONE, valid, m->bounds(y.meta, y.addr).integral);
    if (o.zyhybrid) judge_mode(i, m, y, valid);
  }
}

/** The printer's own judge: every operation of the algebra, and every printed instruction, on samples that bigint computed. */
static void judge_printer(u64 i) {
  if (i < sizeof OPERATIONS / sizeof *OPERATIONS) {
    const struct y y = {OPERATIONS[i].a, OPERATIONS[i].b, OPERATIONS[i].c};
    equal(OPERATIONS[i].name, i, y, NONE, OPERATIONS[i].expected, OPERATIONS[i].apply(y.tag, y.meta, y.addr));
    return;
  }
  const struct sample *s = &SAMPLES[i - sizeof OPERATIONS / sizeof *OPERATIONS];
  const struct y found = s->apply(s->a, s->b);
  equal(s->name, i, s->a, s->b, s->expected.tag, found.tag);
  equal(s->name, i, s->a, s->b, s->expected.meta, found.meta);
  equal(s->name, i, s->a, s->b, s->expected.addr, found.addr);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*judge)(u64);
  } tasks[] = {{"bounds", judge_bounds},           {"lengths", judge_lengths}, {"moves", judge_moves},
               {"permissions", judge_permissions}, {"printer", judge_printer}};
  for (size_t k = 0; argc == 4 && k < sizeof tasks / sizeof *tasks; k++) {
    if (strcmp(tasks[k].name, argv[1]) != 0) continue;
    const u64 to = strtoull(argv[3], NULL, 10);
    for (u64 i = strtoull(argv[2], NULL, 10); i < to; i++, cases++) tasks[k].judge(i);
    printf("cases %" PRIu64 " differences %" PRIu64 "\n", cases, differences);
    return differences != 0;
  }
  fprintf(stderr, "usage: judge bounds|lengths|moves|permissions|printer FROM TO\n");
  return 2;
}
