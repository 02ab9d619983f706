"""Lets 2 MiB pages be had for the time of one case, where this machine and user allow it."""

import contextlib
import fcntl

_LIMIT = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages"
# Shards of the test run at the same time.
_LOCK = "/tmp/tardigrade-huge-pages.lock"
_WANTED = 64


@contextlib.contextmanager
def allowed():
    """Raises the limit of pages allocated on demand, and puts it back.  Reserves nothing."""
    try:
        lock = open(_LOCK, "w", encoding="ascii")
        limit = open(_LIMIT, "r+", encoding="ascii")
    except OSError:
        yield
        return
    with lock, limit:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = limit.read()
        _put(limit, max(int(before), _WANTED))
        try:
            yield
        finally:
            _put(limit, before)


def _put(limit, value):
    limit.seek(0)
    limit.write(str(value))
    limit.flush()
