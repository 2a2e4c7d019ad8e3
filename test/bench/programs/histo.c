/* Counts random numbers in a large histogram: independent misses of caches and TLB, each with a store (1048576 bytes). */
#include "program.h"

#define BINS 262144

static u32 bins[BINS];

int main(void)
{
    for (;;) {
        for (int i = 0; i < BINS; i++)
            bins[random_number() % BINS]++;
        use_memory(bins);
    }
}
