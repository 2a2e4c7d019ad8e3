/* Shortest paths in a random graph of 4096 nodes and about 30700 edges, by a binary heap (about 550 KB). */
#include "program.h"

#define NODES 4096
#define EDGES_OF_A_NODE 8
#define EDGES (NODES * EDGES_OF_A_NODE)
#define FAR 0xffffffffu

struct edge {
    u32 to, length;
};

struct entry {
    u32 distance, node;
};

static u32 first_edge[NODES + 1], distance[NODES];
static struct edge edges[EDGES];
static struct entry heap[EDGES + 1];
static u32 entries;
static u8 tight[NODES];
static u64 rounds;

static void push(u32 far, u32 node)
{
    u32 at = entries++;
    for (; at > 0 && heap[(at - 1) / 2].distance > far; at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = (struct entry){far, node};
}

static struct entry pop(void)
{
    struct entry least = heap[0], last = heap[--entries];
    u32 at = 0;
    for (u32 child = 1; child < entries; child = 2 * at + 1) {
        if (child + 1 < entries && heap[child + 1].distance < heap[child].distance)
            child++;
        if (heap[child].distance >= last.distance)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return least;
}

static void search(u32 from)
{
    for (u32 i = 0; i < NODES; i++)
        distance[i] = FAR;
    entries = 0;
    distance[from] = 0;
    push(0, from);
    while (entries > 0) {
        struct entry e = pop();
        if (e.distance != distance[e.node])
            continue;
        for (u32 i = first_edge[e.node]; i < first_edge[e.node + 1]; i++) {
            u32 far = e.distance + edges[i].length, to = edges[i].to;
            if (far < distance[to]) {
                distance[to] = far;
                push(far, to);
            }
        }
    }
}

/* No edge is a shorter way, and each reached node but the first has an edge as long as it should be. */
static void check(u32 from)
{
    for (u32 i = 0; i < NODES; i++)
        tight[i] = distance[i] == FAR;
    tight[from] = distance[from] == 0;
    for (u32 node = 0; node < NODES; node++) {
        if (distance[node] == FAR)
            continue;
        for (u32 i = first_edge[node]; i < first_edge[node + 1]; i++) {
            u32 far = distance[node] + edges[i].length, to = edges[i].to;
            if (far < distance[to])
                fail();
            if (far == distance[to])
                tight[to] = 1;
        }
    }
    for (u32 i = 0; i < NODES; i++)
        if (!tight[i])
            fail();
}

int main(void)
{
    u32 made = 0;
    for (u32 node = 0; node < NODES; node++) {
        first_edge[node] = made;
        u32 count = (u32)(random_number() % (2 * EDGES_OF_A_NODE));
        for (u32 i = 0; i < count && made < EDGES; i++)
            edges[made++] = (struct edge){(u32)(random_number() % NODES), (u32)(1 + random_number() % 1000)};
    }
    first_edge[NODES] = made;
    for (;;) {
        u32 from = (u32)(random_number() % NODES);
        search(from);
        if (rounds % 4 == 0)
            check(from);
        rounds++;
        use_memory(distance);
    }
}
