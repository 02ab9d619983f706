"""The real programs: nobody here wrote any of them.  Each runs for a few seconds."""

import collections
import os
import shutil
import subprocess

PROGRAMS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "programs")

# `build(common)` makes what all runs share; `prepare(dir)` what one run needs;
# `command(common, dir)` is what runs in dir, with standard input from `stdin`; `outputs` are the files to compare, and
# `finish` gives further output once the job has ended.
# `tree`: it has children.
Job = collections.namedtuple("Job", "name needs command build prepare stdin outputs finish tree")


def _nothing(_):
    return None


def _job(
    name,
    needs,
    command,
    build=_nothing,
    prepare=_nothing,
    stdin=None,
    outputs=("stdout",),
    finish=None,
    tree=False,
):
    return Job(name, needs, command, build, prepare, stdin, outputs, finish, tree)


def _source(name):
    return os.path.join(PROGRAMS, name)


def _shared(common, name):
    return os.path.join(common, name)


def _copy(*names):
    def build(common):
        for name in names:
            shutil.copyfile(_source(name), os.path.join(common, name))
            os.chmod(os.path.join(common, name), 0o644)

    return build


def _build_go(common):
    _copy("primes.go")(common)
    environment = dict(
        os.environ,
        CGO_ENABLED="0",
        GO111MODULE="off",
        GOFLAGS="",
        GOCACHE=_shared(common, "go-cache"),
    )
    subprocess.run(
        ["go", "build", "-o", "primes", "primes.go"], cwd=common, env=environment, check=True
    )
    shutil.rmtree(_shared(common, "go-cache"), ignore_errors=True)
    os.chmod(_shared(common, "primes"), 0o755)


def _build_java(common):
    _copy("Primes.java")(common)
    subprocess.run(["javac", "-d", common, _shared(common, "Primes.java")], check=True)


def _text_to_compress(directory):
    """Ten megabytes of text-like numbers, always the same."""
    state, lines = 1, []
    for _ in range(1000000):
        state = state * 48271 % 2147483647
        lines.append(f"{state % 50021:x} {state >> 17}")
    with open(os.path.join(directory, "input"), "w", encoding="ascii") as file:
        file.write("\n".join(lines))


def _dump_database(directory):
    return subprocess.run(
        [
            "sqlite3",
            "data.db",
            "select count(*), sum(square) from numbers; select count(*) from pairs",
        ],
        cwd=directory,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout


JOBS = (
    _job(
        "python3",
        "python3",
        lambda common, _: ["/usr/bin/python3", _shared(common, "pi.py"), "9000"],
        build=_copy("pi.py"),
    ),
    _job(
        "python3-numpy",
        "python3-numpy",
        lambda common, _: ["/usr/bin/python3", _shared(common, "matrices.py"), "90"],
        build=_copy("matrices.py"),
    ),
    _job(
        "perl",
        "perl",
        lambda common, _: ["perl", _shared(common, "words.pl"), "140"],
        build=_copy("words.pl"),
    ),
    _job(
        "bc",
        "bc",
        lambda common, _: ["bc", "-lq", _shared(common, "pi.bc")],
        build=lambda common: open(_shared(common, "pi.bc"), "w", encoding="ascii").write(
            "for (i = 500; i <= 2500; i += 500) {\n  scale = i\n  4 * a(1)\n}\nquit\n"
        ),
    ),
    _job(
        "xz",
        "xz-utils",
        lambda common, _: ["xz", "-T2", "-9e", "--block-size=512KiB", "-k", "-c", "input"],
        prepare=_text_to_compress,
    ),
    _job(
        "sqlite3",
        "sqlite3",
        lambda common, _: ["sqlite3", "-batch", "data.db"],
        build=_copy("transaction.sql"),
        stdin="transaction.sql",
        finish=_dump_database,
    ),
    _job(
        "lua",
        "lua5.4",
        lambda common, _: ["lua5.4", _shared(common, "life.lua"), "1500"],
        build=_copy("life.lua"),
    ),
    _job(
        "busybox",
        "busybox-static",
        lambda common, _: [
            "busybox",
            "awk",
            "-v",
            "limit=110000",
            "-f",
            _shared(common, "collatz.awk"),
        ],
        build=_copy("collatz.awk"),
    ),
    _job("go", "golang-go", lambda common, _: [_shared(common, "primes"), "480"], build=_build_go),
    _job(
        "java",
        "openjdk-17-jdk-headless",
        lambda common, _: ["java", "-cp", common, "Primes", "40"],
        build=_build_java,
    ),
    _job(
        "node",
        "nodejs",
        lambda common, _: ["node", _shared(common, "mandelbrot.js"), "2800"],
        build=_copy("mandelbrot.js"),
    ),
    _job(
        "python3-asyncio",
        "python3",
        lambda common, _: ["/usr/bin/python3", _shared(common, "echo.py"), "700"],
        build=_copy("echo.py"),
    ),
    _job(
        "node-sockets",
        "nodejs",
        lambda common, _: ["node", _shared(common, "echo.js"), "2500"],
        build=_copy("echo.js"),
    ),
    _job(
        "script",
        "bsdutils",
        lambda common, _: ["script", "-qec", f"bash {_shared(common, 'typed.sh')} 900", "/dev/null"],
        build=_copy("typed.sh"),
        tree=True,
    ),
    _job(
        "redis",
        "redis-server redis-tools",
        lambda common, _: ["bash", _shared(common, "redis.sh"), "100000"],
        build=_copy("redis.sh"),
        tree=True,
    ),
    _job(
        "fio",
        "fio",
        lambda common, _: ["bash", _shared(common, "verified.sh")],
        build=_copy("verified.sh"),
        tree=True,
    ),
    _job(
        "qemu-img",
        "qemu-utils",
        lambda common, _: ["bash", _shared(common, "image_bench.sh")],
        build=_copy("image_bench.sh"),
        tree=True,
    ),
    _job(
        "download",
        "curl python3",
        lambda common, _: ["bash", _shared(common, "download.sh"), "5"],
        build=_copy("download.sh"),
        prepare=_text_to_compress,
        tree=True,
    ),
)
