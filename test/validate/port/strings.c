/* String functions, a doubleword at a time where both ends are aligned, as C libraries have them. */
#include <stddef.h>

typedef unsigned long __attribute__((may_alias)) word;

static int aligned(const void *a, const void *b)
{
    return (((unsigned long)a | (unsigned long)b) & 7) == 0;
}

/* Is a byte of the word 0? */
static int has_zero(word w)
{
    return ((w - 0x0101010101010101) & ~w & 0x8080808080808080) != 0;
}

void *memcpy(void *to, const void *from, size_t bytes)
{
    char *t = to;
    const char *f = from;
    if (aligned(t, f))
        for (; bytes >= 8; bytes -= 8, t += 8, f += 8)
            *(word *)t = *(const word *)f;
    for (; bytes > 0; bytes -= 1)
        *t++ = *f++;
    return to;
}

void *memset(void *to, int byte, size_t bytes)
{
    for (char *t = to; bytes > 0; bytes -= 1)
        *t++ = (char)byte;
    return to;
}

char *strcpy(char *to, const char *from)
{
    char *t = to;
    if (aligned(t, from))
        for (; !has_zero(*(const word *)from); t += 8, from += 8)
            *(word *)t = *(const word *)from;
    while ((*t++ = *from++) != 0) {
    }
    return to;
}

int strcmp(const char *a, const char *b)
{
    if (aligned(a, b))
        for (; *(const word *)a == *(const word *)b; a += 8, b += 8)
            if (has_zero(*(const word *)a))
                return 0;
    for (; *a == *b; a += 1, b += 1)
        if (*a == 0)
            return 0;
    return (unsigned char)*a - (unsigned char)*b;
}

size_t strlen(const char *s)
{
    const char *end = s;
    while (*end != 0)
        end += 1;
    return (size_t)(end - s);
}
