/* Nothing is printed. */
int printf(const char *format, ...);
int sprintf(char *to, const char *format, ...);
