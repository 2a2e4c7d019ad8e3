/* Mandelbrot sets in fixed point, of random places: loops whose lengths nobody foresees, multiplications (6 KB). */
#include "program.h"

#define WIDTH 96
#define HEIGHT 64
#define LIMIT 255
#define ONE 28

static u8 image[HEIGHT][WIDTH];
static u64 rounds;

static inline int64_t product(int64_t a, int64_t b)
{
    return (a * b) >> ONE;
}

static inline int steps(int64_t re, int64_t im)
{
    int64_t x = 0, y = 0;
    int count = 0;
    for (; count < LIMIT; count++) {
        int64_t xx = product(x, x), yy = product(y, y);
        if (xx + yy > 4l << ONE)
            break;
        y = 2 * product(x, y) + im;
        x = xx - yy + re;
    }
    return count;
}

/* Far from the set, or inside of the cardioid or of the disk beside it. */
static void check(int64_t re, int64_t im, int count)
{
    const int64_t margin = 1l << (ONE - 10), quarter = 1l << (ONE - 2), one = 1l << ONE;
    int64_t yy = product(im, im), x = re - quarter, q = product(x, x) + yy;
    if (product(re, re) + yy > 4 * one + margin && count > 2)
        fail();
    if (product(q, q + x) < product(quarter, yy) - margin && count != LIMIT)
        fail();
    if (product(re + one, re + one) + yy < one / 16 - margin && count != LIMIT)
        fail();
}

static void draw(int64_t re, int64_t im, int64_t step)
{
    for (int row = 0; row < HEIGHT; row++)
        for (int column = 0; column < WIDTH; column++)
            image[row][column] = (u8)steps(re + column * step, im + row * step);
    for (int row = 0; row < HEIGHT; row += 3)
        for (int column = row % 5; column < WIDTH; column += 5)
            check(re + column * step, im + row * step, image[row][column]);
}

int main(void)
{
    for (;;) {
        draw(-(9l << (ONE - 2)), -(1l << ONE), 1l << (ONE - 5));
        rounds++;
        use_memory(image);
        for (int i = 0; i < 3; i++) {
            int64_t re = (int64_t)(random_number() % (2l << ONE)) - (3l << (ONE - 1));
            int64_t im = (int64_t)(random_number() % (2l << ONE)) - (1l << ONE);
            draw(re, im, 1l << (ONE - 8 - i));
            rounds++;
            use_memory(image);
        }
    }
}
