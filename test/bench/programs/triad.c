/* STREAM's triad on integers: three sequential streams through memory (6291456 bytes). */
#include "program.h"

#define NUMBERS 262144

static u64 a[NUMBERS], b[NUMBERS], c[NUMBERS];

int main(void)
{
    for (;;) {
        for (int i = 0; i < NUMBERS; i++)
            a[i] = b[i] + 3 * c[i];
        use_memory(a);
    }
}
