/* Nothing is printed. */
int printf(const char *format, ...);
