/* Copies 1 MiB there and back: lines that miss the L1D and, in small caches, the L2 (2097152 bytes). */
#include "program.h"

static u64 a[131072], b[131072];

int main(void)
{
    for (;;) {
        memcpy(a, b, sizeof a);
        memcpy(b, a, sizeof b);
        use_memory(b);
    }
}
