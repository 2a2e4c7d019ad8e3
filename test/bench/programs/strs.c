/* Looks for a word in random text, letter by letter: sequential byte loads, branches seldom taken (65552 bytes). */
#include "program.h"

#define LETTERS 65535

static char text[LETTERS + 1];
static char word[16] = "needle";

int main(void)
{
    for (int i = 0; i < LETTERS; i++)
        text[i] = (char)('a' + random_number() % 26);
    for (;;) {
        u64 found = 0;
        for (const char *t = text; *t != 0; t++) {
            int same = 0;
            while (word[same] != 0 && t[same] == word[same])
                same++;
            found += word[same] == 0;
        }
        use_value(found);
    }
}
