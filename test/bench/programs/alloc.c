/* Allocates and frees at random from a first-fit list of free blocks in order of addresses, and writes there (1 MB). */
#include "program.h"

#define HEAP_BYTES (1 << 20)
#define SLOTS 2048
#define CHECK_EACH 512

/* Before each block, free or not: `next` is of use where it is free. */
struct block {
    u64 bytes;
    struct block *next;
};

struct slot {
    u64 *words;
    u32 count, key;
};

static _Alignas(16) u8 heap[HEAP_BYTES];
static struct block first;
static struct slot slots[SLOTS];
static u64 taken_bytes, refused, rounds;

static void *allocate(u64 bytes)
{
    u64 need = (bytes + sizeof(struct block) + 15) & ~15ul;
    for (struct block *before = &first, *b; (b = before->next) != 0; before = b) {
        if (b->bytes < need)
            continue;
        if (b->bytes >= need + 2 * sizeof(struct block)) {
            struct block *rest = (struct block *)((u8 *)b + need);
            rest->bytes = b->bytes - need;
            rest->next = b->next;
            before->next = rest;
            b->bytes = need;
        } else {
            before->next = b->next;
        }
        taken_bytes += b->bytes;
        return b + 1;
    }
    return 0;
}

static void release(void *place)
{
    struct block *b = (struct block *)place - 1, *before = &first;
    taken_bytes -= b->bytes;
    while (before->next != 0 && before->next < b)
        before = before->next;
    b->next = before->next;
    before->next = b;
    if ((u8 *)b + b->bytes == (u8 *)b->next) {
        b->bytes += b->next->bytes;
        b->next = b->next->next;
    }
    if (before != &first && (u8 *)before + before->bytes == (u8 *)b) {
        before->bytes += b->bytes;
        before->next = b->next;
    }
}

static void fill(struct slot *s)
{
    for (u32 i = 0; i < s->count; i++)
        s->words[i] = s->key + (u64)i * 0x9e3779b9;
}

static void verify(const struct slot *s)
{
    for (u32 i = 0; i < s->count; i++)
        if (s->words[i] != s->key + (u64)i * 0x9e3779b9)
            fail();
}

/* Free and taken bytes are all there are, and no free block touches the next. */
static void check(void)
{
    u64 free_bytes = 0;
    for (struct block *b = first.next; b != 0; b = b->next) {
        free_bytes += b->bytes;
        if (b->next != 0 && (u8 *)b + b->bytes >= (u8 *)b->next)
            fail();
    }
    if (free_bytes + taken_bytes != HEAP_BYTES)
        fail();
    u64 sum = 0;
    for (int i = 0; i < SLOTS; i++)
        if (slots[i].words != 0)
            sum += ((struct block *)slots[i].words - 1)->bytes;
    if (sum != taken_bytes)
        fail();
}

int main(void)
{
    first.next = (struct block *)heap;
    first.next->bytes = HEAP_BYTES;
    first.next->next = 0;
    for (u64 i = 1;; i++) {
        struct slot *s = &slots[random_number() % SLOTS];
        if (s->words != 0) {
            verify(s);
            release(s->words);
            s->words = 0;
        } else {
            u64 r = random_number();
            s->count = (u32)(1 + (r >> 8) % (16ul << (r & 3) << (r >> 2 & 3)));
            s->key = (u32)(r >> 40);
            s->words = allocate(s->count * sizeof(u64));
            if (s->words != 0)
                fill(s);
            else
                refused++;
        }
        if (i % CHECK_EACH == 0) {
            check();
            rounds++;
            use_memory(heap);
        }
    }
}
