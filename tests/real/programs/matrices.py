"""Powers of integer matrices modulo a small prime in four threads: exact in any order of work."""

import concurrent.futures
import hashlib
import sys

import numpy

PRIME = 1009


def power_chain(seed, rounds, size=220):
    generator = numpy.random.RandomState(seed)
    base = generator.randint(0, PRIME, (size, size)).astype(numpy.float64)
    value = base.copy()
    for _ in range(rounds):
        value = numpy.mod(value @ base, PRIME)  # Below 2**53: every product is exact.
        value = numpy.sort(value, axis=1)
    return hashlib.sha256(value.astype(numpy.int64).tobytes()).hexdigest()


with concurrent.futures.ThreadPoolExecutor(4) as pool:
    for line in pool.map(lambda seed: power_chain(seed, int(sys.argv[1])), range(8)):
        print(line, flush=True)
