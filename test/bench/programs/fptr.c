/* Calls one of eight functions at random: indirect calls, whose target the BTB gets wrong (64 bytes). */
#include "program.h"

#define FUNCTION(n)                                     \
    static __attribute__((noinline)) u64 step##n(u64 x) \
    {                                                   \
        return x * (n + 3) + n;                         \
    }

FUNCTION(0)
FUNCTION(1)
FUNCTION(2)
FUNCTION(3)
FUNCTION(4)
FUNCTION(5)
FUNCTION(6)
FUNCTION(7)

static u64 (*const steps[])(u64) = {step0, step1, step2, step3, step4, step5, step6, step7};

int main(void)
{
    u64 x = 1;
    for (;;) {
        x = steps[random_number() % 8](x);
        use_value(x);
    }
}
