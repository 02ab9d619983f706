// A thousand processes.
#define COUNT 999
#include "tests/e2e/programs/tree_hundred.c"
