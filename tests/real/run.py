#!/usr/bin/env python3
"""Real programs, snapshotted, killed and restored at random moments: the output must be the same.

  run.py [--tool-dir DIR] [--only NAME[,NAME]] [--user root,nobody] [--snapshots 3] [--seed N] [-v]
"""

import argparse
import collections
import os
import random
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "driver")]

import checks
import jobs
import proc
import tool as tools

REPOSITORY = os.path.realpath(os.path.join(HERE, "..", ".."))
LIMIT_SECONDS = 100
TRACEE_GONE, UNSUPPORTED = 68, 69


class EndedEarly(Exception):
    """The job was faster this time than undisturbed."""


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tool-dir", default=os.path.join(REPOSITORY, "bazel-bin/supervisor/main"))
    parser.add_argument("--only")
    parser.add_argument("--user", default="root,nobody")
    parser.add_argument("--snapshots", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument(
        "--undisturbed", action="store_true", help="only run them, and say how long they take"
    )
    parser.add_argument("-v", "--verbose", action="store_true")
    return parser.parse_args()


def start(job, common, directory, uid):
    os.mkdir(directory)
    job.prepare(directory)
    if uid is not None:
        os.chown(directory, uid, uid)
    command = tools.as_user(uid) + job.command(common, directory)
    stdin = os.path.join(common, job.stdin) if job.stdin else os.devnull
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": directory, "LC_ALL": "C"}
    with open(stdin, "rb") as source, open(os.path.join(directory, "stdout"), "wb") as out, open(
        os.path.join(directory, "stderr"), "wb"
    ) as err:
        for stream in (out, err):
            if uid is not None:
                os.fchown(stream.fileno(), uid, uid)
        return subprocess.Popen(
            command,
            stdin=source,
            stdout=out,
            stderr=err,
            cwd=directory,
            env=environment,
            start_new_session=True,
        )


def result(job, directory):
    parts = []
    for name in job.outputs:
        with open(os.path.join(directory, name), "rb") as file:
            parts.append(file.read())
    if job.finish:
        parts.append(job.finish(directory))
    return parts


def complaint(directory):
    with open(os.path.join(directory, "stderr"), encoding="utf-8", errors="replace") as file:
        text = file.read().strip()
    return f"; it wrote: {text[-400:]}" if text else ""


def run_undisturbed(job, common, scratch):
    directory = os.path.join(scratch, f"{job.name}.undisturbed")
    begin = time.monotonic()
    child = start(job, common, directory, None)
    if child.wait(LIMIT_SECONDS) != 0:
        raise checks.Failed(f"undisturbed it exits with {child.returncode}{complaint(directory)}")
    seconds = time.monotonic() - begin
    parts = result(job, directory)
    if not all(parts):
        raise checks.Failed("undisturbed it has no output")
    return parts, seconds


def save(tool, pid, image, tree, uid):
    """Does what a refusal of a passing state says: tries again, of a job that goes on."""
    for tries_left in range(50, -1, -1):
        try:
            return tool.snapshot(pid, image, "--kill", "--overwrite", *tree, uid=uid)
        except tools.ToolError as error:
            if error.rc != UNSUPPORTED or "try again when" not in error.text or tries_left == 0:
                raise
        time.sleep(0.02)


def run_disturbed(job, tool, common, directory, uid, wanted, active, moments):
    """Snapshots, kills and restores at `moments`, fractions of `active` seconds of running."""
    image, pidfile = directory + ".image", directory + ".pid"
    child = start(job, common, directory, uid)
    pid, position = child.pid, 0.0
    try:
        for moment in moments:
            time.sleep(max(0.0, (moment - position) * active))
            position = moment
            if not proc.is_alive(pid):
                raise EndedEarly()
            tree = ["--tree"] if job.tree else []
            try:
                save(tool, pid, image, tree, uid)
            except tools.ToolError as error:
                if error.rc != TRACEE_GONE and "there is no process" not in error.text:
                    raise
                compare(job, wanted, directory)  # It ended because it had done its work.
                raise EndedEarly() from error
            if child.returncode is None and child.wait(20) != -signal.SIGKILL:
                raise checks.Failed(
                    f"after snapshot --kill its status is {child.returncode}{complaint(directory)}"
                )
            if not proc.wait_gone(pid):
                raise checks.Failed("it is alive after snapshot --kill")
            pid = tool.restore_detached(image, pidfile, uid=uid)
        deadline = time.monotonic() + LIMIT_SECONDS
        while proc.is_alive(pid):
            if time.monotonic() > deadline:
                raise checks.Failed(
                    f"it did not end in {LIMIT_SECONDS} s after the restore{complaint(directory)}"
                )
            time.sleep(0.02)
    finally:
        if proc.is_alive(pid):
            os.kill(pid, signal.SIGKILL)
        proc.wait_gone(pid, 3)
        child.poll()


def compare(job, wanted, directory):
    for name, before, after in zip((*job.outputs, "what it left"), wanted, result(job, directory)):
        if before != after:
            at = next(
                (i for i, (a, b) in enumerate(zip(before, after)) if a != b),
                min(len(before), len(after)),
            )
            raise checks.Failed(
                f"{name} differs from byte {at} on ({len(after)} bytes, not {len(before)})"
                + complaint(directory)
            )


def attempt(job, tool, arguments, common, scratch, user, wanted, active):
    """Runs it once more if it happened to end before the last snapshot."""
    uid = tools.UNPRIVILEGED_UID if user == "nobody" and os.geteuid() == 0 else None
    area = os.path.join(scratch, f"{job.name}.{user}")
    os.mkdir(area)
    if uid is not None:
        os.chown(area, uid, uid)
    for number in range(4):
        directory = os.path.join(area, f"run{number}")
        moments = sorted(
            random.uniform(0.08, 0.8 - 0.15 * number) for _ in range(arguments.snapshots)
        )
        try:
            run_disturbed(job, tool, common, directory, uid, wanted, active, moments)
            compare(job, wanted, directory)
            return "at " + ", ".join(f"{m * active:.2f} s" for m in moments)
        except EndedEarly:
            continue
    raise checks.Failed("it ended before the last snapshot four times")


def run_job(job, tool, arguments, common, scratch):
    """Yields (user, result, text)."""
    users = arguments.user.split(",")
    try:
        job.build(common)
        wanted, active = run_undisturbed(job, common, scratch)
    except (checks.Failed, OSError, subprocess.SubprocessError) as failure:
        yield from ((user, "FAIL", str(failure)) for user in users)
        return
    if arguments.undisturbed:
        yield "undisturbed", "PASS", f"{active:.1f} s, {sum(map(len, wanted))} bytes"
        return
    for user in users:
        try:
            text = attempt(job, tool, arguments, common, scratch, user, wanted, active)
            yield user, "PASS", f"undisturbed {active:.1f} s; snapshots {text}"
        except (checks.Failed, tools.ToolError, OSError, subprocess.SubprocessError) as failure:
            yield user, "FAIL", str(failure)


def main():
    arguments = parse_arguments()
    random.seed(arguments.seed)
    proc.become_subreaper()
    os.umask(0o022)
    scratch = tools.scratch_dir("real.")
    common = os.path.join(scratch, "common")
    os.mkdir(common)
    tool = (
        None
        if arguments.undisturbed
        else tools.Tool(arguments.tool_dir, scratch, arguments.verbose)
    )
    wanted = [
        job for job in jobs.JOBS if not arguments.only or job.name in arguments.only.split(",")
    ]
    counts = collections.Counter()
    for job in checks.of_this_shard(wanted):
        for user, verdict, text in run_job(job, tool, arguments, common, scratch):
            counts[verdict] += 1
            print(f"{verdict} real/{user}/{job.name}: {text}", flush=True)
    print(f"real: {counts['PASS']} passed, {counts['FAIL']} failed (seed {arguments.seed})")
    if counts["FAIL"]:
        print(f"what is left is in {scratch}")
        return 1
    shutil.rmtree(scratch, ignore_errors=True)
    return 0 if wanted else 1


if __name__ == "__main__":
    sys.exit(main())
