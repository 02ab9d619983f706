"""What the drivers of tests expect, and which of the cases are theirs."""

import os
import time


class Failed(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failed(what)


def wait_until(condition, what, seconds=30):
    """Returns what the condition gives once that is true."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        expect(time.monotonic() < deadline, f"{what}: not in {seconds} s")
        time.sleep(0.01)


def of_this_shard(cases):
    """Those of the cases that this shard of a test has to do."""
    if "TEST_SHARD_STATUS_FILE" in os.environ:
        open(os.environ["TEST_SHARD_STATUS_FILE"], "w", encoding="ascii").close()
    shards = int(os.environ.get("TEST_TOTAL_SHARDS", 1))
    return list(cases)[int(os.environ.get("TEST_SHARD_INDEX", 0)) :: shards]
