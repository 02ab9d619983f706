#!/usr/bin/env python3
"""The commands as a user meets them: statuses, signals, terminals, names and messages.

  run.py [--tool-dir DIR] [--only NAME[,NAME]] [-v]
"""

import argparse
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "driver")]

import proc
import tool as tools
from checks import Failed, expect, wait_until

REPOSITORY = os.path.realpath(os.path.join(HERE, "..", ".."))
USAGE, UNSUPPORTED = 64, 69

# It writes without a buffer: a signal that comes while Python flushes one has its handler run in there.
JOB = """
import os, signal, sys, time
def handle(number, frame):
    os.write(1, b"got %d\\n" % number)
    if number in (signal.SIGTERM, signal.SIGINT):
        sys.exit(number + 1)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
    signal.signal(number, handle)
print("ready", flush=True)
while True:
    time.sleep(0.05)
"""


def await_text(path, text, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                if text in file.read():
                    return
        time.sleep(0.01)
    raise Failed(f"{path} never says {text!r}")


def await_pty(master, text, seconds=20):
    seen = ""
    deadline = time.monotonic() + seconds
    while text not in seen:
        expect(time.monotonic() < deadline, f"the terminal never shows {text!r}, but {seen!r}")
        if select.select([master], [], [], 0.1)[0]:
            try:
                seen += os.read(master, 4096).decode(errors="replace")
            except OSError:
                pass
    return seen


class Bench:
    """A job, its image, and the commands, in a directory of their own."""

    def __init__(self, tool, directory):
        self.tool, self.dir = tool, directory
        self.log = os.path.join(directory, "log")
        self.image = os.path.join(directory, "job.image")
        self.pidfile = os.path.join(directory, "pid")
        self.job = None
        self.restored = None

    def start(self, stdio=None):
        with open(self.log, "ab") as log:
            self.job = subprocess.Popen(
                [sys.executable, "-c", JOB],
                stdin=stdio or subprocess.DEVNULL,
                stdout=stdio or log,
                stderr=stdio or log,
                cwd=self.dir,
                start_new_session=True,
            )
        if stdio is None:
            await_text(self.log, "ready")
        return self.job.pid

    def call(self, name, *args, **kwargs):
        options = {"stdin": subprocess.DEVNULL, "cwd": self.dir, **kwargs}
        return subprocess.run(
            self.tool.command(name, *args),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
            start_new_session=True,  # No controlling terminal.
            **options,
        )

    def save(self, *args):
        done = self.call("snapshot", "--pid", self.job.pid, "-o", self.image, "--kill", *args)
        expect(done.returncode == 0, done.stderr)
        self.job.wait(10)
        return done

    def restore_in_foreground(self, *args, **kwargs):
        if os.path.exists(self.pidfile):
            os.unlink(self.pidfile)
        restore = subprocess.Popen(
            self.tool.command("restore", self.image, "--pidfile", self.pidfile, *args),
            cwd=self.dir,
            text=True,
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **kwargs},
        )
        deadline = time.monotonic() + 20
        while not os.path.exists(self.pidfile) or not os.path.getsize(self.pidfile):
            expect(restore.poll() is None, f"restore ended early with {restore.returncode}")
            expect(time.monotonic() < deadline, "no pid file")
            time.sleep(0.005)
        with open(self.pidfile, encoding="ascii") as file:
            self.restored = int(file.read())
        time.sleep(0.1)
        return restore

    def clean_up(self):
        for pid in (self.restored, self.job.pid if self.job and self.job.poll() is None else None):
            if pid and proc.is_alive(pid):
                os.kill(pid, signal.SIGKILL)
                proc.wait_gone(pid, 5)
        if self.job:
            self.job.poll()


def signals_are_passed_on(bench):
    bench.start()
    bench.save()
    for mode in ("--same-pids", "--new-pid-namespace"):
        if mode == "--same-pids" and os.geteuid() != 0:
            continue
        for number in (signal.SIGTERM, signal.SIGINT):
            restore = bench.restore_in_foreground(mode)
            restore.send_signal(signal.SIGUSR1)
            await_text(bench.log, f"got {int(signal.SIGUSR1)}")
            restore.send_signal(number)
            expect(restore.wait(20) == number + 1, f"{mode}: {number}: {restore.returncode}")
            os.truncate(bench.log, len("ready\n"))


def the_status_of_a_killed_job(bench):
    bench.start()
    bench.save()
    restore = bench.restore_in_foreground()
    os.kill(bench.restored, signal.SIGKILL)
    expect(restore.wait(20) == 128 + 9, f"status {restore.returncode}")


def a_terminal_that_is_gone(bench):
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    bench.start(stdio=slave)
    await_pty(master, "ready")
    bench.save()
    os.close(slave)
    os.close(master)
    done = bench.call("restore", bench.image, "--detach")
    expect(done.returncode == UNSUPPORTED, f"{done.returncode}: {done.stderr}")
    for word in (name, "is gone", "--set-file"):
        expect(word in done.stderr, done.stderr)

    out = os.path.join(bench.dir, "out")
    open(out, "w", encoding="ascii").close()
    restore = bench.restore_in_foreground("--set-file", f"{name}={out}", start_new_session=True)
    restore.send_signal(signal.SIGUSR1)
    await_text(out, f"got {int(signal.SIGUSR1)}")
    restore.send_signal(signal.SIGTERM)
    expect(restore.wait(20) == signal.SIGTERM + 1, f"status {restore.returncode}")

    # The caller's takes its place; another one may have been given the old name meanwhile.
    spare = pty.openpty()
    master, slave = pty.openpty()
    restore = bench.restore_in_foreground(
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    )
    restore.send_signal(signal.SIGUSR1)
    shown = await_pty(spare[0] if os.ttyname(spare[1]) == name else master, "got 10")
    expect("got 10" in shown, shown)
    restore.send_signal(signal.SIGTERM)
    expect(restore.wait(20) == signal.SIGTERM + 1, f"status {restore.returncode}")
    for fd in (*spare, master, slave):
        os.close(fd)


def a_dry_run_makes_nothing(bench):
    bench.start()
    bench.save()
    done = bench.call("restore", bench.image, "--dry-run", "--pidfile", bench.pidfile)
    expect(done.returncode == 0 and "threads" in done.stdout, done.stdout + done.stderr)
    expect(not os.path.exists(bench.pidfile), "a dry run wrote a pid file")
    done = bench.call("restore", bench.image, "--dry-run", "--json")
    expect(json.loads(done.stdout)["dry_run"] is True, done.stdout)


def a_log_that_grew_is_told_in_one_line(bench):
    bench.start()
    bench.save()
    with open(bench.log, "a", encoding="ascii") as log:
        log.write("more")
    done = bench.call("restore", bench.image, "--detach", "--json")
    expect(done.returncode == 0, done.stderr)
    report = json.loads(done.stdout)
    bench.restored = report["pid"]
    expect("grew by 4 bytes" in done.stderr and len(done.stderr) < 300, done.stderr)
    expect(done.stderr.count("\n") == 1, done.stderr)
    expect(len(report["warnings"]) == 1, done.stdout)


def names_and_leaving(bench):
    pid = bench.start()
    done = bench.call("snapshot", "--pid", pid)
    expect(done.returncode == 0, done.stderr)
    with open(f"/proc/{pid}/comm", encoding="ascii") as file:
        image = os.path.join(bench.dir, f"{file.read().strip()}.{pid}.image")
    expect(os.path.isdir(image), f"no {image}")
    done = bench.call("snapshot", "--pid", pid)
    expect(done.returncode == USAGE and "--overwrite" in done.stderr, done.stderr)
    done = bench.call("snapshot", "--pid", pid, "--overwrite", "--stop", "--json")
    expect(done.returncode == 0 and json.loads(done.stdout)["ok"] is True, done.stderr)
    # It stops as soon as it gets a processor.
    wait_until(lambda: proc.status(pid)["State"][0] == "T", "the job stops", 10)
    for wrong in (["--timeout", "0"], ["--pid", "-3"], ["--leave-running", "--kill"]):
        done = bench.call("snapshot", "--pid", pid, *wrong)
        expect(done.returncode == USAGE, f"{wrong}: {done.returncode} {done.stderr}")
    done = bench.call("restore", os.path.join(bench.dir, "none"))
    expect(done.returncode not in (0, 70), f"{done.returncode}: {done.stderr}")


CASES = (
    signals_are_passed_on,
    the_status_of_a_killed_job,
    a_terminal_that_is_gone,
    a_dry_run_makes_nothing,
    a_log_that_grew_is_told_in_one_line,
    names_and_leaving,
)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tool-dir", default=os.path.join(REPOSITORY, "bazel-bin/supervisor/main"))
    parser.add_argument("--only")
    parser.add_argument("-v", "--verbose", action="store_true")
    arguments = parser.parse_args()
    proc.become_subreaper()
    scratch = tools.scratch_dir("cli.")
    tool = tools.Tool(arguments.tool_dir, scratch, arguments.verbose)
    failures = 0
    for case in CASES:
        if arguments.only and case.__name__ not in arguments.only.split(","):
            continue
        directory = os.path.join(scratch, case.__name__)
        os.mkdir(directory)
        bench = Bench(tool, directory)
        why = ""
        try:
            case(bench)
        except (Failed, OSError, ValueError, KeyError, subprocess.SubprocessError) as failure:
            why = f"{type(failure).__name__}: {failure}"
        finally:
            bench.clean_up()
        failures += bool(why)
        print(f"{'FAIL' if why else 'PASS'} cli/{case.__name__}{': ' + why if why else ''}", flush=True)
    if failures == 0:
        shutil.rmtree(scratch, ignore_errors=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
