"""Lets everybody have sockets of ICMP echo messages for the time of one case, where that is allowed."""

import contextlib
import fcntl

_RANGE = "/proc/sys/net/ipv4/ping_group_range"
# Shards of the test run at the same time.
_LOCK = "/tmp/tardigrade-ping-groups.lock"
_ALL = "0 2147483647"


@contextlib.contextmanager
def allowed():
    """Widens the range of groups, and puts it back."""
    try:
        lock = open(_LOCK, "w", encoding="ascii")
        open(_RANGE, "r+", encoding="ascii").close()
    except OSError:
        yield
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open(_RANGE, encoding="ascii") as file:
            before = file.read()
        _put(_ALL)
        try:
            yield
        finally:
            _put(before)


def _put(text):
    with open(_RANGE, "w", encoding="ascii") as file:
        file.write(text)
