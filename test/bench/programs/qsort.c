/* Sorts 100000 random numbers by quicksort: sequential loads with a branch on each (400000 bytes). */
#include "program.h"

#define NUMBERS 100000

static u32 numbers[NUMBERS];

/* Sorts from..to, both included; recurses into the shorter part. */
static void sort(long from, long to)
{
    while (from < to) {
        u32 pivot = numbers[(from + to) / 2];
        long i = from, j = to;
        while (i <= j) {
            while (numbers[i] < pivot)
                i++;
            while (numbers[j] > pivot)
                j--;
            if (i <= j) {
                u32 t = numbers[i];
                numbers[i++] = numbers[j];
                numbers[j--] = t;
            }
        }
        if (j - from < to - i) {
            sort(from, j);
            from = i;
        } else {
            sort(i, to);
            to = j;
        }
    }
}

int main(void)
{
    for (;;) {
        for (int i = 0; i < NUMBERS; i++)
            numbers[i] = (u32)random_number();
        sort(0, NUMBERS - 1);
        use_memory(numbers);
    }
}
