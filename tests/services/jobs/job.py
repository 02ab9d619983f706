"""What every job of this folder is."""

import checks
import tool as tools


class Job:
    name = None
    never_as_root = False  # It refuses to run as root.
    only_as_root = False
    is_quiet = False  # Nobody comes or goes while it waits.
    refusal_for_nobody = None  # A word of why its own user may not save it.

    def __init__(self, stage):
        self.stage = stage

    @staticmethod
    def prepare(common):
        """Makes in `common` what all runs share."""

    def start(self):
        raise NotImplementedError

    def work(self, number):
        """Brings it to the moment of snapshot `number`, from 0."""

    def check(self):
        """After every snapshot and restore."""

    def finish(self):
        """Ends it, and looks at what it leaves."""
        raise NotImplementedError

    def clean_up(self):
        """What is left of it beside processes and files, however it went."""

    def expect_refusal(self):
        try:
            self.stage.snapshot("--kill")
        except tools.ToolError as error:
            checks.expect(self.refusal_for_nobody in error.text, error.text)
        else:
            raise checks.Failed("the snapshot succeeded")
        self.check()
