/* CoreMark's port: the timed stretch is marked, and so is the message that its results are right. */
#include "coremark.h"
#include "meter.h"

volatile ee_s32 seed1_volatile = 0;
volatile ee_s32 seed2_volatile = 0;
volatile ee_s32 seed3_volatile = 0x66;
volatile ee_s32 seed4_volatile = ITERATIONS;
volatile ee_s32 seed5_volatile = 0;
ee_u32 default_num_contexts = 1;

void start_time(void)
{
    mark(MARK_BEGIN);
}

void stop_time(void)
{
    mark(MARK_END);
}

CORE_TICKS get_time(void)
{
    return 1;
}

/* Long enough for a valid run: the marks tell the time. */
secs_ret time_in_secs(CORE_TICKS ticks)
{
    return 10 * ticks;
}

void portable_init(core_portable *p, int *argc, char *argv[])
{
    (void)argc;
    (void)argv;
    p->portable_id = 1;
}

void portable_fini(core_portable *p)
{
    p->portable_id = 0;
}

int ee_printf(const char *format, ...)
{
    static const char correct[] = "Correct operation validated";
    for (int i = 0; correct[i] != 0; i += 1)
        if (format[i] != correct[i])
            return 0;
    mark(MARK_VALID);
    return 0;
}
