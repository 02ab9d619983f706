"""A job whose connections to others are kept, and its peers, in network namespaces of their own or not."""

import contextlib
import ctypes
import os
import subprocess
import sys

import keep_jobs
import proc
from checks import expect, wait_until
from stage import Stage, await_file

KEEP = ("--external", "keep")


def in_namespace(name):
    """What to put before a command so that it has that network."""
    return ["nsenter", f"--net=/run/netns/{name}", "--"] if name else []


def setns(namespace):
    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def ip(*words):
    subprocess.run(["ip", *words], check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class Network:
    """Namespaces joined by a bridge, each with the address 10.77.0.N and fd77::N."""

    def __init__(self, count):
        self.hub = f"tdg{os.getpid()}hub"
        self.hosts = [f"tdg{os.getpid()}n{number}" for number in range(1, count + 1)]
        ip("netns", "add", self.hub)
        ip("-n", self.hub, "link", "add", "bridge", "type", "bridge")
        ip("-n", self.hub, "link", "set", "bridge", "up")
        for number, host in enumerate(self.hosts, 1):
            ip("netns", "add", host)
            ip("-n", host, "link", "set", "lo", "up")
            ip("-n", self.hub, "link", "add", host, "type", "veth", "peer", "name", "veth", "netns", host)
            ip("-n", self.hub, "link", "set", host, "master", "bridge", "up")
            ip("-n", host, "link", "set", "veth", "up")
            self.give(host, number)

    def give(self, host, number):
        ip("-n", host, "address", "add", f"10.77.0.{number}/24", "dev", "veth")
        ip("-n", host, "address", "add", f"fd77::{number}/64", "dev", "veth", "nodad")

    def take(self, host, number):
        ip("-n", host, "address", "del", f"10.77.0.{number}/24", "dev", "veth")
        ip("-n", host, "address", "del", f"fd77::{number}/64", "dev", "veth")

    def forget_neighbours(self):
        for host in self.hosts:
            ip("-n", host, "neighbour", "flush", "all")

    def disturb(self, host, percent, delay_ms=0):
        """From here on so many of the packets that leave the host are lost, and where the kernel has
        netem(8), the others are late and out of order."""
        rule = f"meta l4proto tcp numgen random mod 100 < {percent} drop" if percent < 100 else "meta l4proto tcp drop"
        table = f"table inet loss {{ chain out {{ type filter hook postrouting priority 0; {rule}; }}; }}"
        subprocess.run(in_namespace(host) + ["nft", table], check=True)
        if delay_ms:
            late = ["netem", "delay", f"{delay_ms}ms", f"{delay_ms // 2}ms", "reorder", "20%"]
            command = ["tc", "qdisc", "replace", "dev", "veth", "root", *late]
            subprocess.run(in_namespace(host) + command, check=False, stderr=subprocess.DEVNULL)

    def shut(self, host):
        """Of TCP nothing comes in."""
        table = "table inet loss { chain in { type filter hook prerouting priority 0; meta l4proto tcp drop; }; }"
        subprocess.run(in_namespace(host) + ["nft", table], check=True)

    def let_be(self, host):
        subprocess.run(in_namespace(host) + ["nft", "delete table inet loss"], check=True)

    def clean_up(self):
        for host in [*self.hosts, self.hub]:
            subprocess.run(["ip", "netns", "del", host], check=False, stderr=subprocess.DEVNULL)


class KeepStage(Stage):
    def __init__(self, tool, directory):
        super().__init__(tool, directory)
        self.peer = self.network = None
        self.peer_where = os.path.join(directory, "peer")
        self.namespace = self.peer_namespace = ""

    def build_network(self, count):
        self.network = Network(count)
        self.namespace, self.peer_namespace = self.network.hosts[:2]

    def go(self):
        with open(self.where + ".go", "w", encoding="ascii"):
            pass

    @contextlib.contextmanager
    def among_peers(self):
        """What is made meanwhile has the peers' network."""
        with open("/proc/self/ns/net", "rb") as here, open(
            f"/run/netns/{self.peer_namespace}", "rb"
        ) as there:
            setns(there)
            try:
                yield
            finally:
                setns(here)

    def states(self):
        """Of all connections in the job's network."""
        command = in_namespace(self.namespace) + ["ss", "-Htan"]
        lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        return [line.split()[0] for line in lines]

    def prefix(self):
        return in_namespace(self.namespace)

    def run_tool(self, name, *args):
        """As Tool.run(), where the job's network is."""
        plain = self.tool.command
        self.tool.command = lambda name, *args, uid=None: in_namespace(self.namespace) + plain(
            name, *args, uid=uid
        )
        try:
            return self.tool.run(name, *args)
        finally:
            self.tool.command = plain

    def save(self, *args):
        self.run_tool("snapshot", "--pid", self.root(), "-o", self.image, "--overwrite", *KEEP, *args)

    def root(self):
        return self.restored or self.job.pid

    def save_and_kill(self, *args):
        self.save("--kill", *args)
        if self.restored:
            wait_until(lambda: not proc.is_alive(self.restored), "the job's end")
        else:
            self.job.wait(20)

    def bring_back(self, *args):
        pidfile = os.path.join(self.dir, "pid")
        self.run_tool("restore", self.image, "--detach", "--pidfile", pidfile, *args)
        with open(pidfile, encoding="ascii") as file:
            self.restored = int(file.read())

    def start_peer(self, *args):
        with open(os.path.join(self.dir, "peer.log"), "ab") as log:
            self.peer = subprocess.Popen(
                in_namespace(self.peer_namespace)
                + [sys.executable, "-c", keep_jobs.PEER, self.peer_where, *map(str, args)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.dir,
            )

    def start_streams(self, address, peer_address, job_listens):
        """The job and its peer, which write to each other until they are told not to."""
        if job_listens:
            port = self.start_until(keep_jobs.STREAMER, self.where + ".port", address, 0, "listen")
            self.start_peer(address, port, "connect")
            await_file(self.where + ".ready")
        else:
            self.start_peer(peer_address, 0, "listen")
            port = await_file(self.peer_where + ".port")
            self.start(keep_jobs.STREAMER, peer_address, port, "connect")
        self.await_traffic()

    def traffic(self):
        said = self.peer_where + ".said"
        if os.path.exists(said):
            with open(said, encoding="utf-8") as file:
                expect(False, f"the peer has ended: {file.read()}")
        return [int(number) for number in await_file(self.peer_where + ".got").split()]

    def await_traffic(self, bytes_more=200_000, seconds=60):
        """Until so much has come both ways."""
        sent, got = self.traffic()
        goal = (sent + bytes_more, got + bytes_more)

        def has_come():
            now = self.traffic()
            return now[0] >= goal[0] and now[1] >= goal[1]

        wait_until(has_come, "the streams go on", seconds)

    def finish_streams(self):
        for where in (self.where, self.peer_where):
            with open(where + ".go", "w", encoding="ascii"):
                pass
        mine = await_file(self.where + ".said", 90)
        theirs = await_file(self.peer_where + ".said", 90)
        expect(mine == " ".join(reversed(theirs.split())), f"the job says {mine}, its peer {theirs}")

    def clean_up(self):
        super().clean_up()
        if self.peer and self.peer.poll() is None:
            self.peer.kill()
            self.peer.wait(10)
        if self.network:
            self.network.clean_up()
