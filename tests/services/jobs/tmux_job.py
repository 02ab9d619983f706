"""tmux with a shell, a stopped job of that shell, and an editor whose text is not written."""

import checks
import job
import tree


class Tmux(job.Job):
    name = "tmux"
    is_quiet = True

    def __init__(self, stage):
        super().__init__(stage)
        self.typed = []

    def tmux(self, *command):
        return self.stage.ask("tmux", "-S", self.stage.path("sock"), "-f", "/dev/null", *command)

    def shows(self, window, text):
        checks.wait_until(
            lambda: text in self.tmux("capture-pane", "-p", "-t", f"main:{window}"), f"'{text}' in the {window}'s window"
        )

    def type(self, window, *keys):
        self.tmux("send-keys", "-t", f"main:{window}", *keys)

    def start(self):
        self.stage.start(
            "tmux", "-S", self.stage.path("sock"), "-f", "/dev/null", "new-session", "-d", "-s", "main", "-n", "shell",
            "-x", "80", "-y", "24", "bash --norc --noprofile",
        )  # fmt: skip
        self.stage.child.wait(20)
        self.stage.adopt(int(self.tmux("display-message", "-p", "#{pid}")))
        self.tmux("new-window", "-d", "-n", "editor", "vim -u NONE -N text")
        self.type("shell", "kept=41", "Enter")
        self.type("shell", "sleep 1000", "Enter")
        checks.wait_until(lambda: any("sleep " in what for what in self.stage.relations().values()), "the shell's job")
        self.type("shell", "C-z")
        self.shows("shell", "Stopped")
        self.shows("editor", "[New]")
        self.type("editor", "i")

    def work(self, number):
        line = f"line {number} that is not written"
        self.type("editor", line, "Enter")
        self.typed.append(line)
        self.shows("editor", line)

    def check(self):
        self.type("shell", "clear; echo kept $((++kept)); jobs", "Enter")
        self.shows("shell", f"kept {41 + len(self.typed)}")
        self.shows("shell", "Stopped                 sleep 1000")
        for line in self.typed:
            self.shows("editor", line)
        checks.expect(not self.stage.read("text"), "the text was written")
        size = self.tmux("display-message", "-p", "-t", "main:editor", "#{pane_width}x#{pane_height}").strip()
        self.type("shell", "clear; stty size", "Enter")
        self.shows("shell", "24 80")
        checks.expect(size == "80x24", size)

    def finish(self):
        self.work(3)
        self.type("editor", "Escape", ":wq", "Enter")
        wanted = "".join(line + "\n" for line in self.typed) + "\n"
        checks.wait_until(lambda: self.stage.read("text") == wanted, "the text in the file")
        self.type("shell", "clear; fg", "Enter")
        checks.wait_until(lambda: not tree.stopped(self.stage.pid), "the stopped job goes on")
        self.type("shell", "C-c")
        self.type("shell", "echo gone $?", "Enter")
        self.shows("shell", "gone 130")
        self.type("shell", "exit", "Enter")
        self.stage.wait_for_end()
