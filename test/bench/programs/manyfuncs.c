/* 294 functions that call one another as a tree, each with a short loop: much code, little data (512 bytes). */
#include "program.h"

#define APART __attribute__((noinline))
/* What the hundredth call of the tree comes to, by another machine. */
#define EXPECTED 0xce0567eedade6434

/* Only main() writes it. */
static u64 table[64];
static u64 rounds;

/* The leaves: seven kinds, each function with constants of its own. */
#define LEAF0(n)                                     \
    static APART u64 f##n(u64 x)                     \
    {                                                \
        for (int i = 0; i < 0x##n % 5 + 2; i++)      \
            x = x * (0x##n + 6) + (u64)i;            \
        return x;                                    \
    }
#define LEAF1(n)                                     \
    static APART u64 f##n(u64 x)                     \
    {                                                \
        for (u64 i = x & 7; i < 9; i += 1)           \
            x ^= x >> (0x##n % 23 + 1) ^ i << 8;     \
        return x + 0x##n;                            \
    }
#define LEAF2(n)                                     \
    static APART u64 f##n(u64 x)                     \
    {                                                \
        u64 sum = 0;                                 \
        while (x > 0x##n && sum < 0x10000) {         \
            sum += x & 0x##n;                        \
            x >>= 0x##n % 7 + 5;                     \
        }                                            \
        return sum + x * 0x##n##1;                   \
    }
#define LEAF3(n)                                     \
    static APART u64 f##n(u64 x)                     \
    {                                                \
        for (int i = 0; i < 4; i++)                  \
            if ((x >> i & 1) != 0)                   \
                x += 0x##n##3 << i;                  \
            else                                     \
                x ^= 0x##n##7;                       \
        return x;                                    \
    }
#define LEAF4(n)                                     \
    static APART u64 f##n(u64 x)                     \
    {                                                \
        u64 y = table[(x ^ 0x##n) % 64];             \
        return (x << (0x##n % 31 + 1)) - x + y;      \
    }
#define LEAF5(n)                                     \
    static APART u64 f##n(u64 x)                     \
    {                                                \
        u64 a = x, b = 0x##n | 1;                    \
        for (int i = 0; i < 3 && b != 0; i++) {      \
            u64 t = a % b;                           \
            a = b;                                   \
            b = t;                                   \
        }                                            \
        return x + a * 0x##n + b;                    \
    }
#define LEAF6(n)                                     \
    static APART u64 f##n(u64 x)                     \
    {                                                \
        switch ((x ^ 0x##n) % 5) {                   \
        case 0:                                      \
            return x * 3;                            \
        case 1:                                      \
            return x + 0x##n;                        \
        case 2:                                      \
            return x ^ x >> 17;                      \
        case 3:                                      \
            return ~x;                               \
        default:                                     \
            return x - 0x##n##9;                     \
        }                                            \
    }

/* The inner functions: what they call, each with a loop of its own kind. */
#define INNER0(n)                                                        \
    static APART u64 f##n(u64 x)                                         \
    {                                                                    \
        x = f##n##0(x) + f##n##1(x ^ 1);                                 \
        for (int i = 0; i < 2; i++)                                      \
            x = f##n##2(x) ^ f##n##3(x >> 3);                            \
        return f##n##4(x) + f##n##5(x) + LAST(n)(x);                     \
    }
#define INNER1(n)                                                        \
    static APART u64 f##n(u64 x)                                         \
    {                                                                    \
        x = f##n##5(f##n##4(f##n##3(x)));                                \
        u64 y = x;                                                       \
        while ((y & 3) != 0)                                             \
            y = y / 4 + (f##n##2(y) & y >> 2 & 1);                                 \
        return f##n##1(x) - f##n##0(y) + LAST(n)(x ^ y);                 \
    }
#define INNER2(n)                                                        \
    static APART u64 f##n(u64 x)                                         \
    {                                                                    \
        if ((x & 4) != 0)                                                \
            x = f##n##0(x) + f##n##2(x + 2);                             \
        else                                                             \
            x = f##n##1(x) ^ f##n##3(x - 1);                             \
        for (u64 i = 0; i < 3; i++)                                      \
            x += i % 2 != 0 ? f##n##4(x) : f##n##5(x + i);               \
        return x ^ LAST(n)(x);                                           \
    }

/* Functions abc for each ab, then ab for each a, then a. */
#define TWIG(n, kind) LEAF0(n##0) LEAF1(n##1) LEAF2(n##2) LEAF3(n##3) LEAF4(n##4) LEAF5(n##5) LEAF6(n##6) kind(n)
#define BRANCH(n, kind)                                                                                      \
    TWIG(n##0, INNER0) TWIG(n##1, INNER1) TWIG(n##2, INNER2) TWIG(n##3, INNER0) TWIG(n##4, INNER1) TWIG(n##5, INNER2) kind(n)

#define LAST(n) f##n##6

/* The stems: what they call. */
#define STEM0(n)                                                         \
    static APART u64 f##n(u64 x)                                         \
    {                                                                    \
        for (u64 i = 0; i < 2; i++)                                      \
            x += f##n##0(x ^ i) + f##n##1(x);                            \
        return f##n##2(x) ^ f##n##3(x) ^ f##n##4(x) ^ f##n##5(x);        \
    }
#define STEM1(n)                                                         \
    static APART u64 f##n(u64 x)                                         \
    {                                                                    \
        u64 y = f##n##5(x);                                              \
        x = f##n##0(y) + f##n##1(x);                                     \
        x = (y & 1) != 0 ? f##n##2(x) : f##n##3(x);                      \
        return y + f##n##4(x);                                           \
    }

BRANCH(a, STEM0)
BRANCH(b, STEM1)
BRANCH(c, STEM0)
BRANCH(d, STEM1)
BRANCH(e, STEM0)
BRANCH(1, STEM1)

static APART u64 tree(u64 x)
{
    return fa(x) + fb(x + 1) + fc(x ^ 2) + fd(x * 3) + fe(x >> 4) + f1(~x);
}

int main(void)
{
    u64 x = 1;
    for (;;) {
        x = tree(x);
        table[rounds % 64] = x;
        use_value(x);
        if (rounds == 99 && x != EXPECTED)
            fail();
        rounds++;
    }
}
