"""A bash script of pipelines and background jobs."""

import subprocess

import checks
import job
import stage as stages


class Bash(job.Job):
    name = "bash"
    wanted = ""

    @classmethod
    def prepare(cls, common):
        command = ["bash", stages.script("pipelines.sh")]
        cls.wanted = subprocess.run(command, cwd=common, stdout=subprocess.PIPE, text=True, check=True).stdout

    def start(self):
        with open(stages.script("pipelines.sh"), encoding="utf-8") as file:
            self.stage.write("pipelines.sh", file.read())
        self.stage.start("bash", "pipelines.sh")

    def work(self, number):
        """In the midst of its rounds 1, 3 and 5."""
        checks.wait_until(lambda: len(self.stage.read("progress").split()) >= 2 * number, "the next round")

    def finish(self):
        self.stage.wait_for_end()
        said = self.stage.read("out")
        checks.expect(said == self.wanted, f"it said {said[-600:]}")
        checks.expect(not self.stage.read("err"), "it complains")
