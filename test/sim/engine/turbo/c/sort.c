// Sorts the same numbers in three ways; ends with 0 where all three give one order and lose nothing.
#define N 70
static unsigned seed = 12345;
static unsigned draw(void) { return seed = seed * 1103515245u + 12345u; }
static long a[N], b[N], c[N], room[N];

static void insertion(long *x, int n) {
  for (int i = 1; i < n; i++) {
    long v = x[i];
    int j = i;
    for (; j > 0 && x[j - 1] > v; j--) x[j] = x[j - 1];
    x[j] = v;
  }
}

static void quick(long *x, int lo, int hi) {
  while (lo < hi) {
    long pivot = x[(lo + hi) / 2];
    int i = lo, j = hi;
    while (i <= j) {
      while (x[i] < pivot) i++;
      while (x[j] > pivot) j--;
      if (i <= j) {
        long t = x[i];
        x[i++] = x[j];
        x[j--] = t;
      }
    }
    if (j - lo < hi - i) {
      quick(x, lo, j);
      lo = i;
    } else {
      quick(x, i, hi);
      hi = j;
    }
  }
}

static void merge(long *x, int n) {
  if (n < 2) return;
  int half = n / 2, i = 0, j = half, k = 0;
  merge(x, half);
  merge(x + half, n - half);
  while (i < half && j < n) room[k++] = x[i] <= x[j] ? x[i++] : x[j++];
  while (i < half) room[k++] = x[i++];
  while (j < n) room[k++] = x[j++];
  for (k = 0; k < n; k++) x[k] = room[k];
}

int main(void) {
  long sum = 0;
  for (int i = 0; i < N; i++) {
    a[i] = b[i] = c[i] = (int)draw() >> 4;
    sum += a[i];
  }
  insertion(a, N);
  quick(b, 0, N - 1);
  merge(c, N);
  for (int i = 0; i < N; i++) {
    if (a[i] != b[i] || b[i] != c[i] || (i > 0 && a[i - 1] > a[i])) return 1;
    sum -= a[i];
  }
  return sum != 0;
}
