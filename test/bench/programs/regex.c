/* Searches many texts for regular expressions by backtracking: . * + ? ^ $ and classes, deep recursion (8 KB). */
#include "program.h"

#define TEXTS 128
#define LETTERS 48

static char texts[TEXTS][LETTERS + 1];
static const char *const patterns[] = {
    "ab*c",     "^a.*b$",      "[abc]+d",         "a?a?a?aaa", "[^ab]+e+f", "d.e.f",
    "^[a-d]*$", "a[^a]*a[^a]*a$", "[ab]*[bc]*[cd]*ef", "f+$",       "a.*b.*c.*d.*aa", "e?f?[a-c][^c]d*f",
};
#define PATTERNS ((int)(sizeof patterns / sizeof *patterns))
static u64 rounds;

/* How many characters of the pattern stand for one of the text. */
static int width(const char *p)
{
    if (*p != '[')
        return 1;
    const char *end = p + 1;
    if (*end == '^')
        end++;
    do
        end++;
    while (*end != ']');
    return (int)(end + 1 - p);
}

static int fits(const char *p, char c)
{
    if (c == 0)
        return 0;
    if (*p == '.')
        return 1;
    if (*p != '[')
        return *p == c;
    int inverse = *++p == '^', found = 0;
    for (p += inverse; *p != ']'; p++) {
        if (p[1] == '-' && p[2] != ']') {
            found |= p[0] <= c && c <= p[2];
            p += 2;
        } else {
            found |= *p == c;
        }
    }
    return found != inverse;
}

static int match_here(const char *p, const char *t);

/* As many as there are, then fewer. */
static int match_many(const char *one, const char *rest, const char *t, int least)
{
    const char *end = t;
    while (fits(one, *end))
        end++;
    for (; end >= t + least; end--)
        if (match_here(rest, end))
            return 1;
    return 0;
}

static int match_here(const char *p, const char *t)
{
    for (;;) {
        if (*p == 0)
            return 1;
        if (p[0] == '$' && p[1] == 0)
            return *t == 0;
        const char *next = p + width(p);
        switch (*next) {
        case '*':
            return match_many(p, next + 1, t, 0);
        case '+':
            return match_many(p, next + 1, t, 1);
        case '?':
            if (fits(p, *t) && match_here(next + 1, t + 1))
                return 1;
            p = next + 1;
            break;
        default:
            if (!fits(p, *t))
                return 0;
            p = next;
            t++;
        }
    }
}

static int match(const char *p, const char *t)
{
    if (*p == '^')
        return match_here(p + 1, t);
    do
        if (match_here(p, t))
            return 1;
    while (*t++ != 0);
    return 0;
}

static void check(void)
{
    static const struct {
        const char *pattern, *text;
        int matches;
    } cases[] = {
        {"ab*c", "xxabbbcx", 1},   {"ab*c", "xxacx", 1},       {"ab*c", "xxabbx", 0},       {"^ab$", "ab", 1},
        {"^ab$", "abb", 0},        {"[a-c]+d", "xxabcd", 1},   {"[a-c]+d", "xxd", 0},       {"[^a-c]d", "ad", 0},
        {"[^a-c]d", "add", 1},     {"a?a?aa", "aa", 1},        {"a?a?aa", "a", 0},          {"^a.*b.*c$", "axbxcxc", 1},
        {"^a.*b.*c$", "axcxb", 0}, {"", "", 1},                {"$", "abc", 1},             {"a+$", "baaab", 0},
    };
    for (u32 i = 0; i < sizeof cases / sizeof *cases; i++)
        if (match(cases[i].pattern, cases[i].text) != cases[i].matches)
            fail();
}

int main(void)
{
    for (;;) {
        check();
        for (int i = 0; i < TEXTS; i++) {
            int letters = (int)(random_number() % LETTERS);
            for (int j = 0; j < letters; j++)
                texts[i][j] = (char)('a' + random_number() % 6);
            texts[i][letters] = 0;
        }
        u64 found = 0;
        for (int p = 0; p < PATTERNS; p++)
            for (int i = 0; i < TEXTS; i++)
                found += (u64)match(patterns[p], texts[i]);
        rounds++;
        use_value(found);
    }
}
