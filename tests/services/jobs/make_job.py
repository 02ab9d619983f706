"""make -j4 of a C program: those loadable commands of bash whose sources its package has."""

import glob
import os
import shutil
import subprocess

import checks
import job

SOURCES = "/usr/share/doc/bash/examples/loadables"
HEADERS = "/usr/include/bash"
# Most of them; getconf wants a header that is not there.
PROGRAMS = (
    "print truefalse finfo logname basename dirname fdflags tty pathchk tee head mktemp printenv id "
    "whoami uname push ln realpath seq rm accept csv cut stat"
)
COMMAND = [
    "make",
    "-j4",
    f"topdir={HEADERS}",
    f"BUILD_DIR={HEADERS}",
    "srcdir=.",
    "VPATH=.",
    "CPPFLAGS=",
    "CFLAGS=-O2 -pipe",
    "LOCAL_CFLAGS=-I/usr/lib/bash",
    *PROGRAMS.split(),
]


def built(directory):
    """{name: contents} of what make has made, and of what it was made from."""
    result = {}
    for path in glob.glob(f"{glob.escape(directory)}/*"):
        with open(path, "rb") as file:
            result[os.path.basename(path)] = file.read()
    return result


class Make(job.Job):
    name = "make"
    wanted = {}

    @classmethod
    def prepare(cls, common):
        directory = os.path.join(common, "src")
        shutil.copytree(SOURCES, directory)
        subprocess.run(COMMAND, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        cls.wanted = built(directory)

    def start(self):
        self.stage.ask("cp", "-r", SOURCES, "src")
        self.stage.start("make", "-C", "src", *COMMAND[1:])

    def work(self, number):
        """Not before so many of its programs are there."""
        before = len(os.listdir(SOURCES))
        share = before + (len(self.wanted) - before) * (1 + number) // 5
        checks.wait_until(lambda: len(os.listdir(self.stage.path("src"))) >= share, f"{share} files")

    def finish(self):
        self.stage.wait_for_end()
        found = built(self.stage.path("src"))
        checks.expect(sorted(found) == sorted(self.wanted), f"there are {sorted(found)}")
        differing = [name for name, contents in self.wanted.items() if found[name] != contents]
        checks.expect(not differing, f"other than undisturbed: {differing}")
        checks.expect("Error" not in self.stage.read("err"), "make fails")
