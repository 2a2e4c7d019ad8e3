// Deep and wide recursion: Ackermann, the towers of Hanoi, five queens, Fibonacci, and two functions that call each other.
static int ackermann(int m, int n) { return m == 0 ? n + 1 : ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1)); }

static int moves;
static void hanoi(int discs, int from, int to, int over) {
  if (discs == 0) return;
  hanoi(discs - 1, from, over, to);
  moves++;
  hanoi(discs - 1, over, to, from);
}

static int queens(int row, unsigned columns, unsigned left, unsigned right, int n) {
  int found = 0;
  if (row == n) return 1;
  for (unsigned free = ~(columns | left | right) & ((1u << n) - 1); free; free &= free - 1) {
    unsigned one = free & -free;
    found += queens(row + 1, columns | one, (left | one) << 1, (right | one) >> 1, n);
  }
  return found;
}

static int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
static int odd(int n);
static int even(int n) { return n == 0 || odd(n - 1); }
static int odd(int n) { return n != 0 && even(n - 1); }

int main(void) {
  if (ackermann(2, 5) != 13) return 1;
  hanoi(6, 0, 2, 1);
  if (moves != 63) return 2;
  if (queens(0, 0, 0, 0, 5) != 10) return 3;
  if (fibonacci(11) != 89) return 4;
  return !even(100) || even(101);
}
