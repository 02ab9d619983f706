"""Both ends of a migration, and a proxy in between that cuts the connection off."""

import os
import random
import re
import socket
import struct
import subprocess
import threading
import time

import checks
import tool as tools


class Receiver:
    """`restore --listen` on a port of its own choice."""

    started = []  # All there were, for who cleans up.

    def __init__(self, tool, area, *flags, uid=None, wrap=(), address="0"):
        self.pidfile = os.path.join(area, "moved.pid")
        if os.path.exists(self.pidfile):
            os.unlink(self.pidfile)
        self.log = os.path.join(area, "receiver.log")
        command = tool.command("restore", "--listen", address, "--detach", "--pidfile", self.pidfile, *flags, uid=uid)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*wrap, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/"
            )
        Receiver.started.append(self)
        self.port = int(checks.wait_until(self._listening, "the receiver listens"))

    def _listening(self):
        said = re.search(r"listening on \S+:(\d+)\n", self.text())
        checks.expect(said or self.process.poll() is None, f"the receiver ended: {self.text()}")
        return said and said[1]

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def has_begun(self):
        """Whether a source has sent it something, or it has ended."""
        links = []
        try:
            for fd in os.listdir(f"/proc/{self.process.pid}/fd"):
                links.append(os.readlink(f"/proc/{self.process.pid}/fd/{fd}"))
        except OSError:
            pass
        return self.process.poll() is not None or any(link.startswith("/memfd:data.bin") for link in links)

    def finish(self, seconds=60):
        """Its exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise checks.Failed(f"the receiver does not end: {self.text()}") from None

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        return self.process.wait()

    def pid(self):
        with open(self.pidfile, encoding="ascii") as file:
            return int(file.read())


def send(tool, pid, port, *flags, uid=None):
    return tool.run("snapshot", "--pid", pid, "--to", f"127.0.0.1:{port}", *flags, uid=uid)


def start_sending(tool, pid, port, *flags, uid=None):
    return subprocess.Popen(
        tool.command("snapshot", "--pid", pid, "--to", f"127.0.0.1:{port}", *flags, uid=uid),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )


def move(tool, job, area, *flags):
    """There and gone here; `job` is what it was, elsewhere."""
    receiver = Receiver(tool, area, *flags, uid=job.uid)
    try:
        text = send(tool, job.pid, receiver.port, *job.snapshot_flags, *flags, uid=job.uid)
    except tools.ToolError as failure:
        raise checks.Failed(f"{failure}; the receiver: {receiver.text()}") from None
    finally:
        if receiver.process.poll() is None and not os.path.exists(receiver.pidfile):
            receiver.kill()
    checks.expect(receiver.finish() == 0, receiver.text())
    job.reap()
    job.pid = receiver.pid()
    job.check_unharmed()
    return text


_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: an end is a reset.


class Proxy:
    """Passes on `limit` bytes of one connection, counted in one direction, then resets both sides.
    Whoever comes after that is served if `again`, and turned away if not.  Without a limit it counts."""

    def __init__(self, port, limit=None, backwards=False, again=True):
        self.to = port
        self.limit = limit
        self.backwards = backwards
        self.again = again
        self.counted = {False: 0, True: 0}
        self.cut = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        # A thread in accept(2) keeps a socket that is only closed.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.cut and not self.again:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                client.close()
                continue
            for one, other, back in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass, args=(one, other, back), daemon=True).start()

    def _pass(self, one, other, back):
        cuts = self.limit is not None and back == self.backwards and not self.cut
        try:
            while True:
                room = min(1 << 16, self.limit - self.counted[back]) if cuts else 1 << 16
                if room == 0:
                    self.cut = True
                    for end in (one, other):
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    break
                data = one.recv(room)
                if not data:
                    break
                self.counted[back] += len(data)
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            # Closed while the other thread reads it, it would not be reset now.
            end.close()


def random_limit(counted, number):
    """A byte at which to cut, of one direction: every other one among the last few hundred, where the
    job changes hands."""
    backwards = number % 4 == 3
    total = counted[backwards]
    if number % 2:
        return random.randrange(max(0, total - 300), total + 1), backwards
    return random.randrange(total), backwards


def stop_state(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "T"
    except OSError:
        return False


def settled(look, seconds=15):
    """What `look` gives when it gives the same for a while."""
    deadline = time.monotonic() + seconds
    last, since = look(), time.monotonic()
    while time.monotonic() < deadline:
        time.sleep(0.02)
        now = look()
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > 0.3:
            return last
    raise checks.Failed(f"it does not settle: {last}")
