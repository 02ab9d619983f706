#!/usr/bin/env python3
"""Real services and real jobs of many processes, saved and restored whole in the midst of their work.

  run.py [--tool-dir DIR] [--only NAME[,NAME]] [--user root,nobody] [-v]

Each is saved once left running, twice killed and restored, the second time from what was restored.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "jobs"), os.path.join(HERE, "..", "driver")]

import bash_job
import checks
import dbus_job
import display_job
import make_job
import mpi_job
import nginx_job
import notify_job
import ping_job
import postgresql_job
import proc
import python_job
import qemu_job
import redis_job
import ssh_agent_job
import stage as stages
import tcpdump_job
import tmux_job
import tool as tools

REPOSITORY = os.path.realpath(os.path.join(HERE, "..", ".."))

JOBS = (
    postgresql_job.Postgresql,
    make_job.Make,
    mpi_job.OpenMpi,
    mpi_job.Mpich,
    redis_job.Redis,
    tmux_job.Tmux,
    bash_job.Bash,
    redis_job.RedisSaving,
    nginx_job.Nginx,
    redis_job.RedisBenchmark,
    python_job.Python,
    dbus_job.Dbus,
    ssh_agent_job.SshAgent,
    notify_job.Inotifywait,
    notify_job.InotifywaitBehind,
    notify_job.Fatrace,
    display_job.Display,
    qemu_job.Qemu,
    tcpdump_job.Tcpdump,
    ping_job.Ping,
)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tool-dir", default=os.path.join(REPOSITORY, "bazel-bin/supervisor/main"))
    parser.add_argument("--only")
    parser.add_argument("--user", default="root,nobody")
    parser.add_argument("-v", "--verbose", action="store_true")
    return parser.parse_args()


def play(job):
    job.start()
    job.work(0)
    job.stage.leave_running()
    job.check()
    for number in (1, 2):
        job.work(number)
        before = job.stage.relations() if job.is_quiet else None
        job.stage.kill_and_restore()
        after = job.stage.relations() if job.is_quiet else None
        checks.expect(before == after, f"the tree was {before} and is {after}")
        job.check()
    job.finish()


def run_job(kind, user, tool, scratch, common):
    """Why it failed, or nothing."""
    nobody = tools.UNPRIVILEGED_UID if os.geteuid() == 0 else None
    tool_uid = nobody if user == "nobody" else None
    uid = nobody if kind.never_as_root else tool_uid
    area = os.path.join(scratch, f"{kind.name}.{user}")
    os.mkdir(area)
    if tool_uid is not None:
        os.chown(area, tool_uid, tool_uid)
    stage = stages.Stage(tool, area, common, uid, tool_uid)
    job = kind(stage)
    try:
        if user == "nobody" and job.refusal_for_nobody:
            job.start()
            job.expect_refusal()
        else:
            play(job)
        return ""
    except (checks.Failed, tools.ToolError, OSError, subprocess.SubprocessError) as failure:
        return f"{failure}{stage.complaint()}"
    finally:
        stage.clean_up()
        job.clean_up()


def run_kind(kind, arguments, tool, scratch):
    """Yields (user, why it failed)."""
    users = [user for user in arguments.user.split(",") if user == "root" or not kind.only_as_root]
    common = os.path.join(scratch, f"{kind.name}.common")
    os.mkdir(common)
    try:
        kind.prepare(common)
    except (checks.Failed, OSError, subprocess.SubprocessError) as failure:
        yield from ((user, str(failure)) for user in users)
        return
    for user in users:
        yield user, run_job(kind, user, tool, scratch, common)


def main():
    arguments = parse_arguments()
    proc.become_subreaper()
    os.umask(0o022)
    scratch = tools.scratch_dir("svc.")
    tool = tools.Tool(arguments.tool_dir, scratch, arguments.verbose)
    wanted = [job for job in JOBS if not arguments.only or job.name in arguments.only.split(",")]
    failures = 0
    for kind in checks.of_this_shard(wanted):
        begin = time.monotonic()
        for user, why in run_kind(kind, arguments, tool, scratch):
            failures += bool(why)
            text = why or f"{time.monotonic() - begin:.1f} s"
            print(f"{'FAIL' if why else 'PASS'} services/{user}/{kind.name}: {text}", flush=True)
            begin = time.monotonic()
    if failures:
        print(f"what is left is in {scratch}")
        return 1
    shutil.rmtree(scratch, ignore_errors=True)
    return 0 if wanted else 1


if __name__ == "__main__":
    sys.exit(main())
