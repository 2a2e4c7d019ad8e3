/* What the programs share: types, random numbers, and the use of results, without which a compiler removes the work. */
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

static u64 random_state = 88172645463325252;

/* Marsaglia's xorshift64. */
static inline u64 random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* The compiler has to compute the value. No instruction. */
static inline void use_value(u64 value)
{
    __asm__ volatile("" : : "r"(value));
}

/* The compiler has to store what lies there. No instruction but the address. */
static inline void use_memory(const void *place)
{
    __asm__ volatile("" : : "r"(place) : "memory");
}

/* A result is wrong: the program never ends, so that whoever runs it sees it. */
static __attribute__((noinline, unused)) void fail(void)
{
    for (;;)
        use_value(0);
}

/* to = x * y, with two times as many limbs. */
static inline void multiply_by_hand(u32 *to, const u32 *x, const u32 *y, int limbs)
{
    for (int i = 0; i < 2 * limbs; i++)
        to[i] = 0;
    for (int i = 0; i < limbs; i++) {
        u64 carry = 0;
        for (int j = 0; j < limbs; j++) {
            u64 sum = (u64)x[i] * y[j] + to[i + j] + carry;
            to[i + j] = (u32)sum;
            carry = sum >> 32;
        }
        to[i + limbs] = (u32)carry;
    }
}
