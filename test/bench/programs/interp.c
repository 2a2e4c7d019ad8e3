/* Interprets 4096 random operations by a switch: an indirect jump with eight targets for each (4608 bytes). */
#include "program.h"

#define OPERATIONS 4096
#define STACK 64

static u8 code[OPERATIONS];
static u64 stack[STACK];

int main(void)
{
    for (int i = 0; i < OPERATIONS; i++)
        code[i] = random_number() % 8;
    u64 value = 1, top = 0;
    for (;;) {
        for (int pc = 0; pc < OPERATIONS; pc++) {
            switch (code[pc]) {
            case 0:
                value += (u64)pc;
                break;
            case 1:
                value ^= value << 3;
                break;
            case 2:
                stack[top++ % STACK] = value;
                break;
            case 3:
                value += stack[--top % STACK];
                break;
            case 4:
                value *= 7;
                break;
            case 5:
                value -= stack[top % STACK];
                break;
            case 6:
                if ((value & 1) != 0)
                    pc++;
                break;
            case 7:
                value = (value >> 5) | (value << 59);
                break;
            }
        }
        use_value(value);
    }
}
