"""A job and its files."""

import contextlib
import os
import signal
import subprocess
import time

import proc
import programs
import tool as tools
from checks import Failed, expect

UNSUPPORTED, SYSTEM = 69, 71
# One that every user can reach.
PYTHON = os.path.realpath("/usr/bin/python3")


class Skipped(Exception):
    pass


def expect_equal(actual, wanted):
    expect(actual == wanted, f"{actual!r}, not {wanted!r}")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text, mode="w"):
    with open(path, mode, encoding="utf-8") as file:
        file.write(text)


class Stage:
    """A job and its files, in a directory of their own."""

    def __init__(self, tool, directory, uid):
        self.tool, self.dir, self.uid = tool, directory, uid
        self.home = os.path.join(directory, "home")
        self.where = os.path.join(directory, "job")
        self.image = os.path.join(directory, "job.image")
        self.data = self.home + "/data"
        self.job = self.restored = None
        self.mounts = []
        os.mkdir(self.home)
        self.write_data("0123456789")

    def own(self, *paths):
        for path in paths if self.uid is not None else ():
            os.chown(path, self.uid, self.uid)

    def write_data(self, text, mode="w"):
        write(self.data, text, mode)
        self.own(self.dir, self.home, self.data)

    def start(self, text, exe=PYTHON):
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.own(log.name)
            self.job = subprocess.Popen(
                tools.as_user(self.uid) + [exe, "-c", programs.PRELUDE + text, self.where, self.home],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )
        self.await_file(self.where + ".ready")

    def await_file(self, path, seconds=20):
        deadline = time.monotonic() + seconds
        while not os.path.exists(path):
            expect(time.monotonic() < deadline, f"there is never a {path}: {self.log()}")
            time.sleep(0.01)
        return read(path)

    def log(self):
        return read(os.path.join(self.dir, "log"))[-500:]

    def kill(self, *args):
        """Returns what the snapshot said."""
        said = self.tool.snapshot(self.job.pid, self.image, "--kill", *args, uid=self.uid)
        self.job.wait(10)
        return said

    def restore(self, *args):
        """Returns what the restore said."""
        pidfile = os.path.join(self.dir, "pid")
        said = self.tool.run(
            "restore", self.image, "--detach", "--pidfile", pidfile, *args, uid=self.uid
        )
        self.restored = int(read(pidfile))
        return said

    def refused(self, *words, args=(), status=UNSUPPORTED):
        try:
            self.restore(*args)
        except tools.ToolError as error:
            expect(error.rc == status, f"status {error.rc}: {error.text}")
            for word in words:
                expect(word in error.text, f"no word of '{word}': {error.text}")
        else:
            raise Failed("the restore succeeded")
        left = [name for name in os.listdir(self.home) if name.startswith(".tardigrade")]
        expect(not left, f"it left {left}")

    def result(self):
        write(self.where + ".go", "")
        return self.await_file(self.where + ".said")

    def mount(self, *arguments):
        subprocess.run(["mount", *arguments], check=True, stderr=subprocess.PIPE)
        self.mounts.append(arguments[-1])

    def clean_up(self):
        for pid in (self.restored, self.job.pid if self.job and self.job.poll() is None else None):
            if pid and proc.is_alive(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                proc.wait_gone(pid)
        if self.job:
            self.job.wait(10)
        for path in reversed(self.mounts):
            subprocess.run(["umount", "-l", path], check=True)
