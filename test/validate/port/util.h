/* What Dhrystone's main asks of its surroundings: marks for the measured stretch, a clock, and nobody who reads what it prints. */
#ifndef UTIL_H
#define UTIL_H
#include "meter.h"

static inline void setStats(int begins)
{
    mark(begins ? MARK_BEGIN : MARK_END);
}

#define read_csr(name) ({ unsigned long value; __asm__ volatile("csrr %0, " #name : "=r"(value)); value; })
int printf(const char *format, ...);
#endif
