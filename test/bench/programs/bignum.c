/* Multiplies two numbers of 2048 bits by hand: multiplier, carries, short loops (1024 bytes). */
#include "program.h"

#define WORDS 64

static u32 a[WORDS], b[WORDS], product[2 * WORDS];

static void multiply(void)
{
    for (int i = 0; i < 2 * WORDS; i++)
        product[i] = 0;
    for (int i = 0; i < WORDS; i++) {
        u64 carry = 0;
        for (int j = 0; j < WORDS; j++) {
            u64 sum = (u64)a[i] * b[j] + product[i + j] + carry;
            product[i + j] = (u32)sum;
            carry = sum >> 32;
        }
        product[i + WORDS] = (u32)carry;
    }
}

int main(void)
{
    for (int i = 0; i < WORDS; i++) {
        a[i] = (u32)random_number();
        b[i] = (u32)random_number();
    }
    for (;;) {
        multiply();
        a[0] ^= product[5];
        use_memory(product);
    }
}
