#!/usr/bin/env python3
"""Jobs with TCP connections that are kept (--external keep): their peers notice nothing but a pause.

  keep_run.py [--tool-dir DIR] [--only NAME[,NAME]] [-v]
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "driver")]

import keep_services
import keep_states
import proc
import tool as tools
from checks import Failed, expect
from keep_stage import KEEP, KeepStage
from stage import UNSUPPORTED

REPOSITORY = os.path.realpath(os.path.join(HERE, "..", ".."))


def streams(address, peer_address, job_listens):
    """A case: the streams through two snapshots and two times killed and restored."""

    def case(stage):
        stage.start_streams(address, peer_address, job_listens)
        for _ in range(2):
            stage.save()
            stage.await_traffic()
        for _ in range(2):
            stage.save_and_kill()
            time.sleep(0.3)
            stage.bring_back()
            stage.await_traffic()
        stage.finish_streams()

    return case


def through_loss_and_reorder(stage):
    stage.build_network(2)
    for host in stage.network.hosts:
        stage.network.disturb(host, 3, delay_ms=10)
    stage.start_streams("10.77.0.1", "10.77.0.2", job_listens=True)
    for _ in range(2):
        stage.save()
        stage.await_traffic(50_000)
        stage.save_and_kill()
        time.sleep(0.2)
        stage.bring_back()
        stage.await_traffic(50_000)
    stage.finish_streams()


def on_another_host(stage):
    stage.build_network(3)
    first, _, third = stage.network.hosts
    stage.start_streams("fd77::1", "fd77::2", job_listens=False)
    stage.save_and_kill()
    stage.namespace = third
    try:
        stage.bring_back()
    except tools.ToolError as error:
        expect(error.rc == UNSUPPORTED and "does not have the address" in error.text, error.text)
    else:
        raise Failed("it goes on without its address")
    # Until the restore holds packets off itself, nobody may answer for the address there.
    stage.network.shut(third)
    stage.network.take(first, 1)
    stage.network.give(third, 1)
    stage.network.forget_neighbours()
    time.sleep(1)
    stage.bring_back()
    stage.network.let_be(third)
    stage.await_traffic()
    stage.finish_streams()


def the_supervisor_is_killed(stage):
    stage.start_streams("127.0.0.1", "127.0.0.1", job_listens=True)
    begin = time.monotonic()
    stage.save()
    normal = time.monotonic() - begin
    for _ in range(60):
        stage_command = stage.tool.command(
            "snapshot", "--pid", stage.job.pid, "-o", stage.image, "--overwrite", *KEEP
        )
        supervisor = subprocess.Popen(stage_command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, normal))
        supervisor.kill()
        supervisor.wait()
        stage.await_traffic(10_000)
    stage.save()
    stage.finish_streams()


def the_supervisor_is_killed_as_it_kills(stage):
    stage.start_streams("127.0.0.1", "127.0.0.1", job_listens=True)
    begin = time.monotonic()
    stage.save_and_kill()
    normal = time.monotonic() - begin
    stage.bring_back()
    harmed = 0
    for _ in range(25):
        shutil.rmtree(stage.image, ignore_errors=True)
        command = stage.tool.command("snapshot", "--pid", stage.root(), "-o", stage.image, "--kill", *KEEP)
        supervisor = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(normal / 4, normal * 1.05))
        supervisor.kill()
        supervisor.wait()
        time.sleep(0.2)
        if not proc.is_alive(stage.root()):
            expect(os.path.exists(stage.image), "the job is dead, and there is no image")
            stage.bring_back()
            harmed += 1
        stage.await_traffic(10_000)
    stage.finish_streams()


LOCAL = {"v4": ("127.0.0.1", "127.0.0.1"), "v6": ("::1", "::1"), "mapped": ("::ffff:127.0.0.1", "127.0.0.1")}
CASES = {
    **{
        f"streams_{name}_{'accepted' if listens else 'connected'}": streams(*addresses, listens)
        for name, addresses in LOCAL.items()
        for listens in (False, True)
    },
    **keep_states.CASES,
    **{
        case.__name__: case
        for case in (
            through_loss_and_reorder,
            on_another_host,
            the_supervisor_is_killed,
            the_supervisor_is_killed_as_it_kills,
            *keep_services.CASES,
        )
    },
}


def why_not_here():
    if os.geteuid() != 0:
        return "keeping connections takes root"
    if subprocess.run(["ip", "netns", "list"], check=False, stdout=subprocess.DEVNULL).returncode != 0:
        return "there is no ip(8)"
    return ""


def main():
    tools.find_administrators_commands()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool-dir", default=os.path.join(REPOSITORY, "bazel-bin/supervisor/main"))
    parser.add_argument("--only")
    parser.add_argument("-v", "--verbose", action="store_true")
    arguments = parser.parse_args()
    proc.become_subreaper()
    scratch = tools.scratch_dir("keep.")
    tool = tools.Tool(arguments.tool_dir, scratch, arguments.verbose)
    failures = 0
    reason = why_not_here()
    for number, (name, case) in enumerate(CASES.items()):
        if arguments.only and name not in arguments.only.split(","):
            continue
        if reason:
            print(f"SKIP keep/{name}: {reason}", flush=True)
            continue
        directory = os.path.join(scratch, str(number))
        os.mkdir(directory)
        stage = KeepStage(tool, directory)
        why = ""
        try:
            case(stage)
        except keep_services.Missing as missing:
            print(f"SKIP keep/{name}: {missing}", flush=True)
            continue
        except (Failed, tools.ToolError, OSError, ValueError, subprocess.SubprocessError) as failure:
            why = f"{type(failure).__name__}: {failure}"
        finally:
            stage.clean_up()
        failures += bool(why)
        print(f"{'FAIL' if why else 'PASS'} keep/{name}{': ' + why if why else ''}", flush=True)
    if failures == 0:
        shutil.rmtree(scratch, ignore_errors=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
