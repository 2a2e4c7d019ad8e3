/* The rounds of SHA-256 on a buffer, with random constants: long chains of rotations, few branches (4640 bytes). */
#include "program.h"

#define BYTES 4096
#define BLOCK_BYTES 64
#define ROUNDS 64

static u32 constants[ROUNDS];
static u8 data[BYTES];
static u32 hash[8] = {1, 2, 3, 4, 5, 6, 7, 8};

static inline u32 rotate(u32 x, int bits)
{
    return x >> bits | x << (32 - bits);
}

static void expand(const u8 *block, u32 *words)
{
    for (int i = 0; i < 16; i++, block += 4)
        words[i] = (u32)block[0] << 24 | (u32)block[1] << 16 | (u32)block[2] << 8 | block[3];
    for (int i = 16; i < ROUNDS; i++) {
        u32 x = words[i - 15], y = words[i - 2];
        u32 first = rotate(x, 7) ^ rotate(x, 18) ^ x >> 3;
        u32 second = rotate(y, 17) ^ rotate(y, 19) ^ y >> 10;
        words[i] = words[i - 16] + first + words[i - 7] + second;
    }
}

static void compress(const u8 *block)
{
    u32 words[ROUNDS];
    expand(block, words);
    u32 a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4], f = hash[5], g = hash[6], h = hash[7];
    for (int i = 0; i < ROUNDS; i++) {
        u32 t = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + words[i];
        u32 s = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t, d = c, c = b, b = a, a = s + t;
    }
    hash[0] += a, hash[1] += b, hash[2] += c, hash[3] += d, hash[4] += e, hash[5] += f, hash[6] += g, hash[7] += h;
}

int main(void)
{
    for (int i = 0; i < ROUNDS; i++)
        constants[i] = (u32)random_number();
    for (;;) {
        for (int at = 0; at < BYTES; at += BLOCK_BYTES) {
            compress(&data[at]);
            data[at] ^= (u8)hash[0];
        }
        use_memory(hash);
    }
}
