/* Fills a binary heap with random numbers and empties it: loads at doubling distances, hard branches (131064 bytes). */
#include "program.h"

#define ENTRIES 16383

static u64 heap[ENTRIES];

static void insert(int at, u64 value)
{
    for (; at > 0 && heap[(at - 1) / 2] > value; at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = value;
}

/* Puts a value in the place of the least one. */
static void replace_least(int entries, u64 value)
{
    int at = 0;
    for (int child = 1; child < entries; child = 2 * at + 1) {
        if (child + 1 < entries && heap[child + 1] < heap[child])
            child++;
        if (heap[child] >= value)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = value;
}

int main(void)
{
    int entries = 0;
    for (;;) {
        for (; entries < ENTRIES; entries++)
            insert(entries, random_number());
        for (; entries > 1; entries--)
            replace_least(entries - 1, heap[entries - 1]);
        use_memory(heap);
    }
}
