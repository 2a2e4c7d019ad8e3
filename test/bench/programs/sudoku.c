/* Solves sudokus by backtracking, the cell with the fewest candidates first: short loops over masks, recursion (about 750 bytes). */
#include "program.h"

#define CELLS 81
#define ALL 0x1ff

static const char *const puzzles[] = {
    "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79",
    "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..",
    "4.....8.5.3..........7......2.....6.....8.4......1.......6.3.7.5..2.....1.4......",
    "..............3.85..1.2.......5.7.....4...1...9.......5......73..2.1........4...9",
    "..............................9.................................................1",
};

static u8 cells[CELLS], given[CELLS];
static u16 rows[9], columns[9], boxes[9];
static u64 visited, rounds;

static inline int box_of(int row, int column)
{
    return row / 3 * 3 + column / 3;
}

static inline void flip(int cell, u16 bit)
{
    int row = cell / 9, column = cell % 9;
    rows[row] ^= bit;
    columns[column] ^= bit;
    boxes[box_of(row, column)] ^= bit;
}

static int solve(void)
{
    int best = -1, fewest = 10;
    u16 candidates = 0;
    visited++;
    for (int cell = 0; cell < CELLS && fewest > 1; cell++) {
        if (cells[cell] != 0)
            continue;
        int row = cell / 9, column = cell % 9, count = 0;
        u16 open = ALL & ~(rows[row] | columns[column] | boxes[box_of(row, column)]);
        for (u16 rest = open; rest != 0; rest &= rest - 1)
            count++;
        if (count < fewest) {
            fewest = count;
            best = cell;
            candidates = open;
        }
    }
    if (best < 0)
        return 1;
    for (u8 digit = 1; candidates != 0; digit++, candidates >>= 1) {
        if ((candidates & 1) == 0)
            continue;
        cells[best] = digit;
        flip(best, (u16)(1 << (digit - 1)));
        if (solve())
            return 1;
        flip(best, (u16)(1 << (digit - 1)));
    }
    cells[best] = 0;
    return 0;
}

/* Sets a puzzle with the digits renamed, transposed or not. */
static void set(const char *puzzle)
{
    u8 names[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    for (int i = 9; i > 1; i--) {
        int j = 1 + (int)(random_number() % (u64)i);
        u8 t = names[i];
        names[i] = names[j];
        names[j] = t;
    }
    int transposed = random_number() % 2 != 0;
    for (int i = 0; i < 9; i++)
        rows[i] = columns[i] = boxes[i] = 0;
    for (int i = 0; i < CELLS; i++) {
        int to = transposed ? i % 9 * 9 + i / 9 : i;
        cells[to] = given[to] = puzzle[i] == '.' ? 0 : names[puzzle[i] - '0'];
        if (cells[to] != 0)
            flip(to, (u16)(1 << (cells[to] - 1)));
    }
}

static void check(void)
{
    u16 r[9] = {0}, c[9] = {0}, b[9] = {0};
    for (int i = 0; i < CELLS; i++) {
        if (cells[i] < 1 || cells[i] > 9 || (given[i] != 0 && given[i] != cells[i]))
            fail();
        u16 bit = (u16)(1 << (cells[i] - 1));
        r[i / 9] |= bit;
        c[i % 9] |= bit;
        b[box_of(i / 9, i % 9)] |= bit;
    }
    for (int i = 0; i < 9; i++)
        if (r[i] != ALL || c[i] != ALL || b[i] != ALL)
            fail();
}

int main(void)
{
    for (;;) {
        for (u32 i = 0; i < sizeof puzzles / sizeof *puzzles; i++) {
            set(puzzles[i]);
            if (!solve())
                fail();
            check();
            rounds++;
            use_memory(cells);
        }
        use_value(visited);
    }
}
