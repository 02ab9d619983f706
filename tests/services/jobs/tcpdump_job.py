"""tcpdump, which shares a ring with the kernel: every packet that came while it ran is in its file."""

import os
import socket
import struct
import time

import checks
import job

BATCH = 700


class Tcpdump(job.Job):
    name = "tcpdump"
    only_as_root = True
    is_quiet = True

    def __init__(self, stage):
        super().__init__(stage)
        self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.receiver.bind(("127.0.0.1", 0))
        self.sender.connect(self.receiver.getsockname())
        self.sent = 0

    def start(self):
        port = self.receiver.getsockname()[1]
        # Small, so that the kernel goes round the ring.
        command = f"tcpdump -Z root -i lo -B 512 -U -w capture udp dst port {port}"
        self.stage.start(*command.split())
        checks.wait_until(lambda: "listening on lo" in self.stage.read("err"), "tcpdump")

    def send(self):
        for _ in range(BATCH):
            self.sender.send(struct.pack("!I", self.sent) + bytes(700))
            self.receiver.recv(1000)
            self.sent += 1
            if self.sent % 50 == 0:
                time.sleep(0.005)

    def work(self, number):
        self.send()

    def check(self):
        self.send()

    def captured(self):
        """The numbers of the packets in the file."""
        with open(self.stage.path("capture"), "rb") as file:
            data = file.read()
        numbers, at = [], 24
        while at + 16 <= len(data):
            size = struct.unpack_from("<I", data, at + 8)[0]
            # Ethernet, IPv4, UDP.
            numbers.append(struct.unpack_from("!I", data, at + 16 + 14 + 20 + 8)[0])
            at += 16 + size
        return numbers

    def finish(self):
        self.send()
        complete = lambda: os.path.getsize(self.stage.path("capture")) == 24 + self.sent * (16 + 14 + 20 + 8 + 704)
        checks.wait_until(complete, "the last packets in the capture")
        self.stage.terminate()
        numbers = self.captured()
        checks.expect(numbers == list(range(self.sent)), f"{len(numbers)} of {self.sent} packets are in the file")
        checks.expect("0 packets dropped by kernel" in self.stage.read("err"), self.stage.read("err"))
