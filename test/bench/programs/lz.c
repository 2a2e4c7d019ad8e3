/* Compresses text by a hash of the last places (LZ77): byte loads, short loops, hard branches (204800 bytes). */
#include "program.h"

#define BYTES 65536
#define LONGEST 255
#define SHORTEST 4
/* No byte of the text has this value. */
#define MATCH 255

static u8 text[BYTES], packed[2 * BYTES];
static u16 last_place[4096];

static u32 compress(void)
{
    u32 out = 0;
    for (u32 i = 0; i < BYTES - 6;) {
        u32 next = (u32)text[i] | (u32)text[i + 1] << 8 | (u32)text[i + 2] << 16;
        u16 *place = &last_place[next * 2654435761u >> 20];
        u32 from = *place, length = 0;
        *place = (u16)i;
        if (from < i)
            while (length < LONGEST && i + length < BYTES && text[from + length] == text[i + length])
                length++;
        if (length >= SHORTEST) {
            packed[out++] = MATCH;
            packed[out++] = (u8)length;
            packed[out++] = (u8)(i - from);
            packed[out++] = (u8)((i - from) >> 8);
            i += length;
        } else {
            packed[out++] = text[i++];
        }
    }
    return out;
}

int main(void)
{
    for (int i = 0; i < BYTES; i++)
        text[i] = random_number() % 8 != 0 ? text[i >> 1] : random_number() % 16;
    for (;;) {
        use_value(compress());
        use_memory(packed);
    }
}
