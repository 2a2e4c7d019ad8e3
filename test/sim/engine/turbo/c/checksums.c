// CRC-32 by bits and by a table, Adler-32 and FNV-1a of known text, whose values are published.
typedef unsigned char byte;
static unsigned table[256];

static unsigned step(unsigned crc) {
  for (int i = 0; i < 8; i++) crc = crc & 1 ? (crc >> 1) ^ 0xedb88320u : crc >> 1;
  return crc;
}

static unsigned byBits(const byte *p, unsigned long n) {
  unsigned crc = ~0u;
  while (n-- > 0) crc = step(crc ^ *p++);
  return ~crc;
}

static unsigned byTable(const byte *p, unsigned long n) {
  unsigned crc = ~0u;
  while (n-- > 0) crc = table[(crc ^ *p++) & 0xff] ^ (crc >> 8);
  return ~crc;
}

static unsigned adler(const byte *p, unsigned long n) {
  unsigned a = 1, b = 0;
  while (n-- > 0) {
    a = (a + *p++) % 65521;
    b = (b + a) % 65521;
  }
  return (b << 16) | a;
}

static unsigned long fnv(const byte *p, unsigned long n) {
  unsigned long hash = 0xcbf29ce484222325ul;
  while (n-- > 0) hash = (hash ^ *p++) * 0x100000001b3ul;
  return hash;
}

int main(void) {
  static const byte digits[] = "123456789";
  static byte text[500];
  for (int i = 0; i < 256; i++) table[i] = step(i);
  for (int i = 0; i < 500; i++) text[i] = i * i + (i >> 3);
  if (byBits(digits, 9) != 0xcbf43926u || adler(digits, 9) != 0x091e01deu) return 1;
  if (fnv(digits, 1) != 0xaf63ac4c86019afcul) return 2;
  for (unsigned long n = 0; n < 500; n += 200) if (byBits(text, n) != byTable(text, n)) return 3;
  return 0;
}
