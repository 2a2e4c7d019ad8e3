/* Compiles small programs from text into code of a machine with a stack, and runs that code, again and again. */
#include "program.h"

#define CODE 1024
#define NAMES 32
#define STACK 256
#define CELLS 128

enum token { T_END, T_NUMBER, T_NAME, T_IF, T_ELSE, T_WHILE, T_DEF, T_RETURN, T_VAR, T_OR, T_AND, T_EQ, T_NE, T_LE, T_GE, T_SHL, T_SHR };

enum op {
    PUSH, PUSH_BYTE, LOAD, STORE, LOAD_CELL, STORE_CELL, ADD, SUB, MUL, DIV, MOD, AND, OR, XOR, SHL, SHR, NEG, NOT, INVERT,
    EQUAL, UNEQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, JUMP, JUMP_IF_ZERO, JUMP_IF_ZERO_KEEP, JUMP_UNLESS_ZERO_KEEP,
    CALL, ENTER, RETURN, POP, STOP
};

struct name {
    char text[12];
    u16 address;
    u8 parameters;
};

static const char *at;
static u32 kind;
static long token_value;
static char token_text[12];
static u8 code[CODE];
static u32 code_used;
static struct name locals[NAMES], functions[NAMES];
static u32 locals_used, functions_used;
static long stack[STACK], cells[CELLS];
static u64 steps, digest, first_digest, rounds;

static const struct {
    const char *text;
    long result;
} programs[] = {
    {"return (1 + 2 * 3 - 4 / 2 << 2 | 1) ^ 7 & ~2 % 100 == -(-12);", 21},
    {"def gcd(a, b) { if (b == 0) { return a; } return gcd(b, a % b); }\n"
     "var sum; var i; sum = 0; i = 1;\n"
     "while (i <= 30) { sum = sum + gcd(i * 12, 360 - i); i = i + 1; } return sum;", 275},
    {"def fib(n) { if (n < 2) return n; else return fib(n - 1) + fib(n - 2); } return fib(11);", 89},
    {"var i; var j; var count; i = 2; count = 0; # primes below 128\n"
     "while (i < 128) { [i] = 1; i = i + 1; } i = 2;\n"
     "while (i < 128) { if ([i]) { count = count + 1; j = i * i; while (j < 128) { [j] = 0; j = j + i; } } i = i + 1; }\n"
     "return count;", 31},
    {"var seed; var i; var j; var n; var kept; seed = 0x1234; n = 24; i = 0;\n"
     "while (i < n) { seed = (seed * 1103515245 + 12345) & 0x7fffffff; [i] = seed >> 16; i = i + 1; }\n"
     "i = 1; while (i < n) { kept = [i]; j = i - 1;\n"
     "  while (j >= 0 && [j] > kept) { [j + 1] = [j]; j = j - 1; } [j + 1] = kept; i = i + 1; }\n"
     "i = 1; j = 0; while (i < n) { if ([i - 1] > [i] || ![i] && [i - 1] != 0) j = j + 1; i = i + 1; } return j;", 0},
    {"def collatz(n) { var k; k = 0; while (n != 1) { if (n & 1) n = 3 * n + 1; else n = n >> 1; k = k + 1; } return k; }\n"
     "def larger(a, b) { if (a >= b) { return a; } return b; }\n"
     "var best; var i; best = 0; i = 1; while (i < 30) { best = larger(best, collatz(i)); i = i + 1; } return best;", 111},
    {"def power(b, e, m) { var r; r = 1; while (e > 0) { if (e % 2) r = r * b % m; b = b * b % m; e = e / 2; } return r; }\n"
     "return power(3, 1000002, 1000003) + power(7, 222, 1009) * 0;", 1},
};

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void next_token(void)
{
    static const struct {
        char text[8];
        u32 kind;
    } keywords[] = {{"if", T_IF}, {"else", T_ELSE}, {"while", T_WHILE}, {"def", T_DEF}, {"return", T_RETURN}, {"var", T_VAR}},
      pairs[] = {{"||", T_OR}, {"&&", T_AND}, {"==", T_EQ}, {"!=", T_NE}, {"<=", T_LE}, {">=", T_GE}, {"<<", T_SHL}, {">>", T_SHR}};
    for (;; at++) {
        if (*at == '#')
            while (*at != '\n')
                at++;
        if (*at != ' ' && *at != '\n')
            break;
    }
    if (*at == 0) {
        kind = T_END;
    } else if (is_digit(*at)) {
        kind = T_NUMBER;
        token_value = 0;
        if (at[0] == '0' && at[1] == 'x') {
            for (at += 2; is_digit(*at) || (*at >= 'a' && *at <= 'f'); at++)
                token_value = token_value * 16 + (*at <= '9' ? *at - '0' : *at - 'a' + 10);
        } else {
            while (is_digit(*at))
                token_value = token_value * 10 + (*at++ - '0');
        }
    } else if (is_letter(*at)) {
        u32 count = 0;
        kind = T_NAME;
        for (; is_letter(*at) || is_digit(*at); at++)
            if (count < sizeof token_text - 1)
                token_text[count++] = *at;
        token_text[count] = 0;
        for (u32 i = 0; i < sizeof keywords / sizeof *keywords; i++)
            if (strcmp(keywords[i].text, token_text) == 0)
                kind = keywords[i].kind;
    } else {
        for (u32 i = 0; i < sizeof pairs / sizeof *pairs; i++)
            if (at[0] == pairs[i].text[0] && at[1] == pairs[i].text[1]) {
                kind = pairs[i].kind;
                at += 2;
                return;
            }
        kind = (u8)*at++;
    }
}

static int accept(u32 wanted)
{
    if (kind != wanted)
        return 0;
    next_token();
    return 1;
}

static void expect(u32 wanted)
{
    if (!accept(wanted))
        fail();
}

static void emit(u32 byte)
{
    if (code_used == CODE)
        fail();
    code[code_used++] = (u8)byte;
}

static void emit_two(enum op op, u32 operand)
{
    emit(op);
    emit(operand & 0xff);
    emit(operand >> 8);
}

static u32 emit_jump(enum op op)
{
    emit_two(op, 0);
    return code_used - 2;
}

static void land(u32 place)
{
    code[place] = (u8)code_used;
    code[place + 1] = (u8)(code_used >> 8);
}

static u32 look_up(const struct name *names, u32 used, const char *text)
{
    for (u32 i = used; i-- > 0;)
        if (strcmp(names[i].text, text) == 0)
            return i;
    return NAMES;
}

static void declare(struct name *names, u32 *used)
{
    if (kind != T_NAME || *used == NAMES)
        fail();
    strcpy(names[(*used)++].text, token_text);
    next_token();
}

static void expression(int lowest);

static void primary(void)
{
    if (kind == T_NUMBER) {
        if (token_value < 128) {
            emit(PUSH_BYTE);
            emit((u32)token_value);
        } else {
            emit(PUSH);
            for (u32 i = 0; i < 8; i++)
                emit((u32)(token_value >> 8 * i) & 0xff);
        }
        next_token();
    } else if (kind == T_NAME) {
        u32 local = look_up(locals, locals_used, token_text), function = look_up(functions, functions_used, token_text), count = 0;
        next_token();
        if (accept('(')) {
            if (function == NAMES)
                fail();
            for (; kind != ')'; count++) {
                expression(0);
                if (kind != ')')
                    expect(',');
            }
            expect(')');
            if (count != functions[function].parameters)
                fail();
            emit_two(CALL, functions[function].address);
            emit(count);
        } else {
            if (local == NAMES)
                fail();
            emit(LOAD);
            emit(local);
        }
    } else if (accept('(')) {
        expression(0);
        expect(')');
    } else if (accept('[')) {
        expression(0);
        expect(']');
        emit(LOAD_CELL);
    } else {
        u32 op = kind;
        if (op != '-' && op != '!' && op != '~')
            fail();
        next_token();
        primary();
        emit(op == '-' ? NEG : op == '!' ? NOT : INVERT);
    }
}

/* Binds more tightly the larger it is; 0 ends an expression. */
static int strength(u32 token, enum op *op)
{
    switch (token) {
    case T_OR: *op = JUMP_UNLESS_ZERO_KEEP; return 1;
    case T_AND: *op = JUMP_IF_ZERO_KEEP; return 2;
    case '|': *op = OR; return 3;
    case '^': *op = XOR; return 4;
    case '&': *op = AND; return 5;
    case T_EQ: *op = EQUAL; return 6;
    case T_NE: *op = UNEQUAL; return 6;
    case '<': *op = LESS; return 7;
    case '>': *op = GREATER; return 7;
    case T_LE: *op = LESS_EQUAL; return 7;
    case T_GE: *op = GREATER_EQUAL; return 7;
    case T_SHL: *op = SHL; return 8;
    case T_SHR: *op = SHR; return 8;
    case '+': *op = ADD; return 9;
    case '-': *op = SUB; return 9;
    case '*': *op = MUL; return 10;
    case '/': *op = DIV; return 10;
    case '%': *op = MOD; return 10;
    default: *op = STOP; return 0;
    }
}

static void expression(int lowest)
{
    enum op op;
    int bound;
    primary();
    while ((bound = strength(kind, &op)) > lowest) {
        next_token();
        if (bound <= 2) {
            u32 end = emit_jump(op);
            emit(POP);
            expression(bound);
            land(end);
        } else {
            expression(bound);
            emit(op);
        }
    }
}

static void statement(void)
{
    if (accept('{')) {
        while (!accept('}'))
            statement();
    } else if (accept(T_IF)) {
        expect('(');
        expression(0);
        expect(')');
        u32 otherwise = emit_jump(JUMP_IF_ZERO);
        statement();
        if (accept(T_ELSE)) {
            u32 end = emit_jump(JUMP);
            land(otherwise);
            statement();
            land(end);
        } else {
            land(otherwise);
        }
    } else if (accept(T_WHILE)) {
        u32 again = code_used;
        expect('(');
        expression(0);
        expect(')');
        u32 end = emit_jump(JUMP_IF_ZERO);
        statement();
        emit_two(JUMP, again);
        land(end);
    } else if (accept(T_RETURN)) {
        expression(0);
        expect(';');
        emit(RETURN);
    } else if (accept(T_VAR)) {
        declare(locals, &locals_used);
        expect(';');
    } else if (accept('[')) {
        expression(0);
        expect(']');
        expect('=');
        expression(0);
        expect(';');
        emit(STORE_CELL);
    } else {
        u32 local = look_up(locals, locals_used, token_text);
        expect(T_NAME);
        if (accept('=')) {
            if (local == NAMES)
                fail();
            expression(0);
            emit(STORE);
            emit(local);
        } else {
            fail();
        }
        expect(';');
    }
}

static void definition(void)
{
    struct name *f = &functions[functions_used];
    declare(functions, &functions_used);
    f->address = (u16)code_used;
    f->parameters = 0;
    locals_used = 0;
    expect('(');
    while (!accept(')')) {
        declare(locals, &locals_used);
        f->parameters++;
        if (kind != ')')
            expect(',');
    }
    emit(ENTER);
    u32 room = code_used;
    emit(0);
    statement();
    code[room] = (u8)(locals_used - f->parameters);
    emit(PUSH_BYTE);
    emit(0);
    emit(RETURN);
}

/* Gives where the main program starts. */
static u32 compile(const char *text)
{
    at = text;
    code_used = functions_used = 0;
    next_token();
    while (accept(T_DEF))
        definition();
    u32 start = code_used;
    locals_used = 0;
    emit(ENTER);
    emit(0);
    while (kind != T_END)
        statement();
    code[start + 1] = (u8)locals_used;
    emit(STOP);
    return start;
}

static __attribute__((noinline)) long run(u32 start)
{
    const u8 *pc = code + start;
    long *sp = stack, *frame = stack, x;
    for (;; steps++) {
        if (sp > stack + STACK - 24)
            fail();
        switch ((enum op)*pc++) {
        case PUSH:
            for (x = 0; x < 64; x += 8)
                *sp = (x == 0 ? 0 : *sp) | (long)*pc++ << x;
            sp++;
            break;
        case PUSH_BYTE: *sp++ = *pc++; break;
        case LOAD: *sp++ = frame[*pc++]; break;
        case STORE: frame[*pc++] = *--sp; break;
        case LOAD_CELL:
            if ((u64)sp[-1] >= CELLS)
                fail();
            sp[-1] = cells[sp[-1]];
            break;
        case STORE_CELL:
            sp -= 2;
            if ((u64)sp[0] >= CELLS)
                fail();
            cells[sp[0]] = sp[1];
            break;
        case ADD: sp--, sp[-1] += sp[0]; break;
        case SUB: sp--, sp[-1] -= sp[0]; break;
        case MUL: sp--, sp[-1] *= sp[0]; break;
        case DIV: sp--, sp[-1] /= sp[0]; break;
        case MOD: sp--, sp[-1] %= sp[0]; break;
        case AND: sp--, sp[-1] &= sp[0]; break;
        case OR: sp--, sp[-1] |= sp[0]; break;
        case XOR: sp--, sp[-1] ^= sp[0]; break;
        case SHL: sp--, sp[-1] <<= sp[0] & 63; break;
        case SHR: sp--, sp[-1] >>= sp[0] & 63; break;
        case NEG: sp[-1] = -sp[-1]; break;
        case NOT: sp[-1] = !sp[-1]; break;
        case INVERT: sp[-1] = ~sp[-1]; break;
        case EQUAL: sp--, sp[-1] = sp[-1] == sp[0]; break;
        case UNEQUAL: sp--, sp[-1] = sp[-1] != sp[0]; break;
        case LESS: sp--, sp[-1] = sp[-1] < sp[0]; break;
        case LESS_EQUAL: sp--, sp[-1] = sp[-1] <= sp[0]; break;
        case GREATER: sp--, sp[-1] = sp[-1] > sp[0]; break;
        case GREATER_EQUAL: sp--, sp[-1] = sp[-1] >= sp[0]; break;
        case JUMP: pc = code + (pc[0] | pc[1] << 8); break;
        case JUMP_IF_ZERO: pc = *--sp == 0 ? code + (pc[0] | pc[1] << 8) : pc + 2; break;
        case JUMP_IF_ZERO_KEEP: pc = sp[-1] == 0 ? code + (pc[0] | pc[1] << 8) : pc + 2; break;
        case JUMP_UNLESS_ZERO_KEEP: pc = sp[-1] != 0 ? code + (pc[0] | pc[1] << 8) : pc + 2; break;
        case CALL:
            /* The arguments move up by two, above where the caller goes on. */
            x = pc[2];
            for (long i = 0; i < x; i++)
                sp[1 - i] = sp[-1 - i];
            sp[1 - x] = pc + 3 - code;
            sp[-x] = frame - stack;
            frame = sp + 2 - x;
            sp += 2;
            pc = code + (pc[0] | pc[1] << 8);
            break;
        case ENTER:
            for (x = *pc++; x > 0; x--)
                *sp++ = 0;
            break;
        case RETURN:
            x = sp[-1];
            if (frame == stack)
                return x;
            sp = frame - 2;
            pc = code + sp[1];
            frame = stack + sp[0];
            *sp++ = x;
            break;
        case POP: sp--; break;
        case STOP: fail(); return 0;
        }
    }
}

int main(void)
{
    for (;;) {
        digest = 0;
        for (u32 i = 0; i < sizeof programs / sizeof *programs; i++) {
            u32 start = compile(programs[i].text);
            steps = 0;
            long result = run(start);
            if (result != programs[i].result)
                fail();
            digest = (digest * 31 + steps) * 31 + (u64)result;
            for (u32 j = 0; j < code_used; j++)
                digest = (digest ^ code[j]) * 1099511628211u;
        }
        if (rounds++ == 0)
            first_digest = digest;
        if (digest != first_digest)
            fail();
        use_value(digest);
    }
}
