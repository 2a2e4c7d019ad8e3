/* CRC-32 of a buffer by a table: a chain of a load and three operations for each byte (66560 bytes). */
#include "program.h"

#define BYTES 65536

static u32 table[256];
static u8 data[BYTES];

int main(void)
{
    for (u32 i = 0; i < 256; i++) {
        u32 crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? 0xedb88320 ^ (crc >> 1) : crc >> 1;
        table[i] = crc;
    }
    for (int i = 0; i < BYTES; i++)
        data[i] = (u8)random_number();
    u32 crc = ~0u;
    for (;;) {
        for (int i = 0; i < BYTES; i++)
            crc = table[(crc ^ data[i]) & 0xff] ^ (crc >> 8);
        use_value(crc);
    }
}
