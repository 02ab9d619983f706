"""A job in a directory of its own, among processes that are not saved."""

import os
import signal
import socket
import subprocess
import sys
import time

import proc
import tool as tools
from answering_job import PRELUDE
from checks import expect

UNSUPPORTED = 69


def await_file(path, seconds=20):
    deadline = time.monotonic() + seconds
    while not os.path.exists(path):
        expect(time.monotonic() < deadline, f"there is never a {path}")
        time.sleep(0.01)
    with open(path, encoding="utf-8") as file:
        return file.read()


class Stage:
    """A job in a directory of its own."""

    def __init__(self, tool, directory):
        self.tool, self.dir = tool, directory
        self.where = os.path.join(directory, "job")
        self.image = os.path.join(directory, "job.image")
        self.job = self.restored = None

    def server(self, kind=socket.SOCK_STREAM):
        server = socket.socket(socket.AF_UNIX, kind)
        server.bind(self.where + ".server")
        if kind == socket.SOCK_STREAM:
            server.listen(5)
        server.settimeout(10)
        return server

    def start(self, text, *args, fds=()):
        self.start_until(text, self.where + ".ready", *args, fds=fds)

    def prefix(self):
        """What to put before the job's command."""
        return []

    def start_until(self, text, path, *args, fds=()):
        """Returns what the job writes to `path`."""
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.job = subprocess.Popen(
                self.prefix()
                + [sys.executable, "-c", PRELUDE + text, self.where, *map(str, args)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=fds,
                cwd=self.dir,
                start_new_session=True,
            )
        return await_file(path)

    def snapshot(self, *args):
        try:
            self.tool.snapshot(self.job.pid, self.image, *args)
        except tools.ToolError as error:
            return error
        return None

    def refused(self, *words, args=()):
        error = self.snapshot(*args)
        expect(error is not None, "the snapshot succeeded")
        expect(error.rc == UNSUPPORTED, f"status {error.rc}: {error.text}")
        for word in words:
            expect(word in error.text, f"no word of '{word}': {error.text}")
        expect(not os.path.exists(self.image), "there is an image")

    def kill_and_restore(self, *args):
        error = self.snapshot("--kill", *args)
        expect(error is None, f"{error}")
        self.job.wait(10)
        self.restored = self.tool.restore_detached(self.image, os.path.join(self.dir, "pid"))

    def result(self):
        with open(self.where + ".go", "w", encoding="ascii"):
            pass
        return await_file(self.where + ".said")

    def clean_up(self):
        for pid in (self.restored, self.job.pid if self.job and self.job.poll() is None else None):
            if pid and proc.is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        if self.job:
            self.job.wait(10)
