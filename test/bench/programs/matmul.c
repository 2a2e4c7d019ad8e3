/* Multiplies matrices of 128 by 128 integers: multiplier, columns whose lines crowd a few sets of the L1D (196608 bytes). */
#include "program.h"

#define N 128

static u32 a[N][N], b[N][N], c[N][N];

int main(void)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            a[i][j] = (u32)random_number();
            b[i][j] = (u32)random_number();
        }
    }
    for (;;) {
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) {
                u32 sum = 0;
                for (int k = 0; k < N; k++)
                    sum += a[i][k] * b[k][j];
                c[i][j] = sum;
            }
        }
        use_memory(c);
    }
}
