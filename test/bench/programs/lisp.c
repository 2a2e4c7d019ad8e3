/* Reads, evaluates and prints a small Lisp, whose cells a mark-sweep collector takes back, again and again. */
#include "program.h"

#define CELLS 1800
#define ROOTS 1024
#define DEEPEST 110
#define PRINTED 256

enum type { FREE, PAIR, SYMBOL, PRIMITIVE, CLOSURE };

/* A value is an integer, doubled and one more, or where its cell is; 0 is the empty list. */
typedef long value;

struct cell {
    u8 type, marked;
    u16 number;     /* of a special form or a primitive */
    value car, cdr; /* a symbol's value and the next symbol; a closure's text and environment */
    char name[8];
};

enum special { QUOTE = 1, IF, COND, DEFINE, SET, LAMBDA, LET, BEGIN, AND, OR, WHILE };
enum primitive { CAR, CDR, CONS, PLUS, MINUS, TIMES, DIVIDE, REST, SMALLER, EQUAL, SAME, IS_NULL, IS_PAIR, NOT, LIST, SET_CAR, SET_CDR,
                 LENGTH, APPLY, IS_SYMBOL };

static struct cell cells[CELLS];
static value free_cells, symbols, truth, roots[ROOTS], marks[CELLS];
static u32 roots_used, depth, collections;
static const char *at;
static char printed[PRINTED];
static u32 printed_used;
static u64 digest, first_digest, rounds;

static const char *const special_names[] = {"", "quote", "if", "cond", "define", "set!", "lambda", "let", "begin", "and", "or", "while"};
static const char *const primitive_names[] = {"car", "cdr", "cons", "+", "-", "*", "/", "rem", "<", "=", "eq?", "null?", "pair?", "not",
                                              "list", "car!", "cdr!", "length", "apply", "symbol?"};

static const struct {
    const char *text, *result;
} programs[] = {
    {"(define map (lambda (f l) (if (null? l) () (cons (f (car l)) (map f (cdr l))))))"
     "(define fold (lambda (f a l) (if (null? l) a (fold f (f a (car l)) (cdr l)))))"
     "(define range (lambda (a b) (if (< a b) (cons a (range (+ a 1) b)) ())))"
     "(fold + 0 (map (lambda (x) (* x x)) (range 1 11)))", "385"},
    {"(define fib (lambda (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))) (list 'fib (fib 9) (apply + '(1 2 3)))", "(fib 34 6)"},
    {"(define tak (lambda (x y z) (if (not (< y x)) z (tak (tak (- x 1) y z) (tak (- y 1) z x) (tak (- z 1) x y))))) (tak 6 3 1)", "3"},
    {"(define insert (lambda (x l) (cond ((null? l) (list x)) ((< x (car l)) (cons x l)) (1 (cons (car l) (insert x (cdr l)))))))"
     "(define sort (lambda (l) (fold (lambda (a x) (insert x a)) () l))) (sort '(5 -3 8 1 9 2 7 0 -6 4))",
     "(-6 -3 0 1 2 4 5 7 8 9)"},
    {"(define counter (lambda () (let ((n 0)) (lambda () (set! n (+ n 1)) n)))) (define c (counter)) (define d (counter))"
     "(c) (c) (d) (let ((a (c)) (b (d))) (cons a b))", "(3 . 2)"},
    {"(define reverse (lambda (l) (let ((r ())) (while (pair? l) (set! r (cons (car l) r)) (set! l (cdr l))) r)))"
     "(define primes (lambda (n) (let ((i 2) (found ())) (while (< i n) (let ((l found) (prime 't)) (while (and prime (pair? l))"
     " (if (= (rem i (car l)) 0) (set! prime ()) (set! l (cdr l)))) (if prime (set! found (cons i found)))) (set! i (+ i 1)))"
     " (reverse found)))) (primes 40)", "(2 3 5 7 11 13 17 19 23 29 31 37)"},
    {"(define derive (lambda (e) (cond ((symbol? e) (if (eq? e 'x) 1 0)) ((not (pair? e)) 0)"
     " ((eq? (car e) '+) (list '+ (derive (car (cdr e))) (derive (car (cdr (cdr e))))))"
     " (t (let ((a (car (cdr e))) (b (car (cdr (cdr e))))) (list '+ (list '* a (derive b)) (list '* (derive a) b)))))))"
     " ; by the rules of sums and products\n"
     "(derive '(+ (* x x) (* 3 y)))", "(+ (+ (* x 1) (* 1 x)) (+ (* 3 0) (* 0 y)))"},
    {"(define l (list 1 2 3)) (car! l '(a . b)) (cdr! (cdr l) 'end) (list l (length '(1 (2 3) 4)) (or () (/ 17 5)) (and 1 ()))",
     "(((a . b) 2 . end) 3 3 ())"},
    {"(define perms (lambda (l) (if (null? l) '(()) (let ((all ()) (m l)) (while m (let ((x (car m)))"
     " (map (lambda (p) (set! all (cons (cons x p) all))) (perms (without x l)))) (set! m (cdr m))) all))))"
     "(define without (lambda (x l) (cond ((null? l) ()) ((= x (car l)) (cdr l)) (t (cons (car l) (without x (cdr l)))))))"
     "(let ((p (perms '(1 2 3 4)))) (cons (length p) (car p)))", "(24 4 1 3 2)"},
};

static struct cell *cell_of(value v)
{
    return (struct cell *)v;
}

static int is_cell(value v, enum type type)
{
    return v != 0 && (v & 1) == 0 && cell_of(v)->type == type;
}

static value integer(long n)
{
    return n * 2 + 1;
}

static long integer_of(value v)
{
    if ((v & 1) == 0)
        fail();
    return v >> 1;
}

static void protect(value v)
{
    if (roots_used == ROOTS)
        fail();
    roots[roots_used++] = v;
}

static void mark(value v)
{
    u32 used = 0;
    for (;;) {
        while (v != 0 && (v & 1) == 0 && !cell_of(v)->marked) {
            struct cell *c = cell_of(v);
            c->marked = 1;
            if (c->type == PRIMITIVE)
                break;
            if (c->car != 0 && (c->car & 1) == 0 && !cell_of(c->car)->marked)
                marks[used++] = c->car;
            v = c->cdr;
        }
        if (used == 0)
            return;
        v = marks[--used];
    }
}

static u32 sweep(void)
{
    u32 found = 0;
    free_cells = 0;
    for (u32 i = 0; i < CELLS; i++) {
        struct cell *c = &cells[i];
        if (c->marked) {
            c->marked = 0;
        } else {
            c->type = FREE;
            c->cdr = free_cells;
            free_cells = (value)c;
            found++;
        }
    }
    return found;
}

static __attribute__((noinline)) value make(enum type type, value car, value cdr)
{
    if (free_cells == 0) {
        mark(car);
        mark(cdr);
        mark(symbols);
        for (u32 i = 0; i < roots_used; i++)
            mark(roots[i]);
        u32 found = sweep();
        if (found == 0)
            fail();
        digest = digest * 31 + found;
        collections++;
    }
    struct cell *c = cell_of(free_cells);
    free_cells = c->cdr;
    c->type = (u8)type;
    c->number = 0;
    c->car = car;
    c->cdr = cdr;
    return (value)c;
}

static value car(value v)
{
    if (!is_cell(v, PAIR))
        fail();
    return cell_of(v)->car;
}

static value cdr(value v)
{
    if (!is_cell(v, PAIR))
        fail();
    return cell_of(v)->cdr;
}

static value symbol(const char *name)
{
    for (value s = symbols; s != 0; s = cell_of(s)->cdr)
        if (strcmp(cell_of(s)->name, name) == 0)
            return s;
    symbols = make(SYMBOL, 0, symbols);
    strcpy(cell_of(symbols)->name, name);
    return symbols;
}

static void skip_space(void)
{
    for (;; at++) {
        if (*at == ';')
            while (*at != '\n')
                at++;
        if (*at != ' ' && *at != '\n')
            return;
    }
}

static value read(void)
{
    skip_space();
    if (*at == '\'') {
        at++;
        value quoted = make(PAIR, read(), 0);
        return make(PAIR, symbol("quote"), quoted);
    }
    if (*at == '(') {
        u32 base = roots_used;
        value last = 0;
        at++;
        protect(0);
        for (skip_space(); *at != ')'; skip_space()) {
            if (*at == '.' && at[1] == ' ') {
                at++;
                value end = read();
                cell_of(last)->cdr = end;
                continue;
            }
            value pair = make(PAIR, read(), 0);
            if (last == 0)
                roots[base] = pair;
            else
                cell_of(last)->cdr = pair;
            last = pair;
        }
        at++;
        roots_used = base;
        return roots[base];
    }
    if ((*at >= '0' && *at <= '9') || (*at == '-' && at[1] >= '0' && at[1] <= '9')) {
        int negative = *at == '-';
        long n = 0;
        for (at += negative; *at >= '0' && *at <= '9'; at++)
            n = n * 10 + (*at - '0');
        return integer(negative ? -n : n);
    }
    char name[8];
    u32 count = 0;
    for (; *at != 0 && *at != ' ' && *at != '\n' && *at != '(' && *at != ')'; at++)
        if (count < 7)
            name[count++] = *at;
    name[count] = 0;
    if (count == 0)
        fail();
    return symbol(name);
}

static void put(char c)
{
    if (printed_used == PRINTED - 1)
        fail();
    printed[printed_used++] = c;
    printed[printed_used] = 0;
}

static void print(value v)
{
    if (v & 1) {
        char digits[24];
        u32 count = 0;
        long n = integer_of(v);
        if (n < 0)
            put('-');
        for (u64 m = n < 0 ? -(u64)n : (u64)n; m != 0 || count == 0; m /= 10)
            digits[count++] = (char)('0' + m % 10);
        while (count > 0)
            put(digits[--count]);
    } else if (v == 0 || cell_of(v)->type == PAIR) {
        put('(');
        for (; is_cell(v, PAIR); v = cdr(v)) {
            print(car(v));
            if (cdr(v) != 0)
                put(' ');
        }
        if (v != 0) {
            put('.');
            put(' ');
            print(v);
        }
        put(')');
    } else if (cell_of(v)->type == SYMBOL) {
        for (const char *c = cell_of(v)->name; *c != 0; c++)
            put(*c);
    } else {
        put('#');
    }
}

/* Where a variable's value is. */
static value *place_of(value name, value environment)
{
    for (; environment != 0; environment = cell_of(environment)->cdr) {
        struct cell *pair = cell_of(cell_of(environment)->car);
        if (pair->car == name)
            return &pair->cdr;
    }
    return &cell_of(name)->car;
}

static value truth_of(int condition)
{
    return condition ? truth : 0;
}

static value call(enum primitive primitive, value list)
{
    value a = list == 0 ? 0 : car(list), b = list == 0 || cdr(list) == 0 ? 0 : car(cdr(list));
    long n;
    switch (primitive) {
    case CAR: return car(a);
    case CDR: return cdr(a);
    case CONS: return make(PAIR, a, b);
    case PLUS:
        for (n = 0; list != 0; list = cdr(list))
            n += integer_of(car(list));
        return integer(n);
    case TIMES:
        for (n = 1; list != 0; list = cdr(list))
            n *= integer_of(car(list));
        return integer(n);
    case MINUS:
        n = integer_of(a);
        return b == 0 ? integer(-n) : integer(n - integer_of(b));
    case DIVIDE: return integer(integer_of(a) / integer_of(b));
    case REST: return integer(integer_of(a) % integer_of(b));
    case SMALLER: return truth_of(integer_of(a) < integer_of(b));
    case EQUAL: return truth_of(integer_of(a) == integer_of(b));
    case SAME: return truth_of(a == b);
    case IS_NULL:
    case NOT: return truth_of(a == 0);
    case IS_PAIR: return truth_of(is_cell(a, PAIR));
    case IS_SYMBOL: return truth_of(is_cell(a, SYMBOL));
    case LIST: return list;
    case SET_CAR:
        car(a);
        return cell_of(a)->car = b;
    case SET_CDR:
        car(a);
        return cell_of(a)->cdr = b;
    case LENGTH:
        for (n = 0; a != 0; a = cdr(a))
            n++;
        return integer(n);
    case APPLY: break;
    }
    fail();
    return 0;
}

static value evaluate(value x, value environment);

static value evaluate_each(value list, value environment)
{
    u32 base = roots_used;
    value last = 0;
    protect(0);
    for (; list != 0; list = cdr(list)) {
        value pair = make(PAIR, evaluate(car(list), environment), 0);
        if (last == 0)
            roots[base] = pair;
        else
            cell_of(last)->cdr = pair;
        last = pair;
    }
    roots_used = base;
    return roots[base];
}

static value bind(value name, value v, value environment)
{
    protect(environment);
    value pair = make(PAIR, name, v);
    roots_used--;
    return make(PAIR, pair, environment);
}

/* Evaluates all but the last, which is left to the caller. */
static value all_but_last(value list, value environment)
{
    for (; cdr(list) != 0; list = cdr(list))
        evaluate(car(list), environment);
    return car(list);
}

static value evaluate(value x, value environment)
{
    u32 base = roots_used;
    value result = 0;
    if (++depth > DEEPEST)
        fail();
    protect(x);
    protect(environment);
    protect(0);
    for (;;) {
        value head, rest, function;
        roots_used = base + 3;
        roots[base] = x;
        roots[base + 1] = environment;
        if (!is_cell(x, PAIR)) {
            result = is_cell(x, SYMBOL) ? *place_of(x, environment) : x;
            break;
        }
        head = car(x);
        rest = cdr(x);
        u32 special = is_cell(head, SYMBOL) ? cell_of(head)->number : 0;
        if (special == QUOTE) {
            result = car(rest);
            break;
        }
        if (special == IF) {
            value branches = cdr(rest);
            if (evaluate(car(rest), environment) != 0)
                x = car(branches);
            else if (cdr(branches) != 0)
                x = car(cdr(branches));
            else
                break;
            continue;
        }
        if (special == COND) {
            while (rest != 0 && evaluate(car(car(rest)), environment) == 0)
                rest = cdr(rest);
            if (rest == 0)
                break;
            x = all_but_last(cdr(car(rest)), environment);
            continue;
        }
        if (special == DEFINE || special == SET) {
            result = evaluate(car(cdr(rest)), environment);
            *place_of(car(rest), special == DEFINE ? 0 : environment) = result;
            break;
        }
        if (special == LAMBDA) {
            result = make(CLOSURE, rest, environment);
            break;
        }
        if (special == LET) {
            roots[base + 2] = environment;
            for (value l = car(rest); l != 0; l = cdr(l)) {
                value v = evaluate(car(cdr(car(l))), environment);
                protect(v);
                roots[base + 2] = bind(car(car(l)), v, roots[base + 2]);
            }
            environment = roots[base + 1] = roots[base + 2];
            x = all_but_last(cdr(rest), environment);
            continue;
        }
        if (special == BEGIN) {
            x = all_but_last(rest, environment);
            continue;
        }
        if (special == AND || special == OR) {
            for (result = truth_of(special == AND); rest != 0; rest = cdr(rest))
                if (((result = evaluate(car(rest), environment)) != 0) == (special == OR))
                    break;
            break;
        }
        if (special == WHILE) {
            while (evaluate(car(rest), environment) != 0)
                for (value l = cdr(rest); l != 0; l = cdr(l))
                    evaluate(car(l), environment);
            break;
        }
        function = evaluate(head, environment);
        protect(function);
        value list = roots[base + 2] = evaluate_each(rest, environment);
        if (is_cell(function, PRIMITIVE) && cell_of(function)->number == APPLY) {
            function = car(list);
            list = car(cdr(list));
        }
        if (is_cell(function, PRIMITIVE)) {
            result = call((enum primitive)cell_of(function)->number, list);
            break;
        }
        if (!is_cell(function, CLOSURE))
            fail();
        protect(function);
        environment = cell_of(function)->cdr;
        for (value names = car(cell_of(function)->car); names != 0; names = cdr(names), list = cdr(list))
            environment = bind(car(names), car(list), environment);
        roots[base + 1] = environment;
        x = all_but_last(cdr(cell_of(function)->car), environment);
    }
    roots_used = base;
    depth--;
    return result;
}

static void reset(void)
{
    memset(cells, 0, sizeof cells);
    symbols = free_cells = 0;
    roots_used = depth = collections = 0;
    sweep();
    for (u32 i = 1; i < sizeof special_names / sizeof *special_names; i++)
        cell_of(symbol(special_names[i]))->number = (u16)i;
    for (u32 i = 0; i < sizeof primitive_names / sizeof *primitive_names; i++) {
        value s = symbol(primitive_names[i]);
        cell_of(s)->car = make(PRIMITIVE, 0, 0);
        cell_of(cell_of(s)->car)->number = (u16)i;
    }
    truth = symbol("t");
    cell_of(truth)->car = truth;
}

int main(void)
{
    for (;;) {
        digest = 0;
        reset();
        for (u32 i = 0; i < sizeof programs / sizeof *programs; i++) {
            value result = 0;
            for (at = programs[i].text; *at != 0; skip_space()) {
                protect(read());
                result = evaluate(roots[roots_used - 1], 0);
                roots_used--;
            }
            printed_used = 0;
            print(result);
            if (strcmp(printed, programs[i].result) != 0)
                fail();
            for (u32 j = 0; j < printed_used; j++)
                digest = (digest ^ (u8)printed[j]) * 1099511628211u;
        }
        if (collections < 5)
            fail();
        if (rounds++ == 0)
            first_digest = digest;
        if (digest != first_digest)
            fail();
        use_memory(cells);
    }
}
