/* Huffman: counts 32768 skewed bytes, builds the tree, encodes, decodes bit by bit and compares (about 137 KB). */
#include "program.h"

#define BYTES 32768
#define SYMBOLS 256

struct node {
    u32 weight;
    u16 left, right;
};

static u8 text[BYTES], again[BYTES], packed[2 * BYTES];
static struct node nodes[2 * SYMBOLS];
static u16 heap[SYMBOLS];
static u32 codes[SYMBOLS];
static u8 lengths[SYMBOLS];
static int entries;
static u64 rounds;

static void push(u16 node)
{
    int at = entries++;
    for (; at > 0 && nodes[heap[(at - 1) / 2]].weight > nodes[node].weight; at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = node;
}

static u16 pop(void)
{
    u16 least = heap[0], last = heap[--entries];
    int at = 0;
    for (int child = 1; child < entries; child = 2 * at + 1) {
        if (child + 1 < entries && nodes[heap[child + 1]].weight < nodes[heap[child]].weight)
            child++;
        if (nodes[heap[child]].weight >= nodes[last].weight)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return least;
}

static u16 build(void)
{
    for (int i = 0; i < SYMBOLS; i++)
        nodes[i] = (struct node){0, 0, 0};
    for (int i = 0; i < BYTES; i++)
        nodes[text[i]].weight++;
    entries = 0;
    for (u16 i = 0; i < SYMBOLS; i++)
        if (nodes[i].weight > 0)
            push(i);
    u16 made = SYMBOLS;
    while (entries > 1) {
        u16 a = pop(), b = pop();
        nodes[made] = (struct node){nodes[a].weight + nodes[b].weight, a, b};
        push(made++);
    }
    return pop();
}

static void number(u16 node, u32 code, u8 length)
{
    if (node < SYMBOLS) {
        codes[node] = code;
        lengths[node] = length;
        return;
    }
    number(nodes[node].left, code << 1, length + 1);
    number(nodes[node].right, code << 1 | 1, length + 1);
}

static u32 encode(void)
{
    u64 pending = 0;
    u32 bits = 0, out = 0;
    for (int i = 0; i < BYTES; i++) {
        pending = pending << lengths[text[i]] | codes[text[i]];
        bits += lengths[text[i]];
        while (bits >= 8) {
            bits -= 8;
            packed[out++] = (u8)(pending >> bits);
        }
    }
    packed[out++] = (u8)(pending << (8 - bits));
    return out;
}

static void decode(u16 root)
{
    u32 at = 0;
    for (int i = 0; i < BYTES; i++) {
        u16 node = root;
        for (; node >= SYMBOLS; at++)
            node = (packed[at / 8] >> (7 - at % 8) & 1) != 0 ? nodes[node].right : nodes[node].left;
        again[i] = (u8)node;
    }
}

int main(void)
{
    for (;;) {
        u64 offset = random_number();
        for (int i = 0; i < BYTES; i++) {
            u64 r = random_number(), wide = 1 + (r & 7) * (r >> 3 & 7) * (r >> 6 & 3);
            text[i] = (u8)(offset + (r >> 16) % wide);
        }
        u16 root = build();
        number(root, 0, 0);
        u32 bytes = encode();
        decode(root);
        if (bytes >= BYTES)
            fail();
        for (int i = 0; i < BYTES; i++)
            if (again[i] != text[i])
                fail();
        rounds++;
        use_memory(again);
    }
}
