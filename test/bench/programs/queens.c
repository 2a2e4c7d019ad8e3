/* Counts the ways to place ten queens, by bits: recursion, operations on registers (some 1000 bytes of stack). */
#include "program.h"

#define QUEENS 10
#define ALL ((1u << QUEENS) - 1)

/* What attacks the next row: by columns, and by the diagonals to the left and to the right. */
static u32 solutions(u32 columns, u32 left, u32 right)
{
    if (columns == ALL)
        return 1;
    u32 sum = 0;
    for (u32 free = ~(columns | left | right) & ALL; free != 0; free &= free - 1) {
        u32 place = free & -free;
        sum += solutions(columns | place, (left | place) << 1, (right | place) >> 1);
    }
    return sum;
}

int main(void)
{
    for (;;)
        use_value(solutions(0, 0, 0));
}
