"""The busy self-checking programs of tests/fault, seen from outside."""

import os
import struct
import subprocess
import time

import proc
import tool as tools
import tree

COUNTERS = 11  # See busy.c and busy_tree.c.


class Broken(Exception):
    """The job is not as it was."""


class BusyJob:
    def __init__(self, binary, directory, uid=None):
        self.state = os.path.join(directory, "state")
        self.uid = uid
        self.directory = directory
        self.is_tree = os.path.basename(binary) == "busy_tree"
        self.snapshot_flags = ["--tree"] if self.is_tree else []
        with open(os.path.join(directory, "log"), "ab") as log:
            if uid is not None:
                # The job's own file, as if its user had started it.
                os.fchown(log.fileno(), uid, uid)
            self.child = subprocess.Popen(
                tools.as_user(uid) + [binary, self.state],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=directory,
                start_new_session=True,
            )
        self.pid = self.child.pid
        self._wait_for(self.state, 20)

    def _wait_for(self, path, seconds):
        deadline = time.monotonic() + seconds
        while not os.path.exists(path):
            if time.monotonic() > deadline or not proc.is_alive(self.pid):
                raise Broken(
                    f"{os.path.basename(path)} does not come; the job says: {self.verdict()}"
                )
            time.sleep(0.01)

    def verdict(self):
        try:
            with open(self.state + ".result", encoding="utf-8") as file:
                return file.read().strip()
        except OSError:
            return "nothing"

    def progress(self):
        with open(self.state + ".progress", "rb") as file:
            return struct.unpack(f"{COUNTERS}Q", file.read(8 * COUNTERS))

    def check_unharmed(self, seconds=10):
        """Alive, not stopped, not traced, and every thread gets on."""
        if not proc.is_alive(self.pid) or self.verdict() != "nothing":
            raise Broken(f"the job has ended: {self.verdict()}")
        deadline = time.monotonic() + seconds
        leftovers = tree.tracing_leftovers(self.pid)
        while (
            leftovers and time.monotonic() < deadline - seconds + 1
        ):  # The kernel detaches in its own time.
            time.sleep(0.005)
            leftovers = tree.tracing_leftovers(self.pid)
        if leftovers:
            raise Broken(leftovers)
        before = self.progress()
        while any(new == old for new, old in zip(self.progress(), before)):
            if time.monotonic() > deadline:
                stuck = [
                    i for i, (new, old) in enumerate(zip(self.progress(), before)) if new == old
                ]
                raise Broken(f"counters {stuck} of the job stand still")
            if not proc.is_alive(self.pid) or self.verdict() != "nothing":
                raise Broken(f"the job has ended: {self.verdict()}")
            time.sleep(0.005)

    def finish(self):
        with open(self.state + ".go", "w", encoding="ascii") as file:
            file.write("0 0")
        self._wait_for(self.state + ".result", 60)
        if self.verdict() != "ok":
            raise Broken(self.verdict())
        self.reap()

    def reap(self):
        if self.child.returncode is None and self.pid == self.child.pid:
            self.child.wait(20)
        elif not proc.wait_gone(self.pid):
            raise Broken("the job does not end")

    def kill(self):
        tree.kill_all([self.pid], self.directory)
        self.reap()
