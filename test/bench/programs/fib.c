/* Fibonacci numbers by recursion: calls, returns, the return-address stack (some 1000 bytes of stack). */
#include "program.h"

static __attribute__((noinline)) u32 fibonacci(u32 n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

int main(void)
{
    for (;;)
        use_value(fibonacci(24));
}
