/* Counts random keys in a hash map with chains: dependent misses of the L1D and TLB (425536 bytes). */
#include "program.h"

#define KEYS 15000
#define BUCKET_BITS 13

struct entry {
    u64 key, value;
    struct entry *next;
};

static struct entry entries[KEYS];
static struct entry *buckets[1 << BUCKET_BITS];
static int used;

/* The value of a key below KEYS; 0 where the key is not there yet. */
static u64 *value_of(u64 key)
{
    struct entry **bucket = &buckets[(key * 0x9e3779b97f4a7c15) >> (64 - BUCKET_BITS)];
    for (struct entry *e = *bucket; e != 0; e = e->next)
        if (e->key == key)
            return &e->value;
    struct entry *made = &entries[used++];
    *made = (struct entry){.key = key, .next = *bucket};
    *bucket = made;
    return &made->value;
}

int main(void)
{
    for (;;) {
        for (int i = 0; i < KEYS; i++)
            (*value_of(random_number() % KEYS))++;
        use_memory(entries);
    }
}
