// A thousand threads.
#define COUNT 1000
#include "tests/e2e/programs/threads_100.c"
