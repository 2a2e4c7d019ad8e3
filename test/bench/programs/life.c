/* Conway's game of life on bytes: nine loads of three rows for each cell, all near (131072 bytes). */
#include "program.h"

#define N 256

static u8 boards[2][N][N];

static void generation(u8 (*from)[N], u8 (*to)[N])
{
    for (int y = 1; y < N - 1; y++) {
        for (int x = 1; x < N - 1; x++) {
            const u8 *above = &from[y - 1][x], *here = &from[y][x], *below = &from[y + 1][x];
            int sides = above[-1] + above[1] + here[-1] + here[1] + below[-1] + below[1];
            int neighbours = sides + above[0] + below[0];
            to[y][x] = neighbours == 3 || (neighbours == 2 && here[0] != 0);
        }
    }
}

int main(void)
{
    for (int y = 0; y < N; y++)
        for (int x = 0; x < N; x++)
            boards[0][y][x] = random_number() & 1;
    for (;;) {
        generation(boards[0], boards[1]);
        generation(boards[1], boards[0]);
        use_memory(boards);
    }
}
