"""redis-server from one network namespace to another, over a pair of virtual interfaces."""

import contextlib
import json
import os
import shutil
import subprocess

import checks
import migration
from checks import expect

_HERE, _THERE = "10.231.7.1", "10.231.7.2"


def _run(*command, **kwargs):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, **kwargs).stdout


@contextlib.contextmanager
def pair(rate=None):
    """Two network namespaces that see each other; their names.  `rate`: what tc(8) lets through, "10gbit"."""
    names = [f"migrate{os.getpid()}{side}" for side in "ab"]
    try:
        for name in names:
            _run("ip", "netns", "add", name)
            _run("ip", "-n", name, "link", "set", "lo", "up")
        _run("ip", "-n", names[0], "link", "add", "veth0", "type", "veth", "peer", "name", "veth0", "netns", names[1])
        for name, address in zip(names, (_HERE, _THERE)):
            _run("ip", "-n", name, "address", "add", address + "/24", "dev", "veth0")
            _run("ip", "-n", name, "link", "set", "veth0", "up")
            if rate:
                _run("tc", "-n", name, "qdisc", "add", "dev", "veth0", "root", "tbf", "rate", rate, "burst", "2m", "latency", "20ms")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL, check=False)


def within(name):
    """What to put before a command.  Not ip(8), which gives it a mount namespace as well."""
    return ["nsenter", f"--net=/run/netns/{name}"]


class Redis:
    """A server with so much data, on a port that only its network namespace knows."""

    def __init__(self, namespace, area, mebibytes):
        self.namespace = namespace
        command = ["redis-server", "--port", "6379", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                   "--enable-debug-command", "yes", "--dir", area, "--logfile", os.path.join(area, "redis.log")]
        self.child = subprocess.Popen(
            [*within(namespace), *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=area, start_new_session=True,
        )
        checks.wait_until(lambda: self.ask("PING", check=False) == "PONG", "redis answers")
        self.ask("DEBUG", "POPULATE", str(mebibytes * 1024), "key", "1024")
        self.digest = self.ask("DEBUG", "DIGEST")

    def ask(self, *words, check=True):
        done = subprocess.run([*within(self.namespace), "redis-cli", "-h", "127.0.0.1", *words], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, check=False, timeout=300)
        expect(not check or done.returncode == 0, f"redis-cli {words}: {done.returncode}")
        return done.stdout.strip()


def move_redis(stage, names, mebibytes, *flags):
    """Returns the report of the move as --json has it."""
    redis = Redis(names[0], stage.area, mebibytes)
    receiver = migration.Receiver(stage.tool, stage.area, *flags, wrap=within(names[1]), address=f"{_THERE}:0")
    command = stage.tool.command("snapshot", "--pid", redis.child.pid, "--to", f"{_THERE}:{receiver.port}", "--json", *flags)
    done = subprocess.run([*within(names[0]), *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, cwd="/")
    if done.returncode != 0:
        receiver.kill()
    expect(done.returncode == 0, f"{done.stderr} the receiver: {receiver.text()}")
    expect(receiver.finish() == 0, receiver.text())
    expect(redis.child.wait(20) == -9, "redis is still here")
    redis.namespace = names[1]
    expect(redis.ask("DEBUG", "DIGEST") == redis.digest, "redis has other data")
    expect(redis.ask("INCR", "moved") == "1", "redis does not work")
    os.kill(receiver.pid(), 9)
    return json.loads(done.stdout)


def iperf(names, seconds=5):
    """Bytes per second of one stream over the pair."""
    server = subprocess.Popen([*within(names[1]), "iperf3", "-s", "-1", "-B", _THERE], stdout=subprocess.DEVNULL)
    try:
        client = [*within(names[0]), "iperf3", "-c", _THERE, "-t", str(seconds), "-J"]

        def measure():
            done = subprocess.run(client, stdout=subprocess.PIPE, text=True, check=False)
            return json.loads(done.stdout)["end"].get("sum_received")  # None as long as nobody listens.

        return checks.wait_until(measure, "iperf3")["bits_per_second"] / 8
    finally:
        server.kill()
        server.wait()


def why_not():
    """Why redis_moves() cannot be done here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    return None if shutil.which("redis-server") else "there is no redis-server"


def redis_moves(stage):
    mebibytes, rate = stage.arguments.mebibytes, stage.arguments.rate
    with pair(rate) as names:
        network = iperf(names) if stage.arguments.iperf else None
        for flags in (("--insecure",), ("--key", stage.key)):
            report = move_redis(stage, names, mebibytes, *flags)
            sent = report["bytes_per_second"]
            print(
                f"{mebibytes} MiB {flags[0]}: paused {report['pause_ns'] / 1e6:.0f} ms, sent {report['sent_bytes'] / 2**20:.0f} MiB "
                f"in {report['send_ns'] / 1e6:.0f} ms, {sent / 2**20:.0f} MiB/s"
                + (f", {sent / network:.0%} of iperf3's {network / 2**20:.0f} MiB/s" if network else "")
            )
