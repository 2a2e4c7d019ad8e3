/* Transposes a matrix of 512 by 512 words: stores 2048 bytes apart, each in another line (2097152 bytes). */
#include "program.h"

#define N 512

static u32 a[N][N], b[N][N];

int main(void)
{
    for (;;) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                b[j][i] = a[i][j];
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                a[j][i] = b[i][j] + 1;
        use_memory(a);
    }
}
