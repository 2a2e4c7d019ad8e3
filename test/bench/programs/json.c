/* Makes a JSON text, then splits it into tokens, parses them into nodes and adds the numbers, again and again (about 1.7 MB). */
#include "program.h"

#define BYTES 65536
#define TOKENS 32768
#define DEEPEST 12

enum kind { OBJECT, ARRAY, STRING, NUMBER, TRUE, FALSE, NIL, END, COLON, COMMA, CLOSE_OBJECT, CLOSE_ARRAY };

struct token {
    u32 at, bytes;
    enum kind kind;
};

struct node {
    enum kind kind;
    u32 name_at;
    struct node *child, *next;
    long number;
    u32 bytes;
};

static char text[BYTES];
static u32 length;
static struct token tokens[TOKENS], *token;
static struct node nodes[TOKENS];
static u32 nodes_used;
static long written_sum;
static u32 written_letters, written_values;
static u64 rounds;

static void put(char c)
{
    text[length++] = c;
}

static void put_word(const char *word)
{
    while (*word != 0)
        put(*word++);
}

static void put_space(void)
{
    for (u64 r = random_number() % 4; r > 2; r--)
        put_word(random_number() % 2 != 0 ? " " : "\n\t");
}

static void put_string(int counted)
{
    put('"');
    for (u64 letters = 1 + random_number() % 12; letters > 0; letters--) {
        u64 r = random_number() % 32;
        if (r >= 26) {
            put('\\');
            put("\"\\nt/b"[r - 26]);
        } else {
            put((char)('a' + r));
        }
        written_letters += (u32)counted;
    }
    put('"');
}

static void put_number(void)
{
    long value = (long)(random_number() % 2000000) - 1000000;
    char digits[24];
    int count = 0;
    written_sum += value;
    if (value < 0) {
        put('-');
        value = -value;
    }
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (count > 0)
        put(digits[--count]);
}

static void put_value(int depth)
{
    u64 r = depth == 0 ? 0 : random_number() % 16;
    written_values++;
    put_space();
    if (r < 6 && depth < DEEPEST && length < BYTES - 4096) {
        int object = r % 2 == 0;
        u64 count = depth == 0 ? 400 : random_number() % 7;
        put(object ? '{' : '[');
        for (u64 i = 0; i < count && length < BYTES - 2048; i++) {
            if (i > 0)
                put(',');
            if (object) {
                put_space();
                put_string(0);
                put_space();
                put(':');
            }
            put_value(depth + 1);
        }
        put(object ? '}' : ']');
    } else if (r < 11) {
        put_number();
    } else if (r < 13) {
        put_string(1);
    } else {
        put_word(r == 13 ? "true" : r == 14 ? "false" : "null");
    }
    put_space();
}

static u32 split(void)
{
    u32 count = 0;
    for (u32 at = 0; at < length;) {
        u32 from = at;
        enum kind kind;
        switch (text[at]) {
        case ' ':
        case '\n':
        case '\t':
            at++;
            continue;
        case '{':
            kind = OBJECT, at++;
            break;
        case '}':
            kind = CLOSE_OBJECT, at++;
            break;
        case '[':
            kind = ARRAY, at++;
            break;
        case ']':
            kind = CLOSE_ARRAY, at++;
            break;
        case ':':
            kind = COLON, at++;
            break;
        case ',':
            kind = COMMA, at++;
            break;
        case 't':
            kind = TRUE, at += 4;
            break;
        case 'f':
            kind = FALSE, at += 5;
            break;
        case 'n':
            kind = NIL, at += 4;
            break;
        case '"':
            kind = STRING;
            for (at++; text[at] != '"'; at++)
                if (text[at] == '\\')
                    at++;
            at++;
            break;
        default:
            kind = NUMBER;
            if (text[at] != '-' && (text[at] < '0' || text[at] > '9'))
                fail();
            for (at++; text[at] >= '0' && text[at] <= '9';)
                at++;
        }
        tokens[count++] = (struct token){from, at - from, kind};
    }
    tokens[count] = (struct token){length, 0, END};
    return count;
}

static long number_at(const struct token *t)
{
    const char *c = &text[t->at], *end = c + t->bytes;
    int negative = *c == '-';
    long value = 0;
    for (c += negative; c < end; c++)
        value = value * 10 + (*c - '0');
    return negative ? -value : value;
}

static u32 letters_of(const struct token *t)
{
    u32 letters = 0;
    for (u32 at = t->at + 1; at < t->at + t->bytes - 1; at++, letters++)
        if (text[at] == '\\')
            at++;
    return letters;
}

static void expect(enum kind kind)
{
    if (token->kind != kind)
        fail();
    token++;
}

static struct node *parse(void)
{
    struct node *node = &nodes[nodes_used++];
    *node = (struct node){.kind = token->kind};
    switch (token->kind) {
    case OBJECT:
    case ARRAY: {
        enum kind close = token->kind == OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
        struct node **place = &node->child;
        token++;
        while (token->kind != close) {
            if (place != &node->child)
                expect(COMMA);
            u32 name_at = token->at;
            if (close == CLOSE_OBJECT) {
                expect(STRING);
                expect(COLON);
            }
            *place = parse();
            (*place)->name_at = name_at;
            place = &(*place)->next;
        }
        token++;
        break;
    }
    case STRING:
        node->bytes = letters_of(token++);
        break;
    case NUMBER:
        node->number = number_at(token++);
        break;
    case TRUE:
    case FALSE:
    case NIL:
        token++;
        break;
    default:
        fail();
    }
    return node;
}

struct sums {
    long numbers;
    u32 letters, values;
};

static void add(const struct node *node, struct sums *sums)
{
    for (; node != 0; node = node->next) {
        sums->values++;
        if (node->kind == NUMBER)
            sums->numbers += node->number;
        else if (node->kind == STRING)
            sums->letters += node->bytes;
        else if (node->child != 0)
            add(node->child, sums);
    }
}

int main(void)
{
    for (;;) {
        if (rounds % 16 == 0) {
            length = written_letters = written_values = 0;
            written_sum = 0;
            put_value(0);
        }
        u32 count = split();
        token = tokens;
        nodes_used = 0;
        struct node *root = parse();
        struct sums sums = {0, 0, 0};
        add(root, &sums);
        if (token != &tokens[count] || sums.numbers != written_sum || sums.letters != written_letters ||
            sums.values != written_values)
            fail();
        rounds++;
        use_memory(nodes);
    }
}
