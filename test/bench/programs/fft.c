/* Fixed-point radix-2 FFT of 1024 points and back: multiplications, strides that double (24 KB). */
#include "program.h"

#define BITS 10
#define POINTS (1 << BITS)
#define ONE 30

struct point {
    int32_t re, im;
};

static struct point turns[POINTS], samples[POINTS], work[POINTS];
static u64 rounds;

static inline struct point product(struct point a, struct point b)
{
    int64_t half = 1l << (ONE - 1);
    int64_t re = (int64_t)a.re * b.re - (int64_t)a.im * b.im, im = (int64_t)a.re * b.im + (int64_t)a.im * b.re;
    return (struct point){(int32_t)((re + half) >> ONE), (int32_t)((im + half) >> ONE)};
}

static void reorder(struct point *p)
{
    for (u32 i = 0; i < POINTS; i++) {
        u32 j = 0;
        for (int bit = 0; bit < BITS; bit++)
            j |= (i >> bit & 1) << (BITS - 1 - bit);
        if (i < j) {
            struct point t = p[i];
            p[i] = p[j];
            p[j] = t;
        }
    }
}

/* Backwards, each stage halves. */
static void transform(struct point *p, int back)
{
    reorder(p);
    for (u32 half = 1; half < POINTS; half *= 2) {
        u32 step = POINTS / (2 * half);
        for (u32 from = 0; from < POINTS; from += 2 * half) {
            for (u32 i = 0; i < half; i++) {
                struct point turn = turns[i * step];
                if (back)
                    turn.im = -turn.im;
                struct point a = p[from + i], b = product(turn, p[from + i + half]);
                p[from + i] = (struct point){(a.re + b.re) >> back, (a.im + b.im) >> back};
                p[from + i + half] = (struct point){(a.re - b.re) >> back, (a.im - b.im) >> back};
            }
        }
    }
}

static int differ(int32_t a, int32_t b, int32_t most)
{
    return a - b > most || b - a > most;
}

/* One line of the spectrum as its definition has it. */
static struct point line(u32 frequency)
{
    int64_t re = 0, im = 0;
    for (u32 i = 0; i < POINTS; i++) {
        struct point turn = turns[i * frequency % POINTS];
        re += ((int64_t)turn.re * samples[i].re - (int64_t)turn.im * samples[i].im) >> 8;
        im += ((int64_t)turn.re * samples[i].im + (int64_t)turn.im * samples[i].re) >> 8;
    }
    return (struct point){(int32_t)(re >> (ONE - 8)), (int32_t)(im >> (ONE - 8))};
}

int main(void)
{
    /* exp(-2 pi i / 1024), and its powers by halves: the error stays small. */
    turns[0] = (struct point){1 << ONE, 0};
    turns[1] = (struct point){(int32_t)(0.99998117528260142 * (1 << ONE)), -(int32_t)(0.00613588464915447536 * (1 << ONE))};
    for (u32 i = 2; i < POINTS; i++)
        turns[i] = product(turns[i / 2], turns[i - i / 2]);
    for (;;) {
        for (u32 i = 0; i < POINTS; i++) {
            samples[i].re = (int32_t)(random_number() % 65536) - 32768;
            samples[i].im = (int32_t)(i % 64 * 512) - 16384;
            work[i] = samples[i];
        }
        transform(work, 0);
        u32 frequency = (u32)(random_number() % POINTS);
        struct point expected = line(frequency);
        if (differ(work[frequency].re, expected.re, 128) || differ(work[frequency].im, expected.im, 128))
            fail();
        transform(work, 1);
        for (u32 i = 0; i < POINTS; i++)
            if (differ(work[i].re, samples[i].re, 16) || differ(work[i].im, samples[i].im, 16))
                fail();
        rounds++;
        use_memory(work);
    }
}
