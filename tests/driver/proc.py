"""What /proc says about a process, as far as the tests look at it."""

import ctypes
import os
import time

_PR_SET_CHILD_SUBREAPER = 36


def become_subreaper():
    """Makes orphans below this process its children, so that they can be reaped everywhere,
    also where the first process does not do it."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _read(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def status(pid, tid=None):
    """The fields of /proc/PID/status (or of one thread's), or {} when it is gone."""
    path = f"/proc/{pid}/task/{tid}/status" if tid else f"/proc/{pid}/status"
    try:
        return dict(line.split(":\t", 1) for line in _read(path).splitlines() if ":\t" in line)
    except OSError:
        return {}


def _is_kernel_worker(pid, tid):
    """Whether it is one of io_uring's, which come and go as the kernel likes: PF_IO_WORKER."""
    if tid == pid:
        return False
    try:
        with open(f"/proc/{pid}/task/{tid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[6]) & 0x10 != 0
    except (FileNotFoundError, ProcessLookupError):
        return False


def threads(pid):
    try:
        tids = sorted(int(name) for name in os.listdir(f"/proc/{pid}/task"))
        return [tid for tid in tids if not _is_kernel_worker(pid, tid)]
    except OSError:
        return []


def inner_ids(pid):
    """The process's and its threads' ids as they see themselves."""
    return [inner_pid(pid)] + sorted(
        int(status(pid, tid).get("NSpid", "0").split()[-1]) for tid in threads(pid)
    )


def inner_pid(pid):
    return int(status(pid).get("NSpid", "0").split()[-1])


def is_alive(pid):
    """Whether any thread runs: the first one may have ended before the others."""
    while True:
        listed = threads(pid)
        if any(status(pid, tid).get("State", "X")[0] not in "XZ" for tid in listed):
            return True
        # The first thread may have made another after the listing, and ended before it was asked.
        if threads(pid) == listed:
            return False


def living(pid):
    """Who can be asked about a process: one of its threads, if the first one has ended."""
    for tid in [pid] + threads(pid):
        if status(pid, tid).get("State", "X")[0] not in "XZ":
            return tid
    return pid


def maps(pid):
    return _read(f"/proc/{living(pid)}/maps").splitlines()


def descriptors(pid):
    """{number: what it is}."""
    result = {}
    pid = living(pid)
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            result[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            pass
    return result


def descriptor_kinds(pid):
    """The same without inode numbers, which another pipe or socket with the same role has not."""
    return {
        fd: name.split("[")[0] if ":[" in name else name for fd, name in descriptors(pid).items()
    }


def tracing_leftovers(pid):
    """What a tracer left behind, in words, or None."""
    for tid in threads(pid):
        fields = status(pid, tid)
        if fields.get("TracerPid", "0") != "0":
            return f"thread {tid} is traced by {fields['TracerPid']}"
        if fields.get("State", "R")[0] in "Tt":
            return f"thread {tid} is stopped: {fields['State']}"
    return None


def cpu_seconds(pid):
    """Processor time of the whole thread group so far."""
    fields = _read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_gone(pid, timeout=10):
    """Waits until the process is dead and reaped; reaps it if it is a child of this process."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass
        if not os.path.exists(f"/proc/{pid}"):
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.002)
