/* A machine of 60 states, driven by random bytes: an indirect jump with 60 targets for each, little work (about 3 KB). */
#include "program.h"

#define INPUTS 65536
#define STACK 16
#define LETTERS 128
/* What the first inputs after reset come to, by another machine. */
#define EXPECTED 0xfe29c0f341918ac4

enum state {
    START, BLANK, LETTER, DIGIT, SIGN, POINT, EXPONENT, QUOTE, ESCAPE, COMMENT, SLASH, STAR, NEWLINE, OPEN, CLOSE,
    COMMA, COLON, EQUALS, LESS, GREATER, PLUS, MINUS, TIMES, OVER, AND, OR, NOT, QUESTION, HASH, DOLLAR, AT, PERCENT,
    TILDE, CARET, BAR, SEMICOLON, KEYWORD, NAME, HEX, OCTAL, BINARY, SUFFIX, FLOAT, ZERO, STRING, CHARACTER, LINE,
    PRAGMA, MACRO, ARGUMENT, ELLIPSIS, ARROW, SHIFT, ASSIGN, LABEL, ERROR, RESYNC, SKIP, FLUSH, END, STATES
};

static u64 table[256], stack[STACK], counts[8];
static u8 letters[LETTERS];
static u32 letter, depth;
static u32 visits[STATES];
static u64 rounds;

static __attribute__((noinline)) u64 run(u64 value)
{
    enum state state = START;
    u64 number = 0, inputs = 0, swapped;
    for (u32 step = 0; step < INPUTS; step++, inputs >>= 8) {
        if (step % 8 == 0)
            inputs = random_number();
        u64 in = inputs & 0xff;
        visits[state]++;
        switch (state) {
        case START:
            value ^= number;
            number = 0;
            state = in < 136 ? BLANK : BAR;
            break;
        case BLANK:
            for (u32 i = 0; i < (in & 3); i++)
                value = value * 1183 + i;
            value += table[in ^ 39];
            state = in < 140 ? LETTER : OVER;
            break;
        case LETTER:
            for (u32 i = 0; i < 5; i++)
                value += letters[(letter - i) % LETTERS];
            if (in < 85)
                state = CARET;
            else if (in < 170)
                state = PRAGMA;
            else
                state = DIGIT;
            break;
        case DIGIT:
            value += in * 2723;
            if (in < 85)
                state = ARGUMENT;
            else if (in < 170)
                state = HASH;
            else
                state = SIGN;
            break;
        case SIGN:
            for (u32 i = 0; i < 3; i++)
                value += letters[(letter - i) % LETTERS];
            value += in * 896;
            state = (enum state)((in + 5) % STATES);
            break;
        case POINT:
            value = value % (684 + in) * 3621;
            if ((in & 3) != 0)
                state = EXPONENT;
            break;
        case EXPONENT:
            for (u32 i = 0; i < 5; i++)
                value += letters[(letter - i) % LETTERS];
            value ^= value >> 15;
            if ((in & 3) != 0)
                state = QUOTE;
            break;
        case QUOTE:
            swapped = table[73];
            table[73] = table[in];
            table[in] = swapped;
            value = (value << 9 | value >> (64 - 9)) + in;
            if ((in & 3) != 0)
                state = ESCAPE;
            break;
        case ESCAPE:
            value += in * 1610;
            state = (value & 1) != 0 ? TIMES : COMMENT;
            break;
        case COMMENT: {
            u32 half = (u32)value;
            value = (u64)half * 2463 + (value >> 32);
            value ^= value >> 7;
            state = (value & 16) != 0 ? BAR : SLASH;
            break;
        }
        case SLASH:
            if ((in & 32) != 0)
                value -= 611;
            else
                value = ~value;
            value -= (u64)((int64_t)value >> 30);
            state = in < 147 ? STAR : FLUSH;
            break;
        case STAR:
            number = number * 10 + in % 10;
            if ((in & 3) != 0)
                state = NEWLINE;
            break;
        case NEWLINE:
            value = (value << 10 | value >> (64 - 10)) + in;
            state = in < 126 ? OPEN : LINE;
            break;
        case OPEN:
            letters[letter++ % LETTERS] = (u8)(in + 92);
            state = in % 4 == 0 ? ASSIGN : CLOSE;
            break;
        case CLOSE: {
            u32 half = (u32)value;
            value = (u64)half * 3355 + (value >> 32);
            state = (value & 16) != 0 ? LINE : COMMA;
            break;
        }
        case COMMA:
            number = number * 10 + in % 10;
            number = number * 10 + in % 10;
            state = (value & 1) != 0 ? AT : COLON;
            break;
        case COLON:
            value ^= value >> 13;
            state = (enum state)((in + 58) % STATES);
            break;
        case EQUALS: {
            u32 half = (u32)value;
            value = (u64)half * 3421 + (value >> 32);
            state = in % 4 == 0 ? MACRO : LESS;
            break;
        }
        case LESS:
            table[in] += value;
            state = in % 3 == 0 ? POINT : GREATER;
            break;
        case GREATER:
            value += stack[depth];
            depth = (depth + STACK - 1) % STACK;
            state = (value & 16) != 0 ? NEWLINE : PLUS;
            break;
        case PLUS:
            value -= (u64)((int64_t)value >> 31);
            value += in * 3277;
            state = (value & 1) != 0 ? NAME : MINUS;
            break;
        case MINUS:
            number = number * 10 + in % 10;
            value += table[in ^ 16];
            if ((in & 3) != 0)
                state = TIMES;
            break;
        case TIMES:
            value = (value << 34 | value >> (64 - 34)) + in;
            state = (enum state)((in + 49) % STATES);
            break;
        case OVER:
            table[in] += value;
            state = in < 75 ? AND : STRING;
            break;
        case AND:
            depth = (depth + 1) % STACK;
            stack[depth] = value ^ 2797;
            value ^= value >> 3;
            state = in < 76 ? OR : ASSIGN;
            break;
        case OR:
            value -= (u64)((int64_t)value >> 33);
            state = (enum state)((in + 32) % STATES);
            break;
        case NOT:
            swapped = table[179];
            table[179] = table[in];
            table[in] = swapped;
            state = (value & 8) != 0 ? BAR : QUESTION;
            break;
        case QUESTION:
            letters[letter++ % LETTERS] = (u8)(in + 81);
            number = number * 10 + in % 10;
            state = in % 5 == 0 ? NAME : HASH;
            break;
        case HASH:
            while ((value & 1) == 0 && value != 0)
                value >>= 1;
            value += 1039;
            value += table[in ^ 42];
            state = (enum state)((in + 12) % STATES);
            break;
        case DOLLAR:
            value ^= value >> 21;
            state = in % 3 == 0 ? LABEL : AT;
            break;
        case AT:
            value -= (u64)((int64_t)value >> 34);
            state = (value & 1) != 0 ? KEYWORD : PERCENT;
            break;
        case PERCENT:
            value = value % (1090 + in) * 1111;
            state = in % 5 == 0 ? SKIP : TILDE;
            break;
        case TILDE:
            while ((value & 1) == 0 && value != 0)
                value >>= 1;
            value += 614;
            value -= (u64)((int64_t)value >> 12);
            state = in < 126 ? CARET : HEX;
            break;
        case CARET:
            swapped = table[18];
            table[18] = table[in];
            table[in] = swapped;
            value = (value << 18 | value >> (64 - 18)) + in;
            state = (value & 1) != 0 ? STRING : BAR;
            break;
        case BAR:
            if (value > number)
                number += 1075;
            value -= (u64)((int64_t)value >> 19);
            state = in < 124 ? SEMICOLON : NAME;
            break;
        case SEMICOLON:
            value += stack[depth];
            depth = (depth + STACK - 1) % STACK;
            state = in < 170 ? KEYWORD : LESS;
            break;
        case KEYWORD:
            value = (value << 35 | value >> (64 - 35)) + in;
            state = (value & 4) != 0 ? ARGUMENT : NAME;
            break;
        case NAME:
            value += table[in ^ 104];
            number = number * 10 + in % 10;
            state = (enum state)((in + 55) % STATES);
            break;
        case HEX:
            counts[in % 4]++;
            if (counts[in % 4] % 2 == 0)
                value++;
            state = (value & 4) != 0 ? QUOTE : OCTAL;
            break;
        case OCTAL:
            if ((in & 32) != 0)
                value -= 17;
            else
                value = ~value;
            table[in] += value;
            state = (enum state)((in + 17) % STATES);
            break;
        case BINARY:
            counts[in % 4]++;
            if (counts[in % 4] % 8 == 0)
                value++;
            value += table[in ^ 101];
            state = (value & 1) != 0 ? LESS : SUFFIX;
            break;
        case SUFFIX:
            if (value > number)
                number += 3925;
            state = (enum state)((in + 48) % STATES);
            break;
        case FLOAT:
            depth = (depth + 1) % STACK;
            stack[depth] = value ^ 1338;
            value -= (u64)((int64_t)value >> 33);
            if ((in & 3) != 0)
                state = ZERO;
            break;
        case ZERO:
            value += stack[depth];
            depth = (depth + STACK - 1) % STACK;
            state = in % 8 == 0 ? HASH : STRING;
            break;
        case STRING:
            for (u32 i = 0; i < (in & 3); i++)
                value = value * 175 + i;
            value += in * 1545;
            if ((in & 3) != 0)
                state = CHARACTER;
            break;
        case CHARACTER:
            table[in] += value;
            value = (value << 35 | value >> (64 - 35)) + in;
            if (in < 85)
                state = NAME;
            else if (in < 170)
                state = ELLIPSIS;
            else
                state = LINE;
            break;
        case LINE:
            value = value % (3468 + in) * 949;
            state = (enum state)((in + 54) % STATES);
            break;
        case PRAGMA:
            value ^= number;
            number = 0;
            state = (value & 1) != 0 ? NOT : MACRO;
            break;
        case MACRO:
            counts[in % 6]++;
            if (counts[in % 6] % 3 == 0)
                value++;
            value += in * 1992;
            state = (enum state)((in + 18) % STATES);
            break;
        case ARGUMENT:
            while ((value & 1) == 0 && value != 0)
                value >>= 1;
            value += 2906;
            value = (value << 20 | value >> (64 - 20)) + in;
            if (in < 85)
                state = GREATER;
            else if (in < 170)
                state = LABEL;
            else
                state = ELLIPSIS;
            break;
        case ELLIPSIS:
            value += table[in ^ 248];
            state = (value & 1) != 0 ? HASH : ARROW;
            break;
        case ARROW:
            depth = (depth + 1) % STACK;
            stack[depth] = value ^ 372;
            state = in % 7 == 0 ? COMMENT : SHIFT;
            break;
        case SHIFT:
            if (value > number)
                number += 3635;
            value ^= value >> 32;
            state = (value & 8) != 0 ? COMMA : ASSIGN;
            break;
        case ASSIGN:
            value ^= number;
            number = 0;
            value += table[in ^ 183];
            if (in < 85)
                state = EQUALS;
            else if (in < 170)
                state = FLUSH;
            else
                state = LABEL;
            break;
        case LABEL:
            if ((in & 2) != 0)
                value -= 1612;
            else
                value = ~value;
            value += in * 1152;
            if (in < 85)
                state = TIMES;
            else if (in < 170)
                state = QUESTION;
            else
                state = ERROR;
            break;
        case ERROR:
            value += table[in ^ 198];
            state = in % 6 == 0 ? LABEL : RESYNC;
            break;
        case RESYNC:
            value ^= value >> 36;
            state = (enum state)((in + 28) % STATES);
            break;
        case SKIP:
            for (u32 i = 0; i < (in & 3); i++)
                value = value * 1991 + i;
            value += table[in ^ 73];
            state = in % 5 == 0 ? OVER : FLUSH;
            break;
        case FLUSH:
            letters[letter++ % LETTERS] = (u8)(in + 78);
            number = number * 10 + in % 10;
            if (in < 85)
                state = PRAGMA;
            else if (in < 170)
                state = QUESTION;
            else
                state = END;
            break;
        case END:
            value += in * 1753;
            value += in * 1310;
            state = in < 165 ? START : AND;
            break;
        default:
            fail();
        }
    }
    return value + number;
}

int main(void)
{
    u64 value = 1;
    for (;;) {
        value = run(value);
        use_value(value);
        if (rounds == 0) {
            if (value != EXPECTED)
                fail();
            for (int i = 0; i < STATES; i++)
                if (visits[i] == 0)
                    fail();
        }
        rounds++;
    }
}
