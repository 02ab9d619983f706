#!/usr/bin/env python3
"""Kills `snapshot` with SIGKILL at random moments; the job must go on unharmed every time.

  run.py [--busy PROGRAM] [--tool-dir DIR] [--count 200] [--user root|nobody] [--seed N]
         [--scratch DIR] [-v]

In a slow file system most of a snapshot is waiting for the disk: with --scratch on a tmpfs most
kills hit the visit.
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
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--user", choices=("root", "nobody"), default="root")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--scratch", help="where to make the scratch directory")
    parser.add_argument("-v", "--verbose", action="store_true")
    return parser.parse_args()


def normal_seconds(tool, job, image):
    """How long a snapshot takes when nobody kills it."""
    times = []
    for _ in range(5):
        begin = time.monotonic()
        tool.snapshot(job.pid, image, "--overwrite", *job.snapshot_flags, uid=job.uid)
        times.append(time.monotonic() - begin)
        job.check_unharmed()
    return statistics.median(times)


def kill_one(tool, job, image, after):
    """Returns True if the snapshot was killed, False if it had finished before."""
    flags = ["--overwrite", *job.snapshot_flags]
    command = tool.command("snapshot", "--pid", job.pid, "-o", image, *flags, uid=job.uid)
    supervisor = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    end = time.monotonic() + after
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.05))
    supervisor.kill()
    return supervisor.wait() == -9


def check_images(tool, job, image):
    """Whatever is there under its final name is whole.  Returns how many images were."""
    complete = 0
    area = os.path.dirname(image)
    for name in os.listdir(area):
        if name.endswith(".image"):
            tool.verify(os.path.join(area, name), uid=job.uid)
            complete += 1
    return complete


def run(arguments, tool, job, area):
    image = os.path.join(area, "job.image")
    normal = normal_seconds(tool, job, image)
    shutil.rmtree(image)
    print(f"a snapshot takes {normal * 1000:.0f} ms", flush=True)
    killed = complete = failures = 0
    for number in range(arguments.count):
        after = random.uniform(0, normal * 1.05)
        try:
            killed += kill_one(tool, job, image, after)
            job.check_unharmed()
            complete += check_images(tool, job, image)
            # Half of them start without an older image.
            if number % 2:
                shutil.rmtree(image, ignore_errors=True)
        except (busy_job.Broken, tools.ToolError) as failure:
            print(f"kill {number}, {after * 1000:.2f} ms after the start: {failure}", flush=True)
            failures += 1
            break
    print(f"{killed} killed before they had finished, {complete} times a whole image was there")
    tool.snapshot(
        job.pid, image, "--overwrite", *job.snapshot_flags, uid=job.uid
    )  # What was left behind stands in nobody's way.
    tool.verify(image, uid=job.uid)
    job.finish()
    return failures


def main():
    arguments = parse_arguments()
    random.seed(arguments.seed)
    proc.become_subreaper()
    os.umask(0o022)
    scratch = tools.scratch_dir("fault.", arguments.scratch)
    tool = tools.Tool(arguments.tool_dir, scratch, arguments.verbose)
    binary = shutil.copy(arguments.busy, os.path.join(scratch, os.path.basename(arguments.busy)))
    os.chmod(binary, 0o755)
    uid = tools.UNPRIVILEGED_UID if arguments.user == "nobody" and os.geteuid() == 0 else None
    area = os.path.join(scratch, "area")
    os.mkdir(area)
    if uid is not None:
        os.chown(area, uid, uid)
    job = busy_job.BusyJob(binary, area, uid)
    try:
        failures = run(arguments, tool, job, area)
        verdict = "" if failures == 0 else f"{failures} harmed"
    except (busy_job.Broken, tools.ToolError, OSError, subprocess.SubprocessError) as failure:
        verdict = str(failure)
    finally:
        job.kill()
    what = os.path.basename(arguments.busy)
    name = f"fault/{what}/{arguments.user}/snapshot killed {arguments.count} times"
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
