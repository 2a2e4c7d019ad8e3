/* Inserts 2048 words into a trie and looks for these and changed ones: a dependent load for each letter (about 2.2 MB). */
#include "program.h"

#define WORDS 2048
#define LONGEST 16
#define NODES 20000
#define LETTERS 26

struct node {
    u32 children[LETTERS];
    /* Number of the word that ends here, from 1. */
    u32 word;
};

static char words[WORDS][LONGEST];
static struct node nodes[NODES];
static u32 used;
static u64 rounds;

static u32 new_node(void)
{
    if (used == NODES)
        fail();
    nodes[used] = (struct node){.word = 0};
    return used++;
}

static void insert(const char *word, u32 number)
{
    u32 at = 0;
    for (; *word != 0; word++) {
        u32 *child = &nodes[at].children[*word - 'a'];
        if (*child == 0)
            *child = new_node();
        at = *child;
    }
    nodes[at].word = number;
}

static u32 find(const char *word)
{
    u32 at = 0;
    for (; *word != 0; word++) {
        at = nodes[at].children[*word - 'a'];
        if (at == 0)
            return 0;
    }
    return nodes[at].word;
}

static int same(const char *a, const char *b)
{
    while (*a != 0 && *a == *b)
        a++, b++;
    return *a == *b;
}

static void make(char *word)
{
    static const char syllables[16][4] = {"ba", "con", "de", "er", "in", "lo", "man", "na",
                                          "o",  "pre", "re", "s",  "ter", "un", "ver", "ing"};
    char *w = word;
    for (u64 count = 1 + random_number() % 5; count > 0; count--)
        for (const char *s = syllables[random_number() % 16]; *s != 0;)
            *w++ = *s++;
    *w = 0;
}

int main(void)
{
    for (;;) {
        used = 0;
        new_node();
        for (u32 i = 0; i < WORDS; i++) {
            make(words[i]);
            insert(words[i], i + 1);
        }
        u64 found = 0;
        for (int turn = 0; turn < 4; turn++) {
            for (u32 i = 0; i < WORDS; i++) {
                const char *word = words[(i * 1021 + (u32)turn) % WORDS];
                u32 number = find(word);
                if (number == 0 || !same(words[number - 1], word))
                    fail();
                char changed[LONGEST];
                u32 length = 0;
                for (; word[length] != 0; length++)
                    changed[length] = word[length];
                changed[length] = 0;
                u64 r = random_number();
                changed[r % length] = (char)('a' + (r >> 8) % LETTERS);
                number = find(changed);
                if (number != 0) {
                    found++;
                    if (!same(words[number - 1], changed))
                        fail();
                }
            }
        }
        rounds++;
        use_value(found);
    }
}
