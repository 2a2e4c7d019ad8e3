/* Sends messages to 512 objects of 12 classes: indirect calls three methods deep, whose targets vary (about 20 KB). */
#include "program.h"

#define OBJECTS 512
#define CLASSES 12
#define CALLS 4096
/* What the first CALLS after reset come to, by another machine. */
#define EXPECTED 0x7e9ec930bd2c9d7c

struct object;

struct methods {
    u64 (*receive)(struct object *, u64);
    u64 (*combine)(struct object *, u64, u64);
    u64 (*value)(const struct object *, u64);
};

struct object {
    const struct methods *methods;
    struct object *left, *right;
    u64 state;
    u32 count;
};

static struct object objects[OBJECTS];
static u64 rounds;

static inline u64 value_of(const struct object *o, u64 x)
{
    return o->methods->value(o, x);
}

static inline u64 combine_with(struct object *o, u64 a, u64 b)
{
    return o->methods->combine(o, a, b);
}

/* A class: what its methods do, each an expression or statement. */
#define CLASS(n, RECEIVE, COMBINE, VALUE)                               \
    static u64 receive##n(struct object *o, u64 x)                      \
    {                                                                   \
        struct object *l = o->left, *r = o->right;                      \
        o->count++;                                                     \
        RECEIVE;                                                        \
        return o->state;                                                \
    }                                                                   \
    static u64 combine##n(struct object *o, u64 a, u64 b)               \
    {                                                                   \
        struct object *l = o->left, *r = o->right;                      \
        COMBINE;                                                        \
        return a;                                                       \
    }                                                                   \
    static u64 value##n(const struct object *o, u64 x)                  \
    {                                                                   \
        u64 s = o->state;                                               \
        VALUE;                                                          \
        return x;                                                       \
    }

/* Calls may change any object: each is a statement of its own. */
CLASS(0, u64 y = combine_with(l, x, o->state); o->state += y, a += value_of(r, b), x += s)
CLASS(1, u64 y = combine_with(r, o->state, x); o->state ^= y, a ^= value_of(l, b) << 1, x ^= s >> 3)
CLASS(2, if ((x & 1) != 0) l = r; o->state = combine_with(l, x, o->count), a = value_of(l, a) + value_of(r, b),
      if (x > s) x -= s)
CLASS(3, u64 y = combine_with(l, x, 3); o->state = o->state * 5 + y, a = a * 3 + value_of(r, a ^ b),
      for (int i = 0; i < (int)(s & 3); i++) x = x * 3 + 1)
CLASS(4, u64 y = combine_with(l, x, 1); o->state = combine_with(r, x, 2) + y, a -= value_of(b % 2 != 0 ? l : r, a),
      x = ~x + s)
CLASS(5, for (int i = 0; i < 2; i++) { u64 y = combine_with(i ? l : r, x, (u64)i); o->state += y; },
      a |= value_of(r, b) & 0xff, x = (x << 7 | x >> 57) ^ s)
CLASS(6, if (o->count % 8 == 0) { o->left = r; o->right = l; } u64 y = combine_with(l, x, x >> 9); o->state ^= y,
      if (a < b) a = value_of(l, b); else a = value_of(r, a) + 1, x = x * s + 1)
CLASS(7, u64 y = x % 4 != 0 ? combine_with(r, x, 7) : 0; o->state = x + y, o->state += b; a += value_of(l, o->state),
      x += s & 0xffff; x ^= x >> 11)
CLASS(8, u64 y = combine_with(l, o->state >> 1, x); o->state -= y, for (int i = 0; i < 3; i++) a += value_of(i != 1 ? l : r, b + (u64)i),
      x -= o->count)
CLASS(9, u64 y = combine_with(r, x, x); o->state = y ^ (y >> 31), a ^= b; a = value_of(r, a) ^ b,
      x = s != 0 ? x % (s | 1) + s : x)
CLASS(10, u64 y = combine_with(l, x, o->state); o->state = (o->state << 1) + (y & 1), l->state += a; a = value_of(r, a + b),
      while (x > s && x != 0) x >>= 5)
CLASS(11, o->state = combine_with((x >> 5 & 1) != 0 ? l : r, x, o->state + 11), r->state ^= b; a += value_of(l, a),
      x = s + (x & 0xff) * 257)

#define METHODS(n) {receive##n, combine##n, value##n}

static const struct methods classes[CLASSES] = {METHODS(0), METHODS(1), METHODS(2),  METHODS(3),
                                                METHODS(4), METHODS(5), METHODS(6),  METHODS(7),
                                                METHODS(8), METHODS(9), METHODS(10), METHODS(11)};

static void make(void)
{
    for (int i = 0; i < OBJECTS; i++)
        objects[i] = (struct object){.methods = &classes[random_number() % CLASSES],
                                     .left = &objects[random_number() % OBJECTS],
                                     .right = &objects[random_number() % OBJECTS],
                                     .state = random_number()};
}

static u64 send(u64 x)
{
    for (int i = 0; i < CALLS; i++) {
        struct object *o = &objects[i % 4 != 0 ? (u32)i % OBJECTS : x % OBJECTS];
        x += o->methods->receive(o, x ^ (u64)i);
    }
    return x;
}

int main(void)
{
    u64 x = 1;
    make();
    for (;;) {
        x = send(x);
        use_value(x);
        if (rounds == 0 && x != EXPECTED)
            fail();
        rounds++;
    }
}
