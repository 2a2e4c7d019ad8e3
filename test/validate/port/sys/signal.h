/* For programs that name it. */
#define SIGABRT 6
