"""A job with everything around it: a directory, clients, snapshots."""

import os
import signal
import subprocess

import checks
import proc
import tool as tools
import tree

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PYTHON = "/usr/bin/python3"  # The one that Debian's modules are for.


class Stage:
    """`area` is for the image and for the job's own directory, short enough for the names of sockets;
    `common` is what all runs of the job share.  `uid` is whose the job is, `tool_uid` who saves it; None:
    this user."""

    def __init__(self, tool, area, common, uid, tool_uid):
        self.tool, self.dir, self.common = tool, os.path.join(area, "job"), common
        self.uid, self.tool_uid = uid, tool_uid
        self.image = os.path.join(area, "image")
        os.mkdir(self.dir)
        self.own(self.dir)
        self.pid = self.child = None

    def path(self, name):
        return os.path.join(self.dir, name)

    def own(self, path):
        """Makes it the job's user's."""
        if self.uid is not None:
            os.chown(path, self.uid, self.uid)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        self.own(self.path(name))

    def read(self, name):
        try:
            with open(self.path(name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def environment(self):
        return {"PATH": PATH, "HOME": self.dir, "LC_ALL": "C.UTF-8", "TERM": "screen", "SHELL": "/bin/bash"}

    def start(self, *command):
        """The root of the tree; it writes to the files `out` and `err`."""
        for name in ("out", "err"):
            self.write(name, "")
        with open(self.path("out"), "ab") as out, open(self.path("err"), "ab") as err:
            self.child = subprocess.Popen(
                tools.as_user(self.uid) + list(command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self.dir,
                env=self.environment(),
                start_new_session=True,
            )
        self.pid = self.child.pid
        # Until then it is the program that gives up what this user may do.
        if self.uid is not None:
            checks.wait_until(lambda: proc.status(self.pid).get("Uid", "").split()[:1] == [str(self.uid)], "the job's user")

    def adopt(self, pid):
        """The job is a daemon, which has left the process that started it."""
        self.child.wait(20)
        self.pid = pid

    def ask(self, *command, text="", inside=False, seconds=40):
        """What a client says, run by the job's user, outside the tree.  `inside`: it sees the process
        ids that the job sees."""
        done = subprocess.run(
            (self._within() if inside else tools.as_user(self.uid)) + list(command),
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            cwd=self.dir,
            env=self.environment(),
            timeout=seconds,
            check=False,
        )
        # A command in the job's PID namespace dies with the job.
        told_to_end = inside and done.returncode == -signal.SIGKILL and not self.is_alive()
        if done.returncode != 0 and not told_to_end:
            raise checks.Failed(f"{' '.join(command)[:200]} exits with {done.returncode}: {done.stderr.strip()[-500:]}")
        return done.stdout

    def _within(self):
        if proc.inner_pid(self.pid) == self.pid:
            return tools.as_user(self.uid)
        own_user = os.readlink(f"/proc/{self.pid}/ns/user") != os.readlink("/proc/self/ns/user")
        spaces = ["--pid"] + (["--user", "--preserve-credentials"] if own_user else [])
        enter = ["nsenter", f"--target={self.pid}", *spaces, "--"]
        return tools.as_user(self.tool_uid) + enter + ([] if own_user else tools.as_user(self.uid))

    def is_alive(self):
        return proc.is_alive(self.pid)

    def relations(self):
        return tree.relations(self.pid)

    def snapshot(self, *flags):
        checks.expect(self.is_alive(), f"the job has ended before the snapshot{self.complaint()}")
        self.tool.snapshot(self.pid, self.image, "--tree", "--overwrite", *flags, uid=self.tool_uid)

    def leave_running(self):
        self.snapshot("--leave-running")
        checks.expect(self.is_alive(), f"the snapshot ended the job{self.complaint()}")
        left = tree.tracing_leftovers(self.pid, tree.stopped(self.pid))
        checks.expect(not left, left)

    def kill_and_restore(self):
        session = os.getsid(self.pid)
        members = tree.members(self.pid)
        self.snapshot("--kill")
        if self.child.returncode is None and self.child.pid == self.pid:
            self.child.wait(20)
        # Who came last is this process's to wait for as well.
        left = tree.all_gone(members, self.dir, session=session)
        checks.expect(not left, f"alive after snapshot --kill: {left}")
        self.pid = self.tool.restore_detached(self.image, self.image + ".pid", uid=self.tool_uid)
        checks.expect(self.is_alive(), f"the restored job has ended at once{self.complaint()}")

    def wait_for_end(self, seconds=90):
        checks.wait_until(lambda: not self.is_alive(), f"the job's end{self.complaint()}", seconds)
        proc.wait_gone(self.pid)

    def terminate(self, number=signal.SIGTERM):
        """Ends the job orderly, and expects that nothing of it is left."""
        members = tree.members(self.pid)
        os.kill(self.pid, number)
        self.wait_for_end()
        left = tree.all_gone(members, self.dir)
        checks.expect(not left, f"left at the end: {left}")

    def complaint(self):
        text = self.read("err").strip()
        return f"; it wrote: {text[-600:]}" if text else ""

    def clean_up(self):
        tree.kill_all([pid for pid in (self.pid, self.child and self.child.pid) if pid], self.dir)
        if self.child:
            self.child.poll()


def script(name):
    """A program of this folder."""
    return os.path.join(os.path.dirname(os.path.realpath(__file__)), "jobs", name)


