"""Python's multiprocessing: a pool, queues, a shared value and its lock."""

import subprocess

import checks
import job
import stage as stages


class Python(job.Job):
    name = "python3-multiprocessing"
    wanted = ""

    @classmethod
    def prepare(cls, common):
        command = [stages.PYTHON, stages.script("pool.py")]
        cls.wanted = subprocess.run(command, cwd=common, stdout=subprocess.PIPE, text=True, check=True).stdout

    def start(self):
        with open(stages.script("pool.py"), encoding="utf-8") as file:
            self.stage.write("pool.py", file.read())
        self.stage.start(stages.PYTHON, "pool.py")

    def work(self, number):
        lines = len(self.wanted.splitlines()) * (1 + number) // 5
        checks.wait_until(lambda: len(self.stage.read("out").splitlines()) >= lines, f"{lines} lines")

    def finish(self):
        self.stage.wait_for_end()
        said = self.stage.read("out")
        checks.expect(said == self.wanted, f"it said {said[-600:]}")
        checks.expect(not self.stage.read("err"), "it complains")
