/* Divides random numbers by growing ones: the divider (no memory). */
#include "program.h"

int main(void)
{
    u64 sum = 0;
    for (u64 i = 0;; i++) {
        sum += random_number() % (i | 1);
        sum ^= random_number() / (i | 1);
        use_value(sum);
    }
}
