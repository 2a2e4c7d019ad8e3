/* Times a loop of 50 multiplications by the cycle counter: reads of a CSR that depends on all timing (no memory). */
#include "program.h"

static inline u64 cycles(void)
{
    u64 now;
    __asm__ volatile("rdcycle %0" : "=r"(now));
    return now;
}

int main(void)
{
    u64 x = 1;
    for (;;) {
        u64 start = cycles();
        for (u64 i = 0; i < 50; i++)
            x = x * x + i;
        use_value(x);
        use_value(cycles() - start);
    }
}
