"""ping, with a raw socket: every question has its answer, in their order."""

import re

import checks
import job


class Ping(job.Job):
    name = "ping"
    is_quiet = True
    # Its file gives it CAP_NET_RAW.
    refusal_for_nobody = "CAP_NET_RAW"

    def start(self):
        self.stage.start("ping", "-n", "-i", "0.2", "127.0.0.1")
        self.await_answers(3)

    def answers(self):
        return [int(number) for number in re.findall(r"icmp_seq=(\d+)", self.stage.read("out"))]

    def await_answers(self, more):
        before = len(self.answers())
        checks.wait_until(lambda: len(self.answers()) >= before + more, "answers")

    def check(self):
        self.await_answers(3)

    def finish(self):
        self.stage.terminate(2)  # SIGINT
        numbers = self.answers()
        checks.expect(numbers == list(range(1, len(numbers) + 1)), f"the answers are {numbers}")
        said = self.stage.read("out")
        checks.expect(" 0% packet loss" in said, said[-300:])
