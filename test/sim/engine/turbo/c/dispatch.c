// A small stack machine, run by a switch and by a table of functions: indirect jumps and calls with many targets.
enum { PUSH, ADD, SUB, MUL, DUP, SWAP, OVER, ROT, DROP, JNZ, HALT };
static const int program[] = {PUSH, 1, PUSH, 12, SWAP, OVER, MUL, SWAP, PUSH, 1, SUB, DUP, JNZ, 4, DROP, HALT};

static long bySwitch(void) {
  long stack[16], *top = stack, t;
  for (int at = 0;;) {
    switch (program[at++]) {
      case PUSH: *top++ = program[at++]; break;
      case ADD: top--; top[-1] += *top; break;
      case SUB: top--; top[-1] -= *top; break;
      case MUL: top--; top[-1] *= *top; break;
      case DUP: *top = top[-1]; top++; break;
      case SWAP: t = top[-1]; top[-1] = top[-2]; top[-2] = t; break;
      case OVER: *top = top[-2]; top++; break;
      case ROT: t = top[-3]; top[-3] = top[-2]; top[-2] = top[-1]; top[-1] = t; break;
      case DROP: top--; break;
      case JNZ: at = *--top ? program[at] : at + 1; break;
      default: return top[-1];
    }
  }
}

struct machine { long stack[16], *top; int at; };
typedef void operation(struct machine *);
static void push(struct machine *m) { *m->top++ = program[m->at++]; }
static void add(struct machine *m) { m->top--; m->top[-1] += *m->top; }
static void sub(struct machine *m) { m->top--; m->top[-1] -= *m->top; }
static void mul(struct machine *m) { m->top--; m->top[-1] *= *m->top; }
static void dup(struct machine *m) { *m->top = m->top[-1]; m->top++; }
static void swap(struct machine *m) { long t = m->top[-1]; m->top[-1] = m->top[-2]; m->top[-2] = t; }
static void over(struct machine *m) { *m->top = m->top[-2]; m->top++; }
static void drop(struct machine *m) { m->top--; }
static void jnz(struct machine *m) { m->at = *--m->top ? program[m->at] : m->at + 1; }
static operation *const operations[] = {push, add, sub, mul, dup, swap, over, 0, drop, jnz};

static long byTable(void) {
  static struct machine m;
  m.top = m.stack;
  m.at = 0;
  for (int op; (op = program[m.at++]) != HALT;) operations[op](&m);
  return m.top[-1];
}

int main(void) {
  for (int i = 0; i < 4; i++) if (bySwitch() != 479001600 || byTable() != 479001600) return 1;
  return 0;
}
