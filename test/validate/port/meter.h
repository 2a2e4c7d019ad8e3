/* Marks a moment: the machine notes the clock at the store (sim/machine/devices/meter.ts). */
#ifndef METER_H
#define METER_H
static inline void mark(unsigned int value)
{
    *(volatile unsigned int *)0x110000 = value;
}
/* The marks of a measured stretch, and of a benchmark that has checked its results. */
enum { MARK_BEGIN = 1, MARK_END = 2, MARK_VALID = 3 };
#endif
