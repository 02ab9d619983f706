"""Digits of pi one after the other (Gibbons' spigot), hashed on the way."""

import hashlib
import sys


def digits():
    q, r, t, k, n, l = 1, 0, 1, 1, 3, 3
    while True:
        if 4 * q + r - t < n * t:
            yield n
            q, r, n = 10 * q, 10 * (r - n * t), (10 * (3 * q + r)) // t - 10 * n
        else:
            q, r, t, k, n, l = (
                q * k,
                (2 * q + r) * l,
                t * l,
                k + 1,
                (q * (7 * k + 2) + r * l) // (t * l),
                l + 2,
            )


count = int(sys.argv[1])
digest = hashlib.sha256()
for index, digit in zip(range(count), digits()):
    digest.update(b"%d" % digit)
    if index % 100 == 99:
        print(index + 1, digest.hexdigest(), flush=True)
