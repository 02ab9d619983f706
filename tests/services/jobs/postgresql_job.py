"""PostgreSQL with the load of pgbench; server and clients are in the tree."""

import glob
import os
import shutil
import subprocess

import checks
import job
import tool as tools

BINARIES = max(glob.glob("/usr/lib/postgresql/*/bin"), default="/usr/bin")
TRANSACTIONS = 350  # Of each of the four clients.
CLIENTS = 4

SETTINGS = """
listen_addresses = ''
unix_socket_directories = '.'
fsync = off
log_min_messages = warning
autovacuum_naptime = 1s
shared_buffers = 16MB
checkpoint_timeout = 30s
"""

# The built-in one, with time to think.
SCRIPT = """
\\sleep 20 ms
\\set aid random(1, 100000 * :scale)
\\set bid random(1, 1 * :scale)
\\set tid random(1, 10 * :scale)
\\set delta random(-5000, 5000)
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;
UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);
END;
"""

RUN = f"""
export PGHOST=$PWD/data PGDATABASE=postgres PGUSER=tester
{BINARIES}/postgres -D data 2>>server.log & server=$!
until {BINARIES}/pg_isready -q; do sleep 0.1; done
{BINARIES}/pgbench -n -c {CLIENTS} -j 2 -t {TRANSACTIONS} -f script >bench.out 2>bench.err; echo $? >bench.status
wait $server; echo $? >server.status
"""


class Postgresql(job.Job):
    name = "postgresql"
    never_as_root = True

    @staticmethod
    def prepare(common):
        """A data directory with the tables of pgbench."""
        uid = tools.UNPRIVILEGED_UID if os.geteuid() == 0 else None
        if uid is not None:
            os.chown(common, uid, uid)

        def run(*command):
            environment = dict(os.environ, LC_ALL="C.UTF-8", PGHOST=common, PGUSER="tester", PGDATABASE="postgres")
            done = subprocess.run(
                tools.as_user(uid) + list(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=common,
                env=environment,
                check=False,
            )
            checks.expect(done.returncode == 0, f"{command[0]}: {done.stdout.decode()[-600:]}")

        data = os.path.join(common, "data")
        run(f"{BINARIES}/initdb", "-D", data, "-U", "tester", "-A", "trust", "--no-sync", "--no-instructions")
        with open(os.path.join(data, "postgresql.conf"), "a", encoding="ascii") as file:
            file.write(SETTINGS)
        run(f"{BINARIES}/pg_ctl", "-w", "-s", "-D", data, "-l", f"{common}/log", "-o", f"-k {common}", "start")
        run(f"{BINARIES}/pgbench", "-i", "-q", "-s", "1")
        run(f"{BINARIES}/pg_ctl", "-w", "-s", "-D", data, "stop")

    def start(self):
        self.stage.ask("cp", "-a", os.path.join(self.stage.common, "data"), "data")
        self.stage.write("script", SCRIPT)
        self.stage.start("sh", "-c", RUN)
        checks.wait_until(lambda: os.path.exists(self.stage.path("bench.out")), "the server answers")

    def query(self, text):
        command = [f"{BINARIES}/psql", "-h", self.stage.path("data"), "-U", "tester", "-d", "postgres", "-XAtq", "-c", text]
        return self.stage.ask(*command).strip()

    def transactions(self):
        return int(self.query("select count(*) from pgbench_history"))

    def work(self, number):
        wanted = CLIENTS * TRANSACTIONS * (1 + 2 * number) // 8
        checks.wait_until(lambda: self.transactions() >= wanted, f"{wanted} transactions")

    def check(self):
        before = self.transactions()
        checks.expect(not self.stage.read("bench.status"), f"pgbench ended early: {self.stage.read('bench.err')[-600:]}")
        checks.wait_until(lambda: self.transactions() > before, "transactions go on")

    def finish(self):
        checks.wait_until(lambda: self.stage.read("bench.status"), "the end of pgbench", 60)
        status, text = self.stage.read("bench.status"), self.stage.read("bench.out")
        checks.expect(status == "0\n", f"pgbench exits with {status}: {self.stage.read('bench.err')[-600:]}")
        count = CLIENTS * TRANSACTIONS
        checks.expect(f"actually processed: {count}/{count}" in text, text)
        sums = self.query(
            "select (select sum(abalance) from pgbench_accounts), (select sum(tbalance) from pgbench_tellers),"
            " (select sum(bbalance) from pgbench_branches), (select sum(delta) from pgbench_history)"
        ).split("|")
        checks.expect(len(set(sums)) == 1, f"balances differ: {sums}")
        checks.expect(self.transactions() == count, f"{self.transactions()} transactions, not {count}")
        # It finds the server by its pid file, as the server sees itself.
        self.stage.ask(f"{BINARIES}/pg_ctl", "-D", self.stage.path("data"), "-w", "-s", "-m", "fast", "stop", inside=True)
        self.stage.wait_for_end()
        checks.expect(self.stage.read("server.status") == "0\n", f"the server exits with {self.stage.read('server.status')}")
        log = self.stage.read("server.log")
        for word in ("PANIC", "ERROR", "terminated", "corrupt"):
            checks.expect(word not in log.replace("terminating connection", ""), log[-600:])
        shutil.rmtree(self.stage.path("data"), ignore_errors=True)
