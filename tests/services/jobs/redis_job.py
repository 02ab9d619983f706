"""redis-server: clients that come and go, a save under way, and a client in the tree."""

import re
import socket

import checks
import job

KEYS = 5000
INCREMENTS = 2000


class Client:
    """Speaks the server's protocol, and hangs up at the end."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.answers = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.answers.close()
        self.socket.close()

    def ask(self, *commands):
        """The answers to commands that are all sent at once."""
        self.send(*commands)
        return [self.answer() for _ in commands]

    def send(self, *commands):
        request = []
        for command in commands:
            words = [word.encode() for word in command.split()]
            request.append(b"*%d\r\n" % len(words))
            request += [b"$%d\r\n%s\r\n" % (len(word), word) for word in words]
        self.socket.sendall(b"".join(request))

    def answer(self):
        line = self.answers.readline()
        kind, text = line[:1], line[1:-2].decode()
        checks.expect(kind in b"+:$" and kind, f"redis answers {line}")
        if kind != b"$" or text == "-1":
            return text
        return self.answers.read(int(text) + 2)[:-2].decode()


class Redis(job.Job):
    name = "redis"
    options = ("--save", "", "--appendonly", "yes")

    def __init__(self, stage):
        super().__init__(stage)
        self.increments = 0

    def server(self):
        fixed = ["--port", "0", "--unixsocket", self.stage.path("sock"), "--dir", self.stage.dir]
        return ["/usr/bin/redis-server", *fixed, *self.options]

    def client(self):
        return Client(self.stage.path("sock"))

    def await_server(self):
        def answers():
            try:
                with self.client() as client:
                    return client.ask("PING") == ["PONG"]
            except (OSError, checks.Failed):  # Not there yet, or loading.
                return False

        checks.wait_until(answers, "redis answers")

    def start(self):
        self.stage.start(*self.server())
        self.await_server()
        with self.client() as client:
            client.ask(*(f"SET key:{n} value-{n * n}-{'x' * (n % 90)}" for n in range(KEYS)))

    def work(self, number):
        with self.client() as client:
            client.ask(*["INCR counter"] * INCREMENTS)
            self.increments += INCREMENTS

    def check(self):
        with self.client() as client:
            answers = client.ask(*(f"GET key:{n}" for n in range(KEYS)))
            wanted = [f"value-{n * n}-{'x' * (n % 90)}" for n in range(KEYS)]
            checks.expect(answers == wanted, "values are not what they were")
            counted = client.ask("GET counter")[0]
            checks.expect(counted == str(self.increments), f"it counted {counted}, not {self.increments}")

    def finish(self):
        """What it wrote to the disk is whole as well."""
        for number in (3, 4):
            self.work(number)
            self.check()
            self.stage.terminate()
            if number == 3:
                self.stage.start(*self.server())
                self.await_server()


class RedisSaving(Redis):
    """While its child writes the data to the disk."""

    name = "redis-bgsave"
    options = ("--save", "", "--rdb-key-save-delay", "300")

    def work(self, number):
        super().work(number)
        with self.client() as client:
            if "rdb_bgsave_in_progress:0" in client.ask("INFO persistence")[0]:
                client.ask("BGSAVE")
            checks.wait_until(lambda: len(self.stage.relations()) == 2, "redis forks")

    def check(self):
        super().check()

        def info():
            with self.client() as client:
                found = client.ask("INFO persistence")[0]
            return found if "rdb_bgsave_in_progress:0" in found else ""

        found = checks.wait_until(info, "the end of the save")
        checks.expect("rdb_last_bgsave_status:ok" in found, found)
        told = self.stage.ask("redis-check-rdb", self.stage.path("dump.rdb"))
        checks.expect(f"{KEYS + 1} keys read" in told, told)

    def finish(self):
        self.stage.terminate()


class RedisBenchmark(Redis):
    """With a client in the tree that never hangs up."""

    name = "redis-benchmark"
    requests = 250000

    def start(self):
        benchmark = f"redis-benchmark -s sock -c 20 -n {self.requests} --csv incr counted"
        server = " ".join(word or "''" for word in self.server())
        self.stage.start(
            "sh", "-c", f"{server} >log & until test -S sock; do sleep 0.1; done; {benchmark} && echo done; wait"
        )
        self.await_server()

    def counted(self):
        with self.client() as client:
            return int(client.ask("GET counted")[0] or "0")

    def work(self, number):
        wanted = self.requests * (number + 1) // 5
        checks.wait_until(lambda: self.counted() > wanted, f"{wanted} requests")

    def check(self):
        checks.expect("done" not in self.stage.read("out"), "redis-benchmark has ended too early")

    def finish(self):
        checks.wait_until(lambda: "done" in self.stage.read("out"), "the end of redis-benchmark", 90)
        checks.expect(self.counted() == self.requests, f"counted {self.counted()}")
        checks.expect(not re.search("rror", self.stage.read("err")), "redis-benchmark complains")
        with self.client() as client:
            client.send("SHUTDOWN NOSAVE")
        self.stage.wait_for_end()
