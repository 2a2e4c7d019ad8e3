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
