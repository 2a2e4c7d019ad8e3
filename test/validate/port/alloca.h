/* For programs that ask for it. */
#define alloca __builtin_alloca
