/* The primes below 400000 by Eratosthenes' sieve: stores at growing strides (400000 bytes). */
#include "program.h"

#define LIMIT 400000

static u8 prime[LIMIT];

int main(void)
{
    for (;;) {
        memset(prime, 1, sizeof prime);
        u64 sum = 0;
        for (u32 i = 2; i < LIMIT; i++) {
            if (prime[i] == 0)
                continue;
            sum += i;
            for (u32 j = 2 * i; j < LIMIT; j += i)
                prime[j] = 0;
        }
        use_value(sum);
    }
}
