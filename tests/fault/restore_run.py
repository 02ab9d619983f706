#!/usr/bin/env python3
"""Kills `restore` with SIGKILL at random moments: afterwards either the whole job runs, or nothing
of it is left: no process, no file.  Restores that fail by themselves leave nothing either.

  restore_run.py [--busy PROGRAM] [--tool-dir DIR] [--count 50] [--user root|nobody] [--seed N] [-v]
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "driver")]

import busy_job
import proc
import tool as tools

REPOSITORY = os.path.realpath(os.path.join(HERE, "..", ".."))


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--busy", default=os.path.join(REPOSITORY, "bazel-bin/tests/fault/busy"))
    parser.add_argument("--tool-dir", default=os.path.join(REPOSITORY, "bazel-bin/supervisor/main"))
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--user", choices=("root", "nobody"), default="root")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("-v", "--verbose", action="store_true")
    return parser.parse_args()


def processes_of(scratch):
    """{pid: program} of all that run a program under `scratch`: the tool, its inits, the job."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            program = os.readlink(f"/proc/{name}/exe")
        except OSError:
            continue
        if program.startswith(scratch + "/"):
            found[int(name)] = program
    return found


def reap_orphans():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


class PidsAreTaken(Exception):
    """By others: the machine's pids are few and in use."""


class Restores:
    def __init__(self, arguments, tool, job, area, scratch):
        self.tool, self.job, self.area, self.scratch = tool, job, area, scratch
        self.binary = os.path.join(scratch, os.path.basename(arguments.busy))
        self.restore = tool.command("restore")[-1]
        self.image = os.path.join(area, "job.image")
        self.pidfile = os.path.join(area, "pid")
        self.modes = [["--new-pid-namespace"]]
        if arguments.user == "root":
            self.modes.append(["--same-pids"])

    def command(self, *more):
        return self.tool.command(
            "restore", self.image, "--detach", "--pidfile", self.pidfile, *more, uid=self.job.uid
        )

    def files(self):
        """Of the job's directory and of where nameless files may stand for a moment."""
        mine = {name for name in os.listdir(self.area) if name != "pid"}
        return mine | {n for n in os.listdir("/tmp") if n.startswith("tardigrade-fifo-")}

    def await_nothing(self):
        """Empty if nothing of the job is left, or soon will be; else what is."""
        deadline = time.monotonic() + 5
        while left := processes_of(self.scratch):
            reap_orphans()
            if time.monotonic() > deadline:
                return left
            time.sleep(0.005)
        return {}

    def judge(self):
        """After a restore has ended, however: returns True if the job runs."""
        deadline = time.monotonic() + 5
        # A job that runs shows in its own file; one that is not to be is being killed.
        while time.monotonic() < deadline:
            reap_orphans()
            left = processes_of(self.scratch)
            if not left:
                return False
            jobs = {pid for pid, program in left.items() if program == self.binary}
            roots = [pid for pid in jobs if int(proc.status(pid).get("PPid", 0)) not in jobs]
            if len(roots) == 1 and all(p in (self.binary, self.restore) for p in left.values()):
                self.job.pid = roots[0]
                try:
                    self.job.check_unharmed(3)
                    return True
                except (busy_job.Broken, OSError, ValueError):
                    pass
            time.sleep(0.005)
        raise busy_job.Broken(f"left behind, and not the whole job: {processes_of(self.scratch)}")

    def end_job(self):
        self.job.kill()
        if left := self.await_nothing():
            raise busy_job.Broken(f"left behind by a job that was killed: {left}")

    def restore_whole(self, mode):
        """Restores and returns how long it took; others may have one of the pids for a moment."""
        for _ in range(20):
            begin = time.monotonic()
            done = subprocess.run(
                self.command(*mode), capture_output=True, text=True, cwd="/", check=False
            )
            took = time.monotonic() - begin
            if done.returncode == 0 and not self.judge():
                raise busy_job.Broken("the restored job does not run")
            if done.returncode == 0:
                return took
            if "is taken" not in done.stderr:
                raise busy_job.Broken(f"restore failed with {done.returncode}: {done.stderr}")
            time.sleep(0.1)
            reap_orphans()
        raise PidsAreTaken(done.stderr)

    def normal_seconds(self):
        times = []
        for mode in self.modes * 2:
            try:
                times.append(self.restore_whole(mode))
                self.end_job()
            except PidsAreTaken:
                pass
        return statistics.median(times)

    def kill_one(self, mode, after):
        reap_orphans()
        files = self.files()
        restore = subprocess.Popen(
            self.command(*mode), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
        )
        time.sleep(after)
        restore.kill()
        status = restore.wait()
        runs = self.judge()
        if status == 0 and not runs:
            raise busy_job.Broken("restore said that the job runs, but it does not")
        if runs:
            self.end_job()
        if strays := self.files() - files:
            raise busy_job.Broken(f"files are left behind: {strays}")
        return status == -9, runs

    def fail_one(self, what, mode=()):
        reap_orphans()
        files = self.files()
        done = subprocess.run(
            self.command(*mode), capture_output=True, text=True, cwd="/", timeout=60, check=False
        )
        if done.returncode == 0:
            raise busy_job.Broken(f"{what}: restored all the same")
        print(f"{what}: {done.stderr.strip()}", flush=True)
        if left := self.await_nothing():
            raise busy_job.Broken(f"{what}: left behind: {left}")
        if strays := self.files() - files:
            raise busy_job.Broken(f"{what}: files are left behind: {strays}")
        if os.path.exists(self.pidfile):
            raise busy_job.Broken(f"{what}: a pid file of nothing is left behind")


def run_failures(restores, binary):
    """Restores that fail half-way."""
    if os.path.exists(restores.pidfile):
        os.unlink(restores.pidfile)
    away = binary + ".away"
    os.rename(binary, away)
    for mode in restores.modes:
        restores.fail_one("a missing program", mode)
    shutil.copyfile("/bin/true", binary)
    restores.fail_one("another program in its place")
    os.unlink(binary)
    os.rename(away, binary)
    if ["--same-pids"] in restores.modes:
        run_busy_pids(restores)


def run_busy_pids(restores):
    """The job runs already: a second one with the same pids is refused, and the first unharmed."""
    try:
        restores.restore_whole(["--same-pids"])
    except PidsAreTaken as others:
        print(f"busy pids: not tried, others have them: {others}")
        return
    os.unlink(restores.pidfile)
    second = subprocess.run(
        restores.command("--same-pids"), capture_output=True, text=True, cwd="/", check=False
    )
    if second.returncode == 0 or "is taken" not in second.stderr:
        raise busy_job.Broken(f"a second job with the same pids: {second.returncode} {second.stderr}")
    print(f"busy pids: {second.stderr.strip()}", flush=True)
    if not restores.judge():
        raise busy_job.Broken("the first job was harmed")
    restores.end_job()


def run(arguments, restores, binary):
    restores.tool.snapshot(
        restores.job.pid, restores.image, "--kill", *restores.job.snapshot_flags, uid=restores.job.uid
    )
    restores.job.reap()
    if left := restores.await_nothing():
        raise busy_job.Broken(f"snapshot --kill left {left}")
    normal = restores.normal_seconds()
    print(f"a restore takes {normal * 1000:.0f} ms", flush=True)
    killed = ran = 0
    for number in range(arguments.count):
        after = random.uniform(0, normal * 1.1)
        mode = restores.modes[number % len(restores.modes)]
        try:
            was_killed, runs = restores.kill_one(mode, after)
        except busy_job.Broken as failure:
            raise busy_job.Broken(f"kill {number} ({mode[0]}, {after * 1000:.1f} ms): {failure}")
        killed += was_killed
        ran += runs
    print(f"{killed} killed before they had finished, {ran} times the job ran")
    run_failures(restores, binary)


def main():
    arguments = parse_arguments()
    random.seed(arguments.seed)
    proc.become_subreaper()
    os.umask(0o022)
    scratch = tools.scratch_dir("fault.")
    tool = tools.Tool(arguments.tool_dir, scratch, arguments.verbose)
    binary = shutil.copy(arguments.busy, os.path.join(scratch, os.path.basename(arguments.busy)))
    os.chmod(binary, 0o755)
    uid = tools.UNPRIVILEGED_UID if arguments.user == "nobody" and os.geteuid() == 0 else None
    area = os.path.join(scratch, "area")
    os.mkdir(area)
    if uid is not None:
        os.chown(area, uid, uid)
    job = busy_job.BusyJob(binary, area, uid)
    restores = Restores(arguments, tool, job, area, scratch)
    verdict = ""
    try:
        run(arguments, restores, binary)
    except (busy_job.Broken, tools.ToolError, OSError, subprocess.SubprocessError) as failure:
        verdict = str(failure)
    finally:
        job.kill()
    what = os.path.basename(arguments.busy)
    name = f"fault/{what}/{arguments.user}/restore killed {arguments.count} times"
    print(
        f"{'FAIL' if verdict else 'PASS'} {name}{': ' + verdict if verdict else ''}"
        f" (seed {arguments.seed})"
    )
    if verdict:
        print(f"what is left is in {scratch}")
        return 1
    shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
