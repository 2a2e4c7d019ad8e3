// Products, a determinant modulo a prime, and a transposition of matrices.
#define N 6
#define P 65521
typedef long matrix[N][N];
static matrix a, b, c, d;

static void multiply(matrix x, matrix y, matrix out) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      long sum = 0;
      for (int k = 0; k < N; k++) sum += x[i][k] * y[k][j];
      out[i][j] = sum % P;
    }
}

static void transpose(matrix x) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < i; j++) {
      long t = x[i][j];
      x[i][j] = x[j][i];
      x[j][i] = t;
    }
}

static long power(long base, long exponent) {
  long result = 1;
  for (; exponent > 0; exponent >>= 1, base = base * base % P)
    if (exponent & 1) result = result * base % P;
  return result;
}

static long determinant(matrix x) {
  long product = 1;
  for (int i = 0; i < N; i++) {
    long inverse = power(x[i][i], P - 2);
    product = product * x[i][i] % P;
    for (int r = i + 1; r < N; r++) {
      long factor = x[r][i] * inverse % P;
      for (int k = i; k < N; k++) x[r][k] = ((x[r][k] - factor * x[i][k]) % P + P) % P;
    }
  }
  return product;
}

int main(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i][j] = (i * 7 + j * j * 3 + (i == j) * 50 + 1) % P;
      b[i][j] = (i * i + 5 * j + (i == j) * 91 + 2) % P;
    }
  multiply(a, b, c);
  transpose(a);
  transpose(b);
  multiply(b, a, d);
  transpose(d);
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) if (c[i][j] != d[i][j]) return 1;
  return determinant(a) * determinant(b) % P != determinant(c);
}
