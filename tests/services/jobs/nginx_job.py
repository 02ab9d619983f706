"""nginx: a master with workers, which it replaces and ends when it is told to."""

import checks
import job

CONFIGURATION = """
daemon off;
worker_processes 3;
{user}
pid {dir}/nginx.pid;
error_log {dir}/error.log info;
events {{ worker_connections 64; }}
http {{
  access_log {dir}/access.log;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  limit_req_zone $uri zone=counted:1m rate=1000r/s;
  server {{
    listen unix:{dir}/sock;
    listen unix:{dir}/backend;
    root {dir}/html;
    location /generation {{ return 200 "generation {generation}"; }}
    location /behind {{ limit_req zone=counted burst=100; proxy_pass http://unix:{dir}/backend:/large; }}
  }}
}}
"""
LARGE = "".join(f"{number * number}\n" for number in range(40000))


class Nginx(job.Job):
    name = "nginx"
    is_quiet = True

    def __init__(self, stage):
        super().__init__(stage)
        self.generation = 0

    def configure(self):
        self.generation += 1
        user = "user nobody nogroup;" if self.stage.uid is None else ""
        self.stage.write(
            "nginx.conf",
            CONFIGURATION.format(dir=self.stage.dir, generation=self.generation, user=user),
        )

    def command(self, *options):
        return ["/usr/sbin/nginx", "-p", self.stage.dir, "-e", "error.log", "-c", self.stage.path("nginx.conf"), *options]

    def get(self, what):
        return self.stage.ask("curl", "-sS", "--fail", "--unix-socket", self.stage.path("sock"), f"http://localhost/{what}")

    def start(self):
        self.configure()
        self.stage.ask("mkdir", "html")
        self.stage.write("html/large", LARGE)
        self.stage.start(*self.command())
        checks.wait_until(lambda: len(self.stage.relations()) == 4, "nginx has three workers")

    def check(self):
        for _ in range(3):
            answer = self.get("generation")
            checks.expect(answer == f"generation {self.generation}", answer)
            checks.expect(self.get("large") == LARGE, "the large file is not what it was")
            checks.expect(self.get("behind") == LARGE, "the proxied file is not what it was")

    def work(self, number):
        """New workers with new settings before all snapshots but the first."""
        if number == 0:
            return
        old = set(self.stage.relations())
        self.configure()
        self.stage.ask(*self.command("-s", "reload"), inside=True)

        def has_new_workers():
            now = set(self.stage.relations())
            return len(now) == 4 and len(now & old) == 1

        checks.wait_until(has_new_workers, "nginx has three new workers")
        self.check()

    def finish(self):
        self.work(3)
        self.stage.ask(*self.command("-s", "quit"), inside=True)
        self.stage.wait_for_end()
        for word in ("[alert]", "[crit]", "[emerg]"):
            checks.expect(word not in self.stage.read("error.log"), self.stage.read("error.log")[-600:])
        checks.expect(not self.stage.read("nginx.pid"), "it left its pid file")
