// A hash table, a linked list and a binary tree in a pool of nodes; wide products and quotients; packed, misaligned fields.
typedef unsigned long word;
struct node { word key, value; struct node *left, *right; };
static struct node pool[300];
static int used;
static struct node *buckets[32];
struct __attribute__((packed)) wire { unsigned char kind; unsigned length; unsigned short sum; word id; };
static struct wire messages[20];

static word mix(word x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ul;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebul;
  return x ^ (x >> 31);
}

static word highProduct(word x, word y) {
  word low = 0xffffffff, xl = x & low, yl = y & low, xh = x >> 32, yh = y >> 32;
  word middle = xh * yl + (xl * yl >> 32);
  return xh * yh + (middle >> 32) + ((xl * yh + (middle & low)) >> 32);
}

static struct node *make(word key, word value) {
  struct node *n = &pool[used++];
  *n = (struct node){key, value, 0, 0};
  return n;
}

static void insert(struct node **at, word key, word value) {
  while (*at) at = key < (*at)->key ? &(*at)->left : &(*at)->right;
  *at = make(key, value);
}

static word ordered(const struct node *n, word *last) {
  if (!n) return 0;
  word wrong = ordered(n->left, last);
  wrong += n->key < *last;
  *last = n->key;
  return wrong + ordered(n->right, last);
}

int main(void) {
  struct node *tree = 0;
  word last = 0, sum = 0;
  for (word i = 0; i < 60; i++) {
    word key = mix(i);
    insert(&tree, key, i);
    struct node *n = make(key, i);
    n->left = buckets[key % 32];
    buckets[key % 32] = n;
  }
  if (ordered(tree, &last)) return 1;
  for (int b = 0; b < 32; b++)
    for (struct node *n = buckets[b]; n; n = n->left) sum += n->value;
  if (sum != 60 * 59 / 2) return 2;
  for (word i = 1; i < 25; i++) {
    word x = mix(i), y = mix(i + 100) >> (i % 50);
    if ((word)(((unsigned __int128)x * y) >> 64) != highProduct(x, y)) return 6;
    if (y && x / y * y + x % y != x) return 3;
    if ((long)x / (long)i * (long)i + (long)x % (long)i != (long)x) return 4;
  }
  for (int i = 0; i < 20; i++) messages[i] = (struct wire){i, i * 77777u, i * 331, mix(i)};
  for (int i = 0; i < 20; i++)
    if (messages[i].kind != i || messages[i].length != i * 77777u || messages[i].id != mix(i)) return 5;
  return 0;
}
