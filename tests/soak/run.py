#!/usr/bin/env python3
"""Snapshots, kills and restores one job again and again; it must stay what it is.

  run.py [--busy PROGRAM] [--tool-dir DIR] [--cycles 500] [--user root|nobody] [-v]

TARDIGRADE_SOAK_CYCLES names another default for the number of cycles.
"""

import argparse
import os
import shutil
import signal
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
    parser.add_argument(
        "--cycles", type=int, default=int(os.environ.get("TARDIGRADE_SOAK_CYCLES", 500))
    )
    parser.add_argument("--user", choices=("root", "nobody"), default="root")
    parser.add_argument("-v", "--verbose", action="store_true")
    return parser.parse_args()


def view(pid):
    """What must stay the same."""
    return {
        "ids": proc.inner_ids(pid),
        "descriptors": proc.descriptor_kinds(pid),
        "mappings": len(proc.maps(pid)),
        "resident_kib": int(proc.status(pid).get("VmRSS", "0").split()[0]),
    }


def children():
    """Processes that belong to this one: the job, and what a restore leaves beside it."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        found = file.read().split()
    return [pid for pid in map(int, found) if proc.is_alive(pid)]


def cycle(tool, job, image, pidfile):
    tool.snapshot(job.pid, image, "--kill", "--overwrite", uid=job.uid)
    if job.child.returncode is None:
        if job.child.wait(20) != -signal.SIGKILL:
            raise busy_job.Broken(f"its status after snapshot --kill is {job.child.returncode}")
    elif not proc.wait_gone(job.pid):
        raise busy_job.Broken("it is alive after snapshot --kill")
    job.pid = tool.restore_detached(image, pidfile, uid=job.uid)


def run(arguments, tool, job, area):
    image, pidfile = os.path.join(area, "job.image"), os.path.join(area, "pid")
    job.check_unharmed()  # Every counter moves: now all its threads are there.
    before = view(job.pid)
    settled = resident = beside = None
    begin = time.monotonic()
    for number in range(1, arguments.cycles + 1):
        cycle(tool, job, image, pidfile)
        job.check_unharmed()
        now = view(job.pid)
        for what in ("ids", "descriptors"):
            if now[what] != before[what]:
                raise busy_job.Broken(
                    f"cycle {number}: {what} were {before[what]} and are {now[what]}"
                )
        if settled is None:
            settled, resident = now["mappings"], now["resident_kib"]
            beside = len(children())
        # malloc may merge and split a few, whatever the number of cycles.
        if now["mappings"] > settled + 10:
            raise busy_job.Broken(
                f"cycle {number}: {now['mappings']} mappings, {settled} after the first"
            )
        # A restore maps afresh what the job had only in part: bounded, whatever the number of cycles.
        if now["resident_kib"] > 2 * resident + 4096:
            raise busy_job.Broken(
                f"cycle {number}: {now['resident_kib']} KiB resident, {resident} after the first"
            )
        if len(children()) > beside + 1:
            raise busy_job.Broken(
                f"cycle {number}: {len(children())} processes, {beside} after the first"
            )
        if number % 50 == 0:
            print(
                f"{number} cycles, {(time.monotonic() - begin) / number * 1000:.0f} ms each",
                flush=True,
            )
    took = time.monotonic() - begin
    print(
        f"{arguments.cycles} cycles in {took:.0f} s; mappings {settled} -> {now['mappings']}, "
        f"resident {resident} -> {now['resident_kib']} KiB, "
        f"{len(now['descriptors'])} descriptors, {len(now['ids']) - 1} threads"
    )
    job.finish()


def main():
    arguments = parse_arguments()
    proc.become_subreaper()
    os.umask(0o022)
    scratch = tools.scratch_dir("soak.")
    tool = tools.Tool(arguments.tool_dir, scratch, arguments.verbose)
    binary = shutil.copy(arguments.busy, os.path.join(scratch, "busy"))
    os.chmod(binary, 0o755)
    uid = tools.UNPRIVILEGED_UID if arguments.user == "nobody" and os.geteuid() == 0 else None
    area = os.path.join(scratch, "area")
    os.mkdir(area)
    if uid is not None:
        os.chown(area, uid, uid)
    job = busy_job.BusyJob(binary, area, uid)
    verdict = ""
    try:
        run(arguments, tool, job, area)
    except (busy_job.Broken, tools.ToolError, OSError, subprocess.SubprocessError) as failure:
        verdict = str(failure)
    finally:
        job.kill()
    print(
        f"{'FAIL' if verdict else 'PASS'} soak/{arguments.user}/{arguments.cycles} cycles"
        + (f": {verdict}" if verdict else "")
    )
    if verdict:
        print(f"what is left is in {scratch}")
        return 1
    shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
