"""dbus-daemon for a private session, with a client that owns a name."""

import checks
import job
import stage as stages

CONFIGURATION = """
<busconfig>
  <type>session</type>
  <listen>unix:path={dir}/bus</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{dir}/services</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class Dbus(job.Job):
    name = "dbus"
    is_quiet = True

    def __init__(self, stage):
        super().__init__(stage)
        self.calls = 0

    def start(self):
        self.stage.write("bus.conf", CONFIGURATION.format(dir=self.stage.dir))
        self.stage.ask("mkdir", "services")
        with open(stages.script("counter.py"), encoding="utf-8") as file:
            self.stage.write("counter.py", file.read())
        address = f"unix:path={self.stage.path('bus')}"
        self.stage.start(
            "sh",
            "-c",
            "dbus-daemon --config-file=bus.conf --nofork --nopidfile & daemon=$!\n"
            "until test -S bus; do sleep 0.1; done\n"
            f"DBUS_SESSION_BUS_ADDRESS={address} {stages.PYTHON} counter.py &\n"
            "trap 'kill $daemon' TERM; wait; wait\n",
        )
        checks.wait_until(lambda: "ready" in self.stage.read("out"), "the owner of the name")
        self.check()

    def send(self, destination, path, method):
        return self.stage.ask(
            "dbus-send", f"--bus=unix:path={self.stage.path('bus')}", "--print-reply=literal", f"--dest={destination}", path, method
        )

    def check(self):
        checks.expect("org.example.Counter" in self.send("org.freedesktop.DBus", "/", "org.freedesktop.DBus.ListNames"), "nobody has the name")
        for _ in range(5):
            self.calls += 1
            answer = self.send("org.example.Counter", "/counter", "org.example.Counter.Next").strip()
            checks.expect(answer == f"int32 {self.calls}", f"it answers '{answer}', not {self.calls}")
        wanted = ["ready"] + [str(number + 1) for number in range(self.calls)]
        checks.wait_until(lambda: self.stage.read("out").split() == wanted, "every signal arrives once")

    def finish(self):
        self.stage.terminate()
