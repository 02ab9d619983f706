"""Xvfb, and glxgears drawing on it by Mesa's software renderer: the picture goes on."""

import checks
import job
import stage as stages


class Display(job.Job):
    name = "xvfb-glxgears"

    def start(self):
        self.stage.start("bash", stages.script("display.sh"))
        checks.wait_until(lambda: self.stage.read("display").strip(), "a display")
        # Its first frame takes a while.
        self.check(seconds=60)

    def picture(self):
        """What a client from outside sees."""
        display = self.stage.read("display").strip()
        return self.stage.ask("sh", "-c", f"xwd -root -silent -display :{display} | sha256sum")

    def check(self, seconds=30):
        before = self.picture()
        checks.wait_until(lambda: self.picture() != before, "another picture", seconds)

    def finish(self):
        self.stage.terminate()
        checks.expect("error" not in self.stage.read("display.log"), self.stage.read("display.log"))
