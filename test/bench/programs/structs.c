/* Returns structures of 96 bytes by value and copies them: runs of loads and stores, calls (49152 bytes). */
#include "program.h"

#define STRUCTURES 512

struct large {
    u64 values[12];
};

static struct large table[STRUCTURES];

static __attribute__((noinline)) struct large made(u64 x)
{
    struct large result;
    for (u64 i = 0; i < 12; i++)
        result.values[i] = x + i;
    return result;
}

int main(void)
{
    for (u64 i = 0;; i++) {
        table[i % STRUCTURES] = made(i);
        table[i * 7 % STRUCTURES] = table[i % STRUCTURES];
        use_memory(table);
    }
}
