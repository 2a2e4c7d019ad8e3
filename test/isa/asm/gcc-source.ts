// A freestanding C program with what a compiler's output is made of: tables, strings, switches, atomics, large frames.

export const SOURCE = String.raw`
  typedef unsigned long u64;
  struct node { struct node *next; long key; char name[12]; float f; double d; };
  static struct node pool[16];
  int count = 3; float single = 1.25f; double wide = -3.5e-7;
  const char *names[] = {"a", "bc", "def\n\"q\"\x80"};
  static const long weights[2] = {15, -22};
  static int pick(int x) {
    switch (x) { case 0: return 11; case 1: return count; case 2: return 77; case 3: return 5; case 4: return x * 9;
      case 5: return 123456; case 6: return -1; default: return 0; }
  }
  u64 hash(const unsigned char *s, u64 n) {
    u64 h = 0xcbf29ce484222325ull;
    while (n--) { h ^= *s++; h *= 0x100000001b3ull; }
    return h;
  }
  void *memcpy(void *to, const void *from, u64 n) {
    char *a = to; const char *b = from;
    while (n--) *a++ = *b++;
    return to;
  }
  int atomics(int *p) { return __atomic_fetch_add(p, 3, __ATOMIC_SEQ_CST) + __atomic_exchange_n(p, 4, __ATOMIC_ACQUIRE); }
  int large(int a) { volatile char buffer[5000]; buffer[a] = 3; return buffer[4999 - a] + pick(a); }
  int main(void) {
    for (int i = 0; i < 16; i++) {
      pool[i].key = i * i * weights[i & 1];
      pool[i].next = i ? &pool[i - 1] : 0;
      memcpy(pool[i].name, names[i % 3], 2);
    }
    asm volatile("csrw mscratch, %0" ::"r"(pool));
    return hash((unsigned char *)pool[3].name, 2) + atomics(&count) + large(pool[2].key);
  }
  void _start(void) { main(); for (;;); }
`;
