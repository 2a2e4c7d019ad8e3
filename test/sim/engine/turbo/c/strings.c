// Strings: words counted, reversed, searched, formatted as numbers and read back.
static char buffer[200];

static unsigned long length(const char *s) {
  const char *p = s;
  while (*p) p++;
  return p - s;
}

static void reverse(char *from, char *to) {
  for (to--; from < to; from++, to--) {
    char c = *from;
    *from = *to;
    *to = c;
  }
}

static const char *find(const char *s, const char *what) {
  for (; *s; s++) {
    const char *p = s, *q = what;
    while (*q && *p == *q) p++, q++;
    if (!*q) return s;
  }
  return 0;
}

static char *decimal(long value, char *out) {
  unsigned long rest = value < 0 ? -(unsigned long)value : (unsigned long)value;
  char *start = out;
  do *out++ = '0' + rest % 10; while ((rest /= 10) > 0);
  if (value < 0) *out++ = '-';
  *out = 0;
  reverse(start, out);
  return out;
}

static long read(const char *s) {
  int negative = *s == '-';
  unsigned long value = 0;
  for (s += negative; *s; s++) value = value * 10 + (*s - '0');
  return negative ? -value : value;
}

int main(void) {
  static const long values[] = {0, 7, -1, 1234567890123, -9223372036854775807l - 1, 9223372036854775807l};
  static const char text[] = "all pieces of code that stand in line are told apart by where they stand";
  int words = 0;
  for (const char *p = text; *p; p++) words += *p != ' ' && (p[1] == ' ' || !p[1]);
  if (words != 15 || length(text) != sizeof text - 1) return 1;
  if (find(text, "stand") != text + 24 || find(text, "stands")) return 2;
  unsigned long n = length(text);
  for (unsigned long i = 0; i <= n; i++) buffer[i] = text[i];
  reverse(buffer, buffer + n);
  if (buffer[0] != 'd' || buffer[n - 1] != 'a' || find(buffer, "tahw")) return 3;
  for (int i = 0; i < 6; i++) {
    decimal(values[i], buffer);
    if (read(buffer) != values[i]) return 4;
  }
  return 0;
}
