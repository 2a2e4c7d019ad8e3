/* Copies 4 KiB there and back: hits of the L1D and the store buffer (8192 bytes). */
#include "program.h"

static u64 a[512], b[512];

int main(void)
{
    for (;;) {
        memcpy(a, b, sizeof a);
        memcpy(b, a, sizeof b);
        use_memory(b);
    }
}
