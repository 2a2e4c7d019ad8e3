/* Multiplies two numbers of 2048 bits by hand: multiplier, carries, short loops (1024 bytes). */
#include "program.h"

#define WORDS 64

static u32 a[WORDS], b[WORDS], product[2 * WORDS];

int main(void)
{
    for (int i = 0; i < WORDS; i++) {
        a[i] = (u32)random_number();
        b[i] = (u32)random_number();
    }
    for (;;) {
        multiply_by_hand(product, a, b, WORDS);
        a[0] ^= product[5];
        use_memory(product);
    }
}
