/* Levenshtein distances of random strings by rows: three-way minima of neighbours, hard branches (4 KB). */
#include "program.h"

#define LONGEST 400

struct string {
    u32 length;
    char letters[LONGEST];
};

static struct string a, b, c;
static u32 row[LONGEST + 1];
static u64 rounds;

static u32 distance(const struct string *x, const struct string *y)
{
    for (u32 j = 0; j <= y->length; j++)
        row[j] = j;
    for (u32 i = 1; i <= x->length; i++) {
        u32 diagonal = row[0];
        row[0] = i;
        for (u32 j = 1; j <= y->length; j++) {
            u32 cost = diagonal + (x->letters[i - 1] != y->letters[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < cost)
                cost = row[j] + 1;
            if (row[j - 1] + 1 < cost)
                cost = row[j - 1] + 1;
            row[j] = cost;
        }
    }
    return row[y->length];
}

static void make(struct string *s)
{
    s->length = LONGEST / 2 + (u32)(random_number() % (LONGEST / 2));
    for (u32 i = 0; i < s->length; i++)
        s->letters[i] = "acgt"[random_number() % 4];
}

/* Another string, with some letters changed, left out or put in: returns how many. */
static u32 change(struct string *to, const struct string *from)
{
    u32 changes = 0;
    to->length = 0;
    for (u32 i = 0; i < from->length && to->length < LONGEST - 1; i++) {
        u64 r = random_number() % 64;
        if (r < 3)
            changes++;
        if (r != 0)
            to->letters[to->length++] = r == 1 ? 'x' : from->letters[i];
        if (r == 2)
            to->letters[to->length++] = 'y';
    }
    return changes;
}

int main(void)
{
    static const struct string kitten = {6, "kitten"}, sitting = {7, "sitting"};
    if (distance(&kitten, &sitting) != 3)
        fail();
    for (;;) {
        make(&a);
        u32 changes = change(&b, &a);
        make(&c);
        u32 ab = distance(&a, &b), bc = distance(&b, &c), ac = distance(&a, &c);
        if (b.length < LONGEST - 1 && ab > changes)
            fail();
        if (ab + bc < ac || ab + ac < bc || bc + ac < ab || distance(&c, &a) != ac)
            fail();
        rounds++;
        use_value(ab + bc + ac);
    }
}
