"""ssh-agent with a key that is nowhere else."""

import checks
import job


class SshAgent(job.Job):
    name = "ssh-agent"
    is_quiet = True
    # It asks the kernel that nobody may look into it.
    refusal_for_nobody = "not dumpable"

    def client(self, *command, text=""):
        return self.stage.ask("env", f"SSH_AUTH_SOCK={self.stage.path('sock')}", *command, text=text)

    def start(self):
        self.stage.start("ssh-agent", "-D", "-a", self.stage.path("sock"))
        checks.wait_until(lambda: "SSH_AUTH_SOCK" in self.stage.read("out"), "the agent's socket")
        self.stage.ask("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "tested", "-f", "key")
        self.stage.write("allowed", "tester " + self.stage.read("key.pub"))
        self.client("ssh-add", "-q", "key")
        self.stage.ask("rm", "key")

    def check(self):
        listed = self.client("ssh-add", "-L")
        checks.expect(listed == self.stage.read("key.pub"), f"the agent lists {listed}")
        signature = self.client("ssh-keygen", "-q", "-Y", "sign", "-f", "key.pub", "-n", "test", text="words")
        self.stage.write("signature", signature)
        self.stage.ask(
            "ssh-keygen", "-q", "-Y", "verify", "-f", "allowed", "-I", "tester", "-n", "test", "-s", "signature", text="words"
        )

    def finish(self):
        self.stage.terminate()
