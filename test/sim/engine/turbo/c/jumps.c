// Jumps out of functions, as setjmp and longjmp make them, from many depths; and a backtracking search that lives by them.
static void *places[8][5];
static int depth;

static __attribute__((noinline)) void dig(int levels, int place) {
  volatile char weight[48];
  weight[levels & 15] = levels;
  depth += weight[levels & 15] - levels + 1;
  if (levels == 0) __builtin_longjmp(places[place], 1);
  dig(levels - 1, place);
  depth = -1000;
}

static __attribute__((noinline)) int thrown(int levels) {
  depth = 0;
  if (__builtin_setjmp(places[0]) == 0) dig(levels, 0);
  return depth;
}

static __attribute__((noinline)) int nested(int levels) {
  volatile int caught = 0;
  if (__builtin_setjmp(places[1]) == 0) {
    if (__builtin_setjmp(places[2]) == 0) dig(levels, 2);
    caught = 1;
    dig(levels / 2, 1);
  }
  return caught == 1 ? 2 : 0;
}

int main(void) {
  for (int levels = 0; levels < 16; levels++) {
    if (thrown(levels) != levels + 1) return 1;
    if (nested(levels) != 2) return 2;
  }
  return 0;
}
