/* Builds binary search trees of 40000 random keys: dependent loads, branches that nobody foresees (960000 bytes). */
#include "program.h"

#define NODES 40000

struct node {
    struct node *left, *right;
    u64 key;
};

static struct node nodes[NODES];

static void insert(struct node **place, struct node *node)
{
    while (*place != 0)
        place = node->key < (*place)->key ? &(*place)->left : &(*place)->right;
    *place = node;
}

int main(void)
{
    for (;;) {
        struct node *root = 0;
        for (int i = 0; i < NODES; i++) {
            nodes[i] = (struct node){.key = random_number()};
            insert(&root, &nodes[i]);
        }
        use_memory(root);
    }
}
