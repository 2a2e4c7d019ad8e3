/* Follows a ring of nodes in random order and writes each: a chain of cache and TLB misses (1048576 bytes). */
#include "program.h"

#define NODES 32768

struct node {
    struct node *next;
    u64 value;
    u64 unused[2];
};

static struct node nodes[NODES];
static u32 order[NODES];

int main(void)
{
    for (u32 i = 0; i < NODES; i++)
        order[i] = i;
    for (u32 i = NODES - 1; i > 0; i--) {
        u32 j = (u32)(random_number() % (i + 1));
        u32 t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
    for (u32 i = 0; i < NODES; i++)
        nodes[order[i]].next = &nodes[order[(i + 1) % NODES]];
    u64 sum = 0;
    for (struct node *n = nodes;;) {
        for (int i = 0; i < NODES; i++, n = n->next) {
            sum += n->value + 1;
            n->value = sum;
        }
        use_memory(nodes);
    }
}
