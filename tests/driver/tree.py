"""What /proc says about a process with all its descendants, as far as the tests look at it."""

import collections
import ctypes
import os
import signal
import time

import proc

_SYS_KCMP = 312
_KCMP_FILE = 0
_SHARED = {"memory": 1, "descriptor table": 2, "directory": 3, "handlers": 4}
_MOST_GROUPS = 60
# Comparing all descriptors of a larger tree takes too long.
_MOST_COMPARED = 1500

_libc = ctypes.CDLL(None, use_errno=True)


def children(pid):
    found = []
    for tid in proc.threads(pid):
        try:
            with open(f"/proc/{pid}/task/{tid}/children", encoding="ascii") as file:
                found += [int(child) for child in file.read().split()]
        except OSError:
            pass
    return found


def members(root):
    """The process and its descendants, parents before their children."""
    found = [root]
    for pid in found:
        found += children(pid)
    return found


def _innermost(fields, key):
    return int(fields.get(key, "0").split()[-1])


def _state(pid, fields):
    # The first thread may have ended before the others.
    if fields["State"][0] in "ZX" and proc.is_alive(pid):
        return "runs"
    return {"Z": "ended", "X": "ended", "T": "stopped", "t": "traced"}.get(fields["State"][0], "runs")


def relations(root):
    """{pid: who its parent, session, group and threads are, and whether it runs}, all as the
    processes see themselves.  {} when the root is gone."""
    result = {}
    inner = {}
    for pid in members(root):
        fields = proc.status(pid)
        if not fields or (pid == root and _state(pid, fields) == "ended"):
            continue
        inner[pid] = _innermost(fields, "NSpid")
        parent = "none" if pid == root else inner.get(int(fields["PPid"]), "?")
        threads = [_innermost(proc.status(pid, tid), "NSpid") for tid in proc.threads(pid)]
        result[inner[pid]] = (
            f"{fields['Name']} {_state(pid, fields)} parent={parent} "
            f"session={_innermost(fields, 'NSsid')} group={_innermost(fields, 'NSpgid')} "
            f"threads={sorted(threads)}"
        )
    return result


def descriptors(root, describe=proc.descriptor_kinds):
    """{(pid, number): what it is}, pids as the processes see themselves."""
    result = {}
    for pid in members(root):
        try:
            for fd, what in describe(pid).items():
                result[proc.inner_pid(pid), fd] = what
        except OSError:
            pass
    return result


def _is_same_description(one, other):
    return _libc.syscall(_SYS_KCMP, one[0], other[0], _KCMP_FILE, one[1], other[1]) == 0


def sharing(root):
    """{(pid, number): the first such pair that is the same open file description}; {} if the tree is
    too large, or those who look may not."""
    by_name = collections.defaultdict(list)
    count = 0
    for pid in members(root):
        try:
            for fd, name in proc.descriptors(pid).items():
                by_name[name].append((pid, fd))
                count += 1
        except OSError:
            pass
    if count > _MOST_COMPARED:
        return {}
    result = {}
    for alike in by_name.values():
        firsts = []
        for one in alike:
            first = next((f for f in firsts if _is_same_description(one, f)), one)
            if first is one:
                firsts.append(one)
            result[proc.inner_pid(one[0]), one[1]] = (proc.inner_pid(first[0]), first[1])
    return result


def shared_state(root):
    """{(pid, what): the first process that has the very same}, for what every process has; {} if those
    who look may not.  Of the others, what none has looks like what all share."""
    pids = members(root)
    result = {}
    for what, kind in _SHARED.items():
        firsts = []
        for pid in pids:
            same = lambda first: _libc.syscall(_SYS_KCMP, first, pid, kind, 0, 0)
            first = next((f for f in firsts if same(f) == 0), pid)
            if first is pid:
                firsts.append(pid)
            if len(firsts) > _MOST_GROUPS:
                break
            result[proc.inner_pid(pid), what] = proc.inner_pid(first)
    return result


def tracing_leftovers(root, stopped=()):
    """What a tracer left behind in any of them, in words, or None.  Those in `stopped`, as they see
    themselves, are stopped for good reason."""
    for pid in members(root):
        left = proc.tracing_leftovers(pid)
        if left and not (proc.inner_pid(pid) in stopped and "is stopped: T (stopped)" in left):
            return f"process {pid}: {left}"
    return None


def stopped(root):
    return {pid for pid, what in relations(root).items() if " stopped " in what}


def _working_directory(pid):
    """With a slash behind it; nothing if there is none."""
    for who in (lambda: pid, lambda: proc.living(pid)):
        try:
            return os.readlink(f"/proc/{who()}/cwd") + "/"
        except OSError:
            pass  # Its first thread may have ended before the others.
    return ""


def those_at(directory):
    """All processes that work in a directory, or below it."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        if _working_directory(int(name)).startswith(directory + "/"):
            found.append(int(name))
    return found


def those_in_session(leader):
    """All processes of a session, zombies too."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                if int(file.read().rsplit(")", 1)[1].split()[3]) == leader:
                    found.append(int(name))
        except OSError:
            pass
    return found


def all_gone(pids, directory, timeout=10, session=None):
    """Waits until all are dead and reaped, and nobody works in the directory or is of the session.
    Returns who is left."""
    deadline = time.monotonic() + timeout
    left = set(pids)
    while True:
        left = {pid for pid in left if not proc.wait_gone(pid, 0)}
        if not left:
            left = set(those_at(directory))
        if not left and session:
            left = set(those_in_session(session))
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.003)


def kill_all(roots, directory):
    """Kills these processes with their descendants, and all who work in the directory."""
    known = set()
    for _ in range(100):
        doomed = set(those_at(directory))
        for root in roots:
            if proc.is_alive(root):
                doomed.update(members(root))
        known |= doomed
        # Nobody is to see another die.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in doomed:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
        if not all_gone(known, directory, 0.1):
            return
