/* Multiplies numbers of 8192 bits by hand and by Karatsuba's method, and compares: carries, recursion (about 14 KB). */
#include "program.h"

#define LIMBS 256
/* Below, by hand. */
#define FEW 16

static u32 a[LIMBS], b[LIMBS], product[2 * LIMBS], again[2 * LIMBS];
/* What a level needs, 4 * (limbs / 2 + 1), and the levels below it. */
static u32 scratch[8 * LIMBS];
static u64 rounds;

/* to += x; the carry goes on behind. */
static void add(u32 *to, const u32 *x, int limbs)
{
    u64 carry = 0;
    for (int i = 0; i < limbs; i++) {
        carry += (u64)to[i] + x[i];
        to[i] = (u32)carry;
        carry >>= 32;
    }
    for (int i = limbs; carry != 0; i++) {
        carry += to[i];
        to[i] = (u32)carry;
        carry >>= 32;
    }
}

static void subtract(u32 *from, const u32 *x, int limbs)
{
    u64 borrow = 0;
    for (int i = 0; i < limbs; i++) {
        u64 difference = (u64)from[i] - x[i] - borrow;
        from[i] = (u32)difference;
        borrow = difference >> 63;
    }
    for (int i = limbs; borrow != 0; i++) {
        borrow = from[i] == 0;
        from[i]--;
    }
}

/* |x - y|: returns 1 where x < y. */
static int difference(u32 *to, const u32 *x, const u32 *y, int limbs)
{
    int i = limbs - 1;
    while (i > 0 && x[i] == y[i])
        i--;
    int less = x[i] < y[i];
    const u32 *large = less ? y : x, *small = less ? x : y;
    for (i = 0; i < limbs; i++)
        to[i] = large[i];
    subtract(to, small, limbs);
    return less;
}

/* The middle is high + low - (x1 - x0) (y1 - y0). */
static void karatsuba(u32 *to, const u32 *x, const u32 *y, int limbs, u32 *free)
{
    if (limbs <= FEW) {
        multiply_by_hand(to, x, y, limbs);
        return;
    }
    int half = limbs / 2;
    u32 *middle = free, *sum = free + limbs, *dx = sum, *dy = sum + half;
    free = sum + limbs + 2;
    int negative = difference(dx, x + half, x, half) != difference(dy, y + half, y, half);
    karatsuba(middle, dx, dy, half, free);
    karatsuba(to, x, y, half, free);
    karatsuba(to + limbs, x + half, y + half, half, free);
    for (int i = 0; i < limbs; i++)
        sum[i] = to[i];
    sum[limbs] = sum[limbs + 1] = 0;
    add(sum, to + limbs, limbs);
    if (negative)
        add(sum, middle, limbs);
    else
        subtract(sum, middle, limbs);
    add(to + half, sum, limbs + 1);
}

int main(void)
{
    for (;;) {
        for (int i = 0; i < LIMBS; i++) {
            a[i] = (u32)random_number();
            b[i] = (u32)random_number();
        }
        for (int i = 0; i < 4; i++) {
            multiply_by_hand(product, a, b, LIMBS);
            karatsuba(again, a, b, LIMBS, scratch);
            for (int j = 0; j < 2 * LIMBS; j++)
                if (product[j] != again[j])
                    fail();
            for (int j = 0; j < LIMBS; j++) {
                a[j] = product[j];
                b[j] = product[j + LIMBS];
            }
            rounds++;
            use_memory(again);
        }
    }
}
