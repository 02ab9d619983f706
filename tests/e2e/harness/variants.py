"""The ways in which a program is disturbed.  Each raises CaseFailed, or ToolError, or returns."""

import os
import shutil
import signal
import subprocess
import time

import expectations
import proc
import tool as tools
import tree


class CaseFailed(Exception):
    pass


class CaseSkipped(Exception):
    pass


class Case:
    """One program, one build, one variant, in a directory of its own."""

    def __init__(self, tool, program, build, binary, directory, uid=None):
        self.tool, self.program, self.build, self.binary, self.uid = (
            tool,
            program,
            build,
            binary,
            uid,
        )
        self.dir = directory
        self.state = os.path.join(directory, "state")
        self.image = os.path.join(directory, "job.image")
        self.pidfile = os.path.join(directory, "pid")
        self.refusal = None  # Of its snapshot: a word of the message, the exit status.
        self.snapshot_flags = expectations.snapshot_flags(program)
        # Its descendants come and go: they cannot be told apart from what they were.
        self.changes = program in expectations.CHANGING_TREES
        self.descriptors_change = program in expectations.CHANGING_DESCRIPTORS
        self.child = None  # The program as it was started.
        self.pid = None  # As seen here, now.
        self.dead = [0.0, 0.0]  # At least, at most; seconds.
        self.restarts = []  # When each began, in seconds of the monotonic clock.
        self.snapshots = 0  # Taken, or tried.

    # --- the program

    def start(self):
        with open(os.path.join(self.dir, "log"), "ab") as log:
            if self.uid is not None:
                # The job's own file, as if its user had started it.
                os.fchown(log.fileno(), self.uid, self.uid)
            self.child = subprocess.Popen(
                tools.as_user(self.uid) + [self.binary, self.state],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.dir,
                start_new_session=True,
            )
        self.pid = self.child.pid
        text = self._wait_file(self.state, 60)
        if text.startswith("skip:"):
            self.child.wait()
            raise CaseSkipped(text[5:].strip())
        if text != "ready\n":
            self.child.wait()
            raise CaseFailed(f"before the snapshot: {text.strip()}")
        time.sleep(0.06)  # Into the call that is to be interrupted.

    def finish(self):
        """Says go and waits for the program's own verdict."""
        at_least, at_most = (int(seconds * 1000) for seconds in self.dead)
        go = f"{self.state}.go"
        with open(go + ".part", "w", encoding="ascii") as file:
            restarts = [int(moment * 1000) for moment in self.restarts]
            print(at_least, at_most + 1, self.snapshots, *restarts, file=file)
        os.chmod(go + ".part", 0o644)
        os.rename(go + ".part", go)
        text = self._wait_file(f"{self.state}.result", 60).strip()
        if text != "ok":
            raise CaseFailed(text)
        if self.child.returncode is None and self.pid == self.child.pid:
            if self.child.wait(20) != 0:
                raise CaseFailed(f"said ok, but exited with {self.child.returncode}")
        elif not proc.wait_gone(self.pid):
            raise CaseFailed("said ok, but did not exit")
        if left := tree.all_gone([], self.dir, 5):
            raise CaseFailed(f"said ok and exited, but left processes behind: {left}")

    def _wait_file(self, path, timeout):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            alive = proc.is_alive(self.pid) if self.pid else True
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    return file.read()
            if not alive:
                raise CaseFailed(f"the program died without a word{self._death()}{self._log()}")
            time.sleep(0.004)
        fields = proc.status(self.pid)
        raise CaseFailed(
            f"nothing happened for {timeout} s (state {fields.get('State')}){self._log()}"
        )

    def _death(self):
        if self.child.poll() is not None and self.pid == self.child.pid:
            return f" (status {self.child.returncode})"
        return ""

    def _log(self):
        with open(os.path.join(self.dir, "log"), encoding="utf-8", errors="replace") as file:
            text = file.read().strip()
        return f"; it wrote: {text[-300:]}" if text else ""

    def clean_up(self):
        roots = {
            self.pid,
            self.child.pid if self.child and self.child.returncode is None else None,
        }
        tree.kill_all(roots - {None}, self.dir)
        if self.child:
            self.child.poll()

    # --- steps

    def snapshot(self, *arguments):
        self.snapshots += 1
        self.tool.snapshot(self.pid, self.image, *arguments, *self.snapshot_flags, uid=self.uid)

    def snapshot_and_kill(self):
        """Returns the moments before and after; the program is dead and reaped then."""
        family = tree.members(self.pid)
        before = time.monotonic()
        self.snapshot("--kill", "--overwrite")
        after = time.monotonic()
        if self.pid == self.child.pid and self.child.returncode is None:
            if self.child.wait(10) != -signal.SIGKILL:
                raise CaseFailed(
                    f"after snapshot --kill the job's status is {self.child.returncode}"
                )
        # Of a tree that changes nobody knows whom it left behind as a zombie.
        if left := tree.all_gone(family, self.dir, session=self.pid if self.changes else None):
            raise CaseFailed(f"after snapshot --kill there still are {left}")
        return before, after

    def restore(self):
        self.pid = self.tool.restore_detached(self.image, self.pidfile, uid=self.uid)

    def kill_and_restore(self):
        view = lambda: {
            "relations": tree.relations(self.pid),
            "descriptors": not self.descriptors_change and tree.descriptors(self.pid),
            "shared descriptions": not self.descriptors_change and tree.sharing(self.pid),
            "shared state": tree.shared_state(self.pid),
        }
        old = {"ids": proc.inner_ids(self.pid)} if self.changes else view()
        before, after = self.snapshot_and_kill()
        begin = time.monotonic()
        self.restarts.append(begin)
        self.restore()
        self.dead[0] += begin - after
        self.dead[1] += time.monotonic() - before
        new = {"ids": proc.inner_ids(self.pid)} if self.changes else _settled(view, old)
        for what, was in old.items():
            forget = " (deleted)" if what == "descriptors" else None
            self._same(what, was, new[what], forget)

    def _same(self, what, before, after, forget=None):
        if not after or not proc.is_alive(self.pid):
            return  # It has ended by itself: its result says the rest.
        if forget and isinstance(before, dict):
            # Where it is now may have another name, or none.
            gone = {k for side in (before, after) for k, v in side.items() if forget in v}
            before, after = (
                {k: v for k, v in side.items() if k not in gone} for side in (before, after)
            )
        if before != after:
            raise CaseFailed(f"{what} differ: {_difference(before, after)}")


def _difference(before, after):
    if isinstance(before, dict):
        before, after = before.items(), after.items()
    lost = [str(x) for x in before if x not in after][:6]
    new = [str(x) for x in after if x not in before][:6]
    return f"before {', '.join(lost) or 'nothing more'}; after {', '.join(new) or 'nothing more'}"


def _settled(view, wanted):
    """What there is to see, once those that were let go had time to stop where they were stopped."""
    for _ in range(50):
        seen = view()
        if seen.get("relations") == wanted.get("relations"):
            break
        time.sleep(0.01)
    return seen


def _outer_view(case, pids):
    """What must not change when a tree is left running."""
    view = {} if case.changes else {"relations": tree.relations(case.pid)}
    for pid in pids:
        if not proc.is_alive(pid):
            continue
        view[f"maps of {pid}"] = proc.maps(pid)
        if not case.descriptors_change:
            view[f"descriptors of {pid}"] = proc.descriptors(pid)
        view[f"threads of {pid}"] = proc.threads(pid)
    return view


# --- the variants


def undisturbed(case):
    case.start()
    case.finish()


def left_running(case):
    case.start()
    pids = [case.pid] if case.changes else tree.members(case.pid)
    view = lambda: _outer_view(case, pids)
    before = view()
    stopped = tree.stopped(case.pid)
    begin = time.monotonic()
    case.snapshot()
    case.dead[1] += time.monotonic() - begin
    leftovers = tree.tracing_leftovers(case.pid, stopped)
    if leftovers:
        raise CaseFailed(leftovers)
    after = _settled(view, before)
    for what, old in before.items():
        case._same(what, old, after.get(what))
    if os.path.exists(case.image + ".partial"):
        raise CaseFailed("a .partial image was left behind")
    case.tool.verify(case.image, uid=case.uid)
    case.finish()


def kill_restore(case):
    case.start()
    case.kill_and_restore()
    case.finish()


def twice(case):
    case.start()
    case.kill_and_restore()
    shutil.rmtree(case.image)  # Nothing may depend on it.
    time.sleep(0.03)
    case.kill_and_restore()
    case.finish()


def fifth(case):
    """Four snapshots leave it running, the fifth is restored: all within one system call."""
    case.start()
    for _ in range(4):
        begin = time.monotonic()
        case.snapshot("--overwrite")
        case.dead[1] += time.monotonic() - begin
    case.kill_and_restore()
    case.finish()


def foreground(case):
    """restore waits for the job and exits with its status."""
    case.start()
    before, after = case.snapshot_and_kill()
    begin = time.monotonic()
    case.restarts.append(begin)
    command = case.tool.command(
        "restore", case.image, "--foreground", "--pidfile", case.pidfile, uid=case.uid
    )
    with open(os.path.join(case.dir, "log"), "ab") as log, subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
    ) as restore:
        deadline = time.monotonic() + 60
        while (
            not os.path.exists(case.pidfile)
            and restore.poll() is None
            and time.monotonic() < deadline
        ):
            time.sleep(0.003)
        if not os.path.exists(case.pidfile):
            restore.kill()
            raise CaseFailed(f"no pid file; restore's status is {restore.wait()}{case._log()}")
        time.sleep(0.02)
        with open(case.pidfile, encoding="ascii") as file:
            case.pid = int(file.read())
        case.dead = [begin - after, time.monotonic() - before]
        case.finish()
        if restore.wait(20) != 0:
            raise CaseFailed(
                f"restore exited with {restore.returncode} after a job that exited with 0"
            )


def refused(case):
    """The snapshot must fail by name, and leave the job as it was."""
    case.start()
    wanted, status = case.refusal
    begin = time.monotonic()
    try:
        case.snapshots += 1
        # What may pass is not waited for long.
        case.tool.snapshot(
            case.pid, case.image, "--timeout", "5", *case.snapshot_flags, uid=case.uid
        )
    except tools.ToolError as error:
        if error.rc != status or wanted not in error.text:
            raise CaseFailed(
                f"refused, but not with status {status} and the word '{wanted}': {error}"
            ) from error
    else:
        raise CaseFailed(f"the snapshot succeeded, though '{wanted}' should have been refused")
    case.dead[1] += time.monotonic() - begin
    leftovers = tree.tracing_leftovers(case.pid)
    if leftovers:
        raise CaseFailed(leftovers)
    for left in (case.image, case.image + ".partial"):
        if os.path.exists(left):
            raise CaseFailed(f"{left} exists after a refusal")
    case.finish()


VARIANTS = {
    "undisturbed": undisturbed,
    "left_running": left_running,
    "kill_restore": kill_restore,
    "twice": twice,
    "fifth": fifth,
    "foreground": foreground,
    "unprivileged": kill_restore,  # The harness starts everything as an ordinary user.
}
