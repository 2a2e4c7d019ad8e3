/* Sorts 32768 random 64-bit keys by their bytes, from the least: histograms and scattered stores (526336 bytes). */
#include "program.h"

#define KEYS 32768

static u64 keys[KEYS], other[KEYS];
static u32 places[256];
static u64 rounds;

static void pass(const u64 *from, u64 *to, int shift)
{
    for (int i = 0; i < 256; i++)
        places[i] = 0;
    for (int i = 0; i < KEYS; i++)
        places[from[i] >> shift & 0xff]++;
    u32 sum = 0;
    for (int i = 0; i < 256; i++) {
        u32 count = places[i];
        places[i] = sum;
        sum += count;
    }
    for (int i = 0; i < KEYS; i++)
        to[places[from[i] >> shift & 0xff]++] = from[i];
}

int main(void)
{
    for (;;) {
        u64 sum = 0, mixed = 0;
        for (int i = 0; i < KEYS; i++) {
            keys[i] = random_number();
            sum += keys[i];
            mixed ^= keys[i];
        }
        for (int shift = 0; shift < 64; shift += 16) {
            pass(keys, other, shift);
            pass(other, keys, shift + 8);
        }
        for (int i = 0; i < KEYS; i++) {
            if (i > 0 && keys[i - 1] > keys[i])
                fail();
            sum -= keys[i];
            mixed ^= keys[i];
        }
        if (sum != 0 || mixed != 0)
            fail();
        rounds++;
        use_memory(keys);
    }
}
