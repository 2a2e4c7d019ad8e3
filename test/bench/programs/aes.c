/* AES-128 (CBC) of a buffer without a table: S-box by inversion in GF(2^8), eight bytes in a word at a time (4096 bytes). */
#include "program.h"

#define BYTES 4096
#define BLOCK 16
#define ROUNDS 10
#define EACH(byte) ((u64)(byte) * 0x0101010101010101u)

struct keys {
    u8 bytes[ROUNDS + 1][BLOCK];
};

static u8 data[BYTES];
static struct keys keys;
static u64 rounds;

/* Eight bytes, each times x. */
static inline u64 twice(u64 a)
{
    u64 high = a & EACH(0x80);
    return (a ^ high) << 1 ^ (high >> 7) * 0x1b;
}

static u64 product(u64 a, u64 b)
{
    u64 sum = 0;
    for (int bit = 0; bit < 8; bit++) {
        sum ^= a & (b >> bit & EACH(1)) * 0xff;
        a = twice(a);
    }
    return sum;
}

static inline u64 rotated(u64 a, int by)
{
    return (a << by & EACH(0xff << by & 0xff)) | (a >> (8 - by) & EACH(0xff >> (8 - by)));
}

/* The S-box: a^254, then the affine map. */
static u64 substituted(u64 a)
{
    u64 a2 = product(a, a), a3 = product(a2, a), a6 = product(a3, a3), a12 = product(a6, a6);
    u64 a15 = product(a12, a3), a30 = product(a15, a15), a60 = product(a30, a30), a120 = product(a60, a60);
    u64 a240 = product(a120, a120), i = product(product(a240, a12), a2);
    return i ^ rotated(i, 1) ^ rotated(i, 2) ^ rotated(i, 3) ^ rotated(i, 4) ^ EACH(0x63);
}

static u64 loaded(const u8 *from)
{
    u64 value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | from[i];
    return value;
}

static void store(u8 *to, u64 value)
{
    for (int i = 0; i < 8; i++, value >>= 8)
        to[i] = (u8)value;
}

static void expand(struct keys *k, const u8 *key)
{
    u8 *bytes = k->bytes[0], constant = 1;
    for (int i = 0; i < BLOCK; i++)
        bytes[i] = key[i];
    for (int i = BLOCK; i < BLOCK * (ROUNDS + 1); i += 4) {
        u8 word[8] = {bytes[i - 4], bytes[i - 3], bytes[i - 2], bytes[i - 1]};
        if (i % BLOCK == 0) {
            u8 turned[8] = {word[1], word[2], word[3], word[0]};
            store(word, substituted(loaded(turned)));
            word[0] ^= constant;
            constant = (u8)twice(constant);
        }
        for (int j = 0; j < 4; j++)
            bytes[i + j] = bytes[i + j - BLOCK] ^ word[j];
    }
}

static void mix(u8 *column)
{
    u8 a = column[0], b = column[1], c = column[2], d = column[3], all = a ^ b ^ c ^ d;
    column[0] ^= all ^ (u8)twice(a ^ b);
    column[1] ^= all ^ (u8)twice(b ^ c);
    column[2] ^= all ^ (u8)twice(c ^ d);
    column[3] ^= all ^ (u8)twice(d ^ a);
}

static void encrypt(const struct keys *k, u8 *block)
{
    u8 state[BLOCK], moved[BLOCK];
    for (int i = 0; i < BLOCK; i++)
        state[i] = block[i] ^ k->bytes[0][i];
    for (int round = 1; round <= ROUNDS; round++) {
        store(&state[0], substituted(loaded(&state[0])));
        store(&state[8], substituted(loaded(&state[8])));
        for (int column = 0; column < 4; column++)
            for (int row = 0; row < 4; row++)
                moved[4 * column + row] = state[4 * ((column + row) % 4) + row];
        if (round != ROUNDS)
            for (int column = 0; column < 4; column++)
                mix(&moved[4 * column]);
        for (int i = 0; i < BLOCK; i++)
            state[i] = moved[i] ^ k->bytes[round][i];
    }
    for (int i = 0; i < BLOCK; i++)
        block[i] = state[i];
}

/* The example of FIPS 197, appendix C.1. */
static void check(void)
{
    static const u8 expected[BLOCK] = {0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30,
                                       0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a};
    u8 key[BLOCK], block[BLOCK];
    struct keys k;
    for (int i = 0; i < BLOCK; i++) {
        key[i] = (u8)i;
        block[i] = (u8)(i * 0x11);
    }
    expand(&k, key);
    encrypt(&k, block);
    for (int i = 0; i < BLOCK; i++)
        if (block[i] != expected[i])
            fail();
}

int main(void)
{
    for (int i = 0; i < BYTES; i++)
        data[i] = (u8)random_number();
    for (;;) {
        u8 key[BLOCK];
        for (int i = 0; i < BLOCK; i++)
            key[i] = (u8)random_number();
        expand(&keys, key);
        u8 previous[BLOCK] = {0};
        for (int at = 0; at < BYTES; at += BLOCK) {
            for (int i = 0; i < BLOCK; i++)
                data[at + i] ^= previous[i];
            encrypt(&keys, &data[at]);
            for (int i = 0; i < BLOCK; i++)
                previous[i] = data[at + i];
        }
        check();
        rounds++;
        use_memory(data);
    }
}
