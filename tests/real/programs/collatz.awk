# The longest Collatz chain so far.
BEGIN {
    for (n = 1; n <= limit; ++n) {
        steps = 0
        for (x = n; x != 1; ++steps) x = x % 2 ? 3 * x + 1 : x / 2
        if (steps > best) { best = steps; print n, steps; fflush() }
    }
}
