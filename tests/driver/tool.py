"""Calls snapshot, restore and inspect as a user would, as root or as somebody else."""

import os
import shutil
import subprocess
import tempfile
import time

UNPRIVILEGED_UID = 65534


class ToolError(Exception):
    """The tool failed; its exit status is in `rc`, what it said in `text`."""

    def __init__(self, command, rc, text):
        super().__init__(f"{os.path.basename(command)} exited with {rc}: {text.strip()[-1500:]}")
        self.rc = rc
        self.text = text


def find_administrators_commands():
    """ip, tc, nft, nginx: Bazel's PATH for tests does not lead to them."""
    os.environ["PATH"] += os.pathsep + os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/sbin"))


def as_user(uid):
    """What to put before a command so that it runs as this user without any privilege."""
    if uid is None or os.geteuid() == uid:
        return []
    return [
        "setpriv",
        f"--reuid={uid}",
        f"--regid={uid}",
        "--clear-groups",
        "--inh-caps=-all",
        "--",
    ]


class Tool:
    """The three commands, copied to a place that every user can reach."""

    def __init__(self, tool_dir, scratch, verbose=False):
        self.dir = os.path.join(scratch, "tool")
        self.verbose = verbose
        os.makedirs(self.dir, exist_ok=True)
        for name in ("snapshot", "restore", "inspect"):
            target = os.path.join(self.dir, name)
            shutil.copyfile(os.path.join(tool_dir, name), target)
            os.chmod(target, 0o755)

    def command(self, name, *args, uid=None):
        return as_user(uid) + [os.path.join(self.dir, name), *map(str, args)]

    def run(self, name, *args, uid=None, timeout=120, cwd="/"):
        command = self.command(name, *args, uid=uid)
        begin = time.monotonic()
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            cwd=cwd,
            check=False,
        )
        if self.verbose:
            took = (time.monotonic() - begin) * 1000
            print(f"  + {' '.join(command)}\n    -> {done.returncode} in {took:.0f} ms", flush=True)
            print(
                "".join(f"    | {line}\n" for line in done.stdout.splitlines()), end="", flush=True
            )
        if done.returncode != 0:
            raise ToolError(name, done.returncode, done.stdout)
        return done.stdout

    def snapshot(self, pid, image, *args, uid=None, **kwargs):
        return self.run("snapshot", "--pid", pid, "-o", image, *args, uid=uid, **kwargs)

    def restore_detached(self, image, pidfile, *args, uid=None, **kwargs):
        """Returns the pid of the job's root as seen here."""
        if os.path.exists(pidfile):
            os.unlink(pidfile)
        self.run("restore", image, "--detach", "--pidfile", pidfile, *args, uid=uid, **kwargs)
        with open(pidfile, encoding="ascii") as file:
            return int(file.read())

    def verify(self, image, uid=None):
        return self.run("inspect", image, "--verify", uid=uid)


def scratch_dir(prefix, parent=None):
    """A fresh directory that every user may enter."""
    path = tempfile.mkdtemp(prefix=prefix, dir=parent or "/tmp")
    os.chmod(path, 0o755)
    return path
