"""Programs that watch files: inotifywait, and fatrace."""

import os
import signal
import subprocess

import checks
import job


class Inotifywait(job.Job):
    """It writes a line for each event, at once."""

    name = "inotifywait"
    is_quiet = True
    done = 0  # Files made.

    def start(self):
        os.mkdir(self.stage.path("watched"))
        self.stage.own(self.stage.path("watched"))
        self.stage.start(
            "inotifywait", "--monitor", "--recursive", "--format", "%e %f",
            "--event", "create,delete,move", "watched",
        )
        checks.wait_until(lambda: "Watches established" in self.stage.read("err"), "the watches")

    def make(self, number):
        self.stage.ask("touch", f"watched/{number}")
        self.stage.ask("mv", f"watched/{number}", f"watched/{number} moved")
        self.stage.ask("rm", f"watched/{number} moved")

    def expected(self):
        lines = ""
        for number in range(self.done):
            lines += f"CREATE {number}\nMOVED_FROM {number}\nMOVED_TO {number} moved\nDELETE {number} moved\n"
        return lines

    def work(self, number):
        self.make(self.done)
        self.done += 1
        self.await_lines()

    def await_lines(self):
        wanted = self.expected()
        checks.wait_until(
            lambda: len(self.stage.read("out")) >= len(wanted), f"{wanted}, not {self.stage.read('out')}"
        )
        seen = self.stage.read("out")
        checks.expect(seen == wanted, f"{seen}, not {wanted}")

    def check(self):
        self.work(0)

    def finish(self):
        self.stage.terminate()


class InotifywaitBehind(Inotifywait):
    """It is stopped while files come and go: all of that is unread when it is saved."""

    name = "inotifywait-behind"
    refusal_for_nobody = "unread events"

    def work(self, number):
        os.kill(self.stage.pid, signal.SIGSTOP)
        self.make(self.done)
        self.make(self.done + 1)
        self.done += 2

    def check(self):
        os.kill(self.stage.pid, signal.SIGCONT)
        self.await_lines()

    def expect_refusal(self):
        self.work(0)
        super().expect_refusal()


class Fatrace(job.Job):
    """It watches a file system of its own, so that nobody else is in its way."""

    name = "fatrace"
    only_as_root = True
    done = 0

    def start(self):
        os.mkdir(self.stage.path("mount"))
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", self.stage.path("mount")], check=True)
        self.stage.start(
            "sh", "-c", "cd mount && exec fatrace --current-mount --filter=O --output=../lines"
        )
        checks.wait_until(lambda: self.marks() > 0, "its mark")

    def marks(self):
        count = 0
        folder = f"/proc/{self.stage.pid}/fdinfo"
        for name in os.listdir(folder):
            with open(f"{folder}/{name}", encoding="ascii") as file:
                count += file.read().count(" mask:")
        return count

    def work(self, number):
        # By who is still there when it asks who that was.
        with open(self.stage.path(f"mount/{self.done}"), "w", encoding="ascii"):
            self.done += 1
        wanted = [f"/{number}" for number in range(self.done)]
        checks.wait_until(lambda: len(self.lines()) >= self.done, f"{wanted}")
        checks.expect(self.lines() == wanted, f"{self.lines()}, not {wanted}")

    def lines(self):
        names = [line.strip().rsplit("/", 1)[-1] for line in self.stage.read("lines").splitlines()]
        return [f"/{name}" for name in names if name.isdigit()]

    def check(self):
        self.work(0)

    def finish(self):
        self.stage.terminate()

    def clean_up(self):
        if os.path.ismount(self.stage.path("mount")):
            subprocess.run(["umount", "--lazy", self.stage.path("mount")], check=False)
