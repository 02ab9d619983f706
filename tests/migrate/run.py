#!/usr/bin/env python3
"""Jobs that go to another `restore` while they run; whatever happens on the way, one of it runs on.

  run.py [--programs DIR] [--tool-dir DIR] [--only WORD] [--cuts 100] [--kills 50] [--seed N]
         [--mebibytes 64] [--rate 10gbit] [--iperf] [-v]
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "driver"), HERE]

import busy_job
import checks
import migration
import namespaces
import proc
import tool as tools
import tree
from checks import expect

REPOSITORY = os.path.realpath(os.path.join(HERE, "..", ".."))
# Not one in somebody's home, which others may not enter.
_PYTHON = "/usr/bin/python3"


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--programs", default=os.path.join(REPOSITORY, "bazel-bin/tests/fault"))
    parser.add_argument("--tool-dir", default=os.path.join(REPOSITORY, "bazel-bin/supervisor/main"))
    parser.add_argument("--only", default="")
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--mebibytes", type=int, default=64, help="of data that redis holds")
    parser.add_argument("--rate", help="of the network between the namespaces, as tc(8) has it: 10gbit")
    parser.add_argument("--iperf", action="store_true", help="compare with iperf3")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("-v", "--verbose", action="store_true")
    return parser.parse_args()


class Stage:
    """What a case needs: the commands, a job's directory, a key."""

    def __init__(self, arguments, name):
        self.arguments = arguments
        self.scratch = tools.scratch_dir("migrate.")
        self.tool = tools.Tool(arguments.tool_dir, self.scratch, arguments.verbose)
        self.uid = tools.UNPRIVILEGED_UID if name.endswith("nobody") and os.geteuid() == 0 else None
        self.area = os.path.join(self.scratch, "area")
        os.mkdir(self.area)
        self.key = os.path.join(self.area, "key")
        with open(os.open(self.key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(os.urandom(32))
        if self.uid is not None:
            os.chown(self.area, self.uid, self.uid)
            os.chown(self.key, self.uid, self.uid)

    def busy(self, program="busy"):
        binary = shutil.copy(os.path.join(self.arguments.programs, program), self.scratch)
        os.chmod(binary, 0o755)
        return busy_job.BusyJob(binary, self.area, self.uid)

    def python(self, code):
        with open(os.path.join(self.area, "out"), "ab") as out:
            if self.uid is not None:
                os.fchown(out.fileno(), self.uid, self.uid)
            return subprocess.Popen(
                tools.as_user(self.uid) + [_PYTHON, "-c", code],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.area, start_new_session=True,
            )

    def clear(self):
        while migration.Receiver.started:
            migration.Receiver.started.pop().kill()
        tree.kill_all([], self.area)
        shutil.rmtree(self.scratch, ignore_errors=True)


def moves(stage, program, *flags):
    """A to B to A, and on."""
    job = stage.busy(program)
    for _ in range(3):
        migration.move(stage.tool, job, stage.area, *flags)
    job.finish()


def python_moves(stage):
    code = "import time\nfor i in range(10**6): print(i, flush=True); time.sleep(0.01)\n"
    job = stage.python(code)
    out = os.path.join(stage.area, "out")
    last = lambda: int(open(out, encoding="ascii").read().split()[-1])
    checks.wait_until(lambda: os.path.getsize(out) > 50, "it counts")
    pid = job.pid
    for _ in range(2):
        receiver = migration.Receiver(stage.tool, stage.area, uid=stage.uid)
        migration.send(stage.tool, pid, receiver.port, uid=stage.uid)
        expect(receiver.finish() == 0, receiver.text())
        expect(proc.wait_gone(pid), "it is still there")
        pid = receiver.pid()
        before = last()
        checks.wait_until(lambda: last() > before + 5, "it goes on counting")
    with open(out, encoding="ascii") as file:
        expect([int(line) for line in file] == list(range(last() + 1)), "a number is missing, or there twice")


def copies(stage):
    """Both run: each says so in a file named after what it finds its own pid to be outside."""
    code = "import os, time\nwhile True: os.stat('/'); sum(range(20000))\n"
    job = stage.python(code)
    time.sleep(0.5)
    receiver = migration.Receiver(stage.tool, stage.area, "--key", stage.key, uid=stage.uid)
    text = migration.send(stage.tool, job.pid, receiver.port, "--leave-running", "--key", stage.key, "--json", uid=stage.uid)
    expect('"process":"left running"' in text and '"sent_bytes"' in text, text)
    expect(receiver.finish() == 0, receiver.text())
    for pid in (job.pid, receiver.pid()):
        expect(not migration.stop_state(pid), f"{pid} is stopped")
        before = proc.cpu_seconds(pid)
        checks.wait_until(lambda: proc.cpu_seconds(pid) > before + 0.05, f"{pid} runs")
    expect(job.poll() is None, "the job has ended")


def outcome(stage, job, receiver, sent):
    """The job, wherever it is now, runs in one place; it is told whether it was left in doubt."""
    status = receiver.process.poll()
    moved = os.path.exists(receiver.pidfile) and proc.is_alive(receiver.pid())
    here = proc.is_alive(job.pid)
    stopped = here and migration.stop_state(job.pid)
    what = f"sender {sent}, receiver {status}, here {here}, stopped {stopped}, there {moved}: {receiver.text()}"
    expect(moved or here, f"the job is lost: {what}")
    expect(not (moved and here and not stopped), f"the job runs twice: {what}")
    expect(sent != 0 or moved, f"it was said to have moved: {what}")
    expect(status != 0 or moved, f"it was said to run: {what}")
    if stopped and not moved:
        expect(migration.settled(lambda: len(tree.those_at(stage.area))) == 1, f"something is left: {what}")
        os.kill(job.pid, signal.SIGCONT)
    elif stopped:
        os.kill(job.pid, signal.SIGKILL)
    if moved:
        job.reap()
        job.pid = receiver.pid()
    job.check_unharmed()
    left = migration.settled(lambda: [pid for pid in tree.those_at(stage.area) if pid != job.pid])
    expect(not left, f"{left} are left: {what}")
    return stopped


def count_bytes(stage, job, *flags):
    receiver = migration.Receiver(stage.tool, stage.area, *flags, uid=stage.uid)
    proxy = migration.Proxy(receiver.port)
    migration.send(stage.tool, job.pid, proxy.port, *flags, uid=stage.uid)
    expect(receiver.finish() == 0, receiver.text())
    job.reap()
    job.pid = receiver.pid()
    proxy.close()
    return proxy.counted


def cuts(stage, *flags):
    job = stage.busy()
    job.check_unharmed()
    counted = count_bytes(stage, job, *flags)
    moved = doubts = 0
    for number in range(stage.arguments.cuts):
        limit, backwards = migration.random_limit(counted, number)
        again = number % 8 != 5
        receiver = migration.Receiver(stage.tool, stage.area, *flags, uid=stage.uid)
        proxy = migration.Proxy(receiver.port, limit, backwards, again)
        try:
            sent = migration.start_sending(stage.tool, job.pid, proxy.port, *flags, uid=stage.uid).wait(60)
            # Cut off before its first word it waits for another source.
            time.sleep(0.05)
            if "turned away" in receiver.text() and not os.path.exists(receiver.pidfile):
                receiver.kill()
            receiver.finish()
            before = job.pid
            in_doubt = outcome(stage, job, receiver, sent)
            moved += job.pid != before
            doubts += in_doubt
            expect(not in_doubt or not again, f"in doubt, although the connection could be made again: {receiver.text()}")
        except checks.Failed as failure:
            raise checks.Failed(f"cut {number} at byte {limit}{' back' if backwards else ''} of {counted}: {failure}")
        finally:
            receiver.kill()
            proxy.close()
    print(f"{stage.arguments.cuts} cuts, {moved} moved all the same, {doubts} in doubt")
    job.finish()


def kills(stage, who):
    job = stage.busy()
    job.check_unharmed()
    begin = time.monotonic()
    migration.move(stage.tool, job, stage.area)
    normal = time.monotonic() - begin
    moved = doubts = 0
    for number in range(stage.arguments.kills):
        receiver = migration.Receiver(stage.tool, stage.area)
        sender = migration.start_sending(stage.tool, job.pid, receiver.port)
        after = random.uniform(0, normal * 1.1)
        time.sleep(after)
        try:
            victim = sender if who == "sender" else receiver.process
            victim.kill()
            sent = sender.wait(60)
            # It may not have heard of any source yet, and would wait for another.
            if who == "sender" and not migration.settled(receiver.has_begun):
                receiver.kill()
            receiver.finish()
            before = job.pid
            doubts += outcome(stage, job, receiver, sent)
            moved += job.pid != before
        except checks.Failed as failure:
            raise checks.Failed(f"kill {number} after {after * 1000:.1f} ms: {failure}")
        finally:
            receiver.kill()
    print(f"{stage.arguments.kills} kills of the {who}, {moved} moved all the same, {doubts} in doubt")
    job.finish()


def refusals(stage):
    job = stage.busy()
    job.check_unharmed()

    def refused(status, word, *flags, command="snapshot"):
        flags = ("--pid", job.pid, *flags) if command == "snapshot" else flags
        try:
            stage.tool.run(command, *flags)
        except tools.ToolError as failure:
            expect(failure.rc == status and word in failure.text, f"{flags}: {failure.rc}: {failure.text}")
            job.check_unharmed()
            return
        raise checks.Failed(f"{flags}: not refused")

    refused(64, "names are not looked up", "--to", "localhost:4000")
    refused(64, "give --key, or --insecure", "--to", "192.0.2.1:4000")
    refused(64, "give --key, or --insecure", "--listen", "0.0.0.0:0", command="restore")
    refused(64, "go with --to", "--key", stage.key)
    refused(64, "chmod 600", "--to", "127.0.0.1:1", "--key", "/etc/passwd")
    refused(71, "ECONNREFUSED", "--to", "127.0.0.1:1")
    refused(64, "or --listen", command="restore")
    receiver = migration.Receiver(stage.tool, stage.area, "--key", stage.key)
    refused(77, "the other side was given a key", "--to", f"127.0.0.1:{receiver.port}")
    other = os.path.join(stage.area, "other")
    with open(os.open(other, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        file.write(os.urandom(32))
    refused(77, "another key", "--to", f"127.0.0.1:{receiver.port}", "--key", other)
    # It has waited for the right one.
    migration.send(stage.tool, job.pid, receiver.port, "--key", stage.key)
    expect(receiver.finish() == 0, receiver.text())
    job.reap()
    job.pid = receiver.pid()
    job.finish()


CASES = {
    "move/root": lambda stage: moves(stage, "busy"),
    "move/nobody": lambda stage: moves(stage, "busy"),
    "move with a key/root": lambda stage: moves(stage, "busy", "--key", stage.key),
    "move with a key/nobody": lambda stage: moves(stage, "busy", "--key", stage.key),
    "move a tree/root": lambda stage: moves(stage, "busy_tree"),
    "move a tree/nobody": lambda stage: moves(stage, "busy_tree"),
    "move python3/root": python_moves,
    "move python3/nobody": python_moves,
    "copy/root": copies,
    "copy/nobody": copies,
    "refusals/root": refusals,
    "cuts/root": cuts,
    "cuts with a key/nobody": lambda stage: cuts(stage, "--key", stage.key),
    "kills of the sender/root": lambda stage: kills(stage, "sender"),
    "kills of the receiver/root": lambda stage: kills(stage, "receiver"),
    "redis from one network namespace to another/root": namespaces.redis_moves,
}


def run_case(arguments, name):
    if CASES[name] is namespaces.redis_moves and namespaces.why_not():
        print(f"SKIP migrate/{name}: {namespaces.why_not()}")
        return True
    stage = Stage(arguments, name)
    verdict = ""
    try:
        CASES[name](stage)
    except (checks.Failed, busy_job.Broken, tools.ToolError, OSError, subprocess.SubprocessError) as failure:
        verdict = f"{type(failure).__name__}: {failure}"
    finally:
        stage.clear()
    print(f"{'FAIL' if verdict else 'PASS'} migrate/{name}{': ' + verdict if verdict else ''}", flush=True)
    return not verdict


def main():
    tools.find_administrators_commands()
    arguments = parse_arguments()
    random.seed(arguments.seed)
    print(f"seed {arguments.seed}")
    proc.become_subreaper()
    os.umask(0o022)
    wanted = [name for name in CASES if arguments.only in name]
    results = [run_case(arguments, name) for name in checks.of_this_shard(wanted)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
