#!/usr/bin/env python3
"""Files that something happens to between snapshot and restore, and files on other mounts.

  run.py [--tool-dir DIR] [--only NAME[,NAME]] [-v]

As root every case runs twice: as root, and as an ordinary user.
"""

import argparse
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "driver")]

import proc
import tool as tools

REPOSITORY = os.path.realpath(os.path.join(HERE, "..", ".."))
UNSUPPORTED, SYSTEM = 69, 71
# One that every user can reach.
PYTHON = os.path.realpath("/usr/bin/python3")

# Every job works in the directory sys.argv[1] and answers through files beside it.
PRELUDE = """
import fcntl, mmap, os, sys, time
home = sys.argv[1]
where = sys.argv[2]
def await_go():
    with open(where + ".ready", "w") as file:
        file.write("ready")
    while not os.path.exists(where + ".go"):
        time.sleep(0.01)
def say(text):
    with open(where + ".part", "w") as file:
        file.write(text)
    os.rename(where + ".part", where + ".said")
"""

READER = """
fd = os.open(home + "/data", os.O_RDONLY)
os.lseek(fd, 2, os.SEEK_SET)
await_go()
say(os.read(fd, 100).decode())
"""

WRITER = """
fd = os.open(home + "/data", os.O_RDWR)
os.lseek(fd, 2, os.SEEK_SET)
await_go()
text = os.read(fd, 100).decode()
os.write(fd, b"+")
say(text)
"""

MAPPER = """
fd = os.open(home + "/data", os.O_RDWR)
memory = mmap.mmap(fd, 0)
os.close(fd)
await_go()
text = memory[:10].decode()
memory[0:1] = b"M"
memory.flush()
say(text)
"""

# A copy of its own: nothing else has it mapped.
COPY_ON_WRITE = """
fd = os.open(home + "/data", os.O_RDONLY)
memory = mmap.mmap(fd, 0, access=mmap.ACCESS_COPY)
os.close(fd)
memory[0:1] = b"P"
await_go()
say(memory[:10].decode())
"""

TWO_NAMES = """
os.link(home + "/data", home + "/other")
fds = [os.open(home + "/data", os.O_RDWR), os.open(home + "/other", os.O_RDONLY)]
await_go()
say(str(os.fstat(fds[0]).st_ino == os.fstat(fds[1]).st_ino))
"""

TWO_FILES = """
fds = [os.open(home + "/data", os.O_RDWR), os.open(home + "/locked", os.O_RDWR | os.O_CREAT)]
fcntl.flock(fds[1], fcntl.LOCK_EX)
await_go()
say("never")
"""

MOVED = """
os.mkdir(home + "/cwd")
os.chdir(home + "/cwd")
fd = os.open(home + "/data", os.O_RDWR)
listing = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
mapped = os.open(home + "/mapped", os.O_RDWR | os.O_CREAT)
os.ftruncate(mapped, 4096)
memory = mmap.mmap(mapped, 0)
os.close(mapped)
await_go()
memory[0:3] = b"new"
memory.flush()
links = [os.readlink(f"/proc/self/{name}") for name in ("exe", "cwd", f"fd/{fd}", f"fd/{listing}")]
say(" ".join(links + [os.getcwd()]))
"""

SPARSE = """
fd = os.open(home + "/sparse", os.O_RDWR | os.O_CREAT)
os.unlink(home + "/sparse")
for at in (0, 1 << 30, 3 << 30):
    os.pwrite(fd, b"x" * 5000, at)
os.ftruncate(fd, 4 << 30)
await_go()
st = os.fstat(fd)
right = all(os.pread(fd, 5000, at) == b"x" * 5000 for at in (0, 1 << 30, 3 << 30))
say(f"{st.st_size} {right} {st.st_blocks < 1000}")
"""

OTHER_NAME = """
os.mkdir(home + "/below")
fd = os.open(home + "/data", os.O_RDWR)
os.link(home + "/data", home + "/below/data")
os.unlink(home + "/data")
await_go()
os.write(fd, b"job")
say(os.pread(fd, 100, 0).decode())
"""

# home/lower is a file of a lower layer, home/copied one that is in the upper one because it was written to.
ON_MOUNT = """
def map_file(name, access):
    fd = os.open(home + name, os.O_RDWR if access == mmap.ACCESS_WRITE else os.O_RDONLY)
    memory = mmap.mmap(fd, 0, access=access)
    os.close(fd)
    return memory
lower = os.open(home + "/lower", os.O_RDONLY)
lower_private = map_file("/lower", mmap.ACCESS_COPY)
lower_private[0:1] = b"P"
copied = os.open(home + "/copied", os.O_RDWR)
os.pwrite(copied, b"C", 0)
copied_shared = map_file("/copied", mmap.ACCESS_WRITE)
gone = os.open(home + "/gone", os.O_RDWR | os.O_CREAT)
os.write(gone, b"gone" * 2048)
gone_shared = map_file("/gone", mmap.ACCESS_WRITE)
os.unlink(home + "/gone")
replaced = os.open(home + "/replaced", os.O_RDWR)
os.write(replaced, b"r")
replaced_shared = map_file("/replaced", mmap.ACCESS_WRITE)
os.link(home + "/replaced", home + "/kept")
os.unlink(home + "/replaced")
with open(home + "/replaced", "w") as file:
    file.write("x" * 4096)
os.mkdir(home + "/removed")
os.chdir(home + "/removed")
os.rmdir(home + "/removed")
await_go()
assert os.pread(lower, 5, 0) == b"lower", "lower"
assert lower_private[:5] == b"Power", "lower_private"
os.pwrite(copied, b"XY", 1)
assert copied_shared[:6] == b"CXYied", copied_shared[:6]
copied_shared[0:1] = b"Z"
assert os.pread(copied, 6, 0) == b"ZXYied", "copied"
gone_shared[0:1] = b"G"
assert os.pread(gone, 8, 0) == b"Gonegone", os.pread(gone, 8, 0)
replaced_shared[1:2] = b"E"
assert os.pread(replaced, 3, 0) == b"rEp", "replaced"
with open(home + "/kept", "rb") as file:
    assert file.read(3) == b"rEp", "kept"
with open(home + "/replaced", "rb") as file:
    assert file.read(3) == b"xxx", "the new file"
try:
    raise AssertionError(os.getcwd())
except FileNotFoundError:
    pass
say("right")
"""

# Without a descriptor.
MAPPED_ALONE = """
import ctypes
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
fd = os.open(home + "/lower", os.O_RDWR)
address = libc.mmap(None, 4096, 3, 1, fd, 0)
os.close(fd)
os.unlink(home + "/lower")
await_go()
say(ctypes.string_at(address, 5).decode())
"""


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failed(what)


def expect_equal(actual, wanted):
    expect(actual == wanted, f"{actual!r}, not {wanted!r}")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text, mode="w"):
    with open(path, mode, encoding="utf-8") as file:
        file.write(text)


class Stage:
    """A job and its files, in a directory of their own."""

    def __init__(self, tool, directory, uid):
        self.tool, self.dir, self.uid = tool, directory, uid
        self.home = os.path.join(directory, "home")
        self.where = os.path.join(directory, "job")
        self.image = os.path.join(directory, "job.image")
        self.data = self.home + "/data"
        self.job = self.restored = None
        self.mounts = []
        os.mkdir(self.home)
        self.write_data("0123456789")

    def own(self, *paths):
        for path in paths if self.uid is not None else ():
            os.chown(path, self.uid, self.uid)

    def write_data(self, text, mode="w"):
        write(self.data, text, mode)
        self.own(self.dir, self.home, self.data)

    def start(self, text, exe=PYTHON):
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.own(log.name)
            self.job = subprocess.Popen(
                tools.as_user(self.uid) + [exe, "-c", PRELUDE + text, self.home, self.where],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )
        self.await_file(self.where + ".ready")

    def await_file(self, path, seconds=20):
        deadline = time.monotonic() + seconds
        while not os.path.exists(path):
            expect(time.monotonic() < deadline, f"there is never a {path}: {self.log()}")
            time.sleep(0.01)
        return read(path)

    def log(self):
        return read(os.path.join(self.dir, "log"))[-500:]

    def kill(self, *args):
        """Returns what the snapshot said."""
        said = self.tool.snapshot(self.job.pid, self.image, "--kill", *args, uid=self.uid)
        self.job.wait(10)
        return said

    def restore(self, *args):
        """Returns what the restore said."""
        pidfile = os.path.join(self.dir, "pid")
        said = self.tool.run(
            "restore", self.image, "--detach", "--pidfile", pidfile, *args, uid=self.uid
        )
        self.restored = int(read(pidfile))
        return said

    def refused(self, *words, args=(), status=UNSUPPORTED):
        try:
            self.restore(*args)
        except tools.ToolError as error:
            expect(error.rc == status, f"status {error.rc}: {error.text}")
            for word in words:
                expect(word in error.text, f"no word of '{word}': {error.text}")
        else:
            raise Failed("the restore succeeded")
        left = [name for name in os.listdir(self.home) if name.startswith(".tardigrade")]
        expect(not left, f"it left {left}")

    def result(self):
        write(self.where + ".go", "")
        return self.await_file(self.where + ".said")

    def mount(self, *arguments):
        subprocess.run(["mount", *arguments], check=True, stderr=subprocess.PIPE)
        self.mounts.append(arguments[-1])

    def clean_up(self):
        for pid in (self.restored, self.job.pid if self.job and self.job.poll() is None else None):
            if pid and proc.is_alive(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                proc.wait_gone(pid)
        if self.job:
            self.job.wait(10)
        for path in reversed(self.mounts):
            subprocess.run(["umount", "-l", path], check=True)


# --- without copies


def what_is_only_read_must_be_as_it_was(stage):
    stage.start(READER)
    stage.kill()
    stage.write_data("abcdefghij!")
    stage.refused("/data has changed", "--set-file", "--changed-files warn")
    stage.refused("/data has changed", args=("--changed-files", "refuse"))
    stage.refused("/data has changed", args=("--changed-files", "put-back"))
    expect("/data has changed" in stage.restore("--changed-files", "warn"), "no warning")
    expect_equal(stage.result(), "cdefghij!")


def what_is_written_may_have_changed(stage):
    stage.start(WRITER)
    stage.kill()
    stage.write_data("more", "a")
    stage.refused("/data has changed", "warn", args=("--changed-files", "refuse"))
    expect("grew by 4 bytes" in stage.restore(), "no warning")
    expect_equal(stage.result(), "23456789more")


def what_is_shorter_is_refused_unless_wanted(stage):
    stage.start(WRITER)
    stage.kill()
    stage.write_data("0")
    stage.refused("is shorter (1 bytes)", "--changed-files warn")
    stage.restore("--changed-files", "warn")
    expect_equal(stage.result(), "")


def a_private_mapping_needs_what_was_mapped(stage):
    stage.start(COPY_ON_WRITE)
    stage.kill()
    stage.write_data("abcdefghij!")
    stage.refused("has changed", "put back the file the job had", "--changed-files warn")
    expect("has changed" in stage.restore("--changed-files", "warn"), "no warning")
    expect_equal(stage.result(), "P123456789")


def other_code_is_refused_whatever_is_wanted(stage):
    exe = stage.home + "/python"
    shutil.copyfile(PYTHON, exe)
    os.chmod(exe, 0o755)
    stage.start(READER, exe)
    stage.kill()
    os.unlink(exe)
    shutil.copyfile(shutil.which("bash"), exe)
    os.chmod(exe, 0o755)
    for args in ((), ("--changed-files", "warn")):
        stage.refused("/home/python", args=args)


# --- with copies


def a_copy_is_put_back_only_when_asked(stage):
    os.chmod(stage.data, 0o640)
    stage.start(WRITER)
    stage.kill("--save-files")
    stage.write_data("more", "a")
    os.chmod(stage.data, 0o600)
    os.link(stage.data, stage.home + "/link")
    for args in ((), ("--changed-files", "refuse")):
        stage.refused("/data has changed", "--changed-files put-back", "--changed-files warn", args=args)
    expect_equal(read(stage.data), "0123456789more")
    said = stage.restore("--changed-files", "put-back")
    expect("/data.before-restore, as are its other names" in said, said)
    expect_equal(stage.result(), "23456789")
    expect_equal(read(stage.data), "0123456789+")
    expect_equal(read(stage.data + ".before-restore"), "0123456789more")
    expect_equal(read(stage.home + "/link"), "0123456789more")
    st = os.stat(stage.data)
    expect_equal((oct(st.st_mode & 0o7777), st.st_uid), ("0o640", stage.uid or os.geteuid()))


def older_files_that_were_displaced_are_kept(stage):
    stage.start(READER)
    stage.kill("--save-files")
    write(stage.data + ".before-restore", "older")
    stage.write_data("newer")
    expect(".before-restore.2" in stage.restore("--changed-files", "put-back"), "another name")
    expect_equal(stage.result(), "23456789")
    expect_equal(read(stage.data + ".before-restore"), "older")
    expect_equal(read(stage.data + ".before-restore.2"), "newer")


def with_a_copy_the_present_file_may_do(stage):
    stage.start(WRITER)
    stage.kill("--save-files")
    stage.write_data("more", "a")
    expect("goes on with it as it is" in stage.restore("--changed-files", "warn"), "no warning")
    expect_equal(stage.result(), "23456789more")


def unchanged_files_are_left_alone(stage):
    stage.start(WRITER)
    stage.kill("--save-files")
    before = os.stat(stage.data)
    said = stage.restore("--changed-files", "put-back")
    expect("warning" not in said, said)
    expect_equal(stage.result(), "23456789")
    expect_equal(os.stat(stage.data).st_ino, before.st_ino)


def a_missing_file_is_made_again(stage):
    stage.start(WRITER)
    stage.kill("--save-files")
    os.unlink(stage.data)
    stage.refused("/data is missing", "--changed-files put-back", "--set-file")
    stage.refused("/data is missing", args=("--changed-files", "warn"))
    expect("was missing" in stage.restore("--changed-files", "put-back"), "no warning")
    expect_equal(stage.result(), "23456789")
    expect_equal(read(stage.data), "0123456789+")


def a_failed_restore_takes_it_back(stage):
    stage.start(TWO_FILES)
    stage.kill("--save-files")
    stage.write_data("newer")
    with open(stage.home + "/locked", "r+b") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        stage.refused("still running?", args=("--changed-files", "put-back"), status=SYSTEM)
        expect_equal(read(stage.data), "newer")
        os.unlink(stage.data)
        stage.refused("still running?", args=("--changed-files", "put-back"), status=SYSTEM)
    expect_equal(os.listdir(stage.home), ["locked"])


def memory_that_was_written_shows_no_time(stage):
    """A page that is dirty already is written to without anybody being told."""
    stage.start(MAPPER)
    stage.kill("--save-files")
    before = os.stat(stage.data)
    stage.write_data("abcdefghij")
    os.utime(stage.data, ns=(before.st_atime_ns, before.st_mtime_ns))
    stage.refused("has other contents", "put-back")
    stage.restore("--changed-files", "put-back")
    expect_equal(stage.result(), "0123456789")
    expect_equal(read(stage.data), "M123456789")
    expect_equal(read(stage.data + ".before-restore"), "abcdefghij")


def what_is_mapped_privately_and_written_is_saved(stage):
    stage.start(COPY_ON_WRITE)
    stage.kill("--save-files")
    stage.write_data("abcdefghij!")
    stage.refused("has changed", "put-back")
    stage.restore("--changed-files", "put-back")
    expect_equal(stage.result(), "P123456789")


def a_file_with_two_names_is_not_parted(stage):
    stage.start(TWO_NAMES)
    stage.kill("--save-files")
    write(stage.data, "newer")
    stage.refused("was one of several names", "ln", args=("--changed-files", "put-back"))
    expect_equal(sorted(os.listdir(stage.home)), ["data", "other"])
    expect_equal(read(stage.home + "/other"), "newer")
    stage.restore("--changed-files", "warn")
    expect_equal(stage.result(), "True")


def a_written_file_with_an_unknown_name_may_be_copied(stage):
    stage.start(OTHER_NAME)
    said = stage.kill("--save-files")
    expect("has another name, which is not known" in said, said)
    write(stage.data, "somebody else's")
    stage.restore()
    expect_equal(stage.result(), "job3456789")
    expect_equal(read(stage.data), "somebody else's")
    expect_equal(read(stage.home + "/below/data"), "0123456789")


# --- moved


def start_movable(stage):
    exe = stage.home + "/python"
    shutil.copyfile(PYTHON, exe)
    os.chmod(exe, 0o755)
    stage.start(MOVED, exe)
    stage.kill()
    moved = stage.dir + "/moved"
    os.rename(stage.home, moved)
    return moved


def expect_moved(stage, moved):
    wanted = [moved + name for name in ("/python", "/cwd", "/data", "", "/cwd")]
    expect_equal(stage.result(), " ".join(wanted))
    expect_equal(read(moved + "/mapped")[:3], "new")


def a_directory_takes_along_what_is_in_it(stage):
    moved = start_movable(stage)
    stage.home, old = moved, stage.home
    stage.refused("--set-file", status=SYSTEM)
    stage.restore("--set-file", f"{old}={moved}/")
    expect_moved(stage, moved)


def files_may_move_one_by_one(stage):
    moved = start_movable(stage)
    stage.home, old = moved, stage.home
    args = []
    for name in ("/python", "/cwd", "/data", "/mapped"):
        args += ["--set-file", f"{old}{name}={moved}{name}"]
    os.mkdir(old)
    stage.own(old)
    stage.restore(*args)
    said = stage.result().split()
    expect_equal(said[:3], [moved + "/python", moved + "/cwd", moved + "/data"])
    expect_equal(said[3], old)


# --- holes


def holes_are_not_saved(stage):
    stage.start(SPARSE)
    stage.kill()
    st = os.stat(stage.image + "/data.bin")
    expect(st.st_size < 1 << 20, f"data.bin has {st.st_size} bytes")
    stage.restore()
    expect_equal(stage.result(), f"{4 << 30} True True")


# --- other mounts


def run_on_mount(stage, base):
    stage.home = base
    stage.own(base)
    stage.start(ON_MOUNT)
    stage.kill()
    stage.restore()
    expect_equal(stage.result(), "right")


def fill_mount(stage, base):
    for name in ("lower", "copied", "replaced"):
        write(f"{base}/{name}", name + "." * 4096)
        stage.own(f"{base}/{name}")
    stage.own(base)


def need_mounts():
    if os.geteuid() != 0:
        raise Skipped("mounting needs root")


def on_tmpfs(stage):
    need_mounts()
    stage.mount("-t", "tmpfs", "tmpfs", stage.home)
    fill_mount(stage, stage.home)
    run_on_mount(stage, stage.home)


def on_a_bind_mount(stage):
    need_mounts()
    below = stage.dir + "/below"
    os.mkdir(below)
    fill_mount(stage, below)
    stage.mount("--bind", below, stage.home)
    run_on_mount(stage, stage.home)


def mount_overlay(stage, separate):
    need_mounts()
    layers = stage.dir + "/layers"
    os.mkdir(layers)
    for name in ("lower", "upper", "work"):
        path = f"{layers}/{name}"
        os.mkdir(path)
    if separate:
        stage.mount("-t", "tmpfs", "tmpfs", layers + "/lower")
    fill_mount(stage, layers + "/lower")
    stage.own(layers + "/upper")
    try:
        stage.mount(
            "-t",
            "overlay",
            "-o",
            f"lowerdir={layers}/lower,upperdir={layers}/upper,workdir={layers}/work",
            "overlay",
            stage.home,
        )
    except subprocess.CalledProcessError as error:
        raise Skipped(f"no overlay file system here: {error.stderr.decode().strip()}") from error


def on_an_overlay(stage):
    mount_overlay(stage, separate=False)
    run_on_mount(stage, stage.home)


def on_an_overlay_of_two_file_systems(stage):
    mount_overlay(stage, separate=True)
    run_on_mount(stage, stage.home)


def what_is_only_mapped_on_an_overlay_needs_root(stage):
    """Its numbers do not say whether another process has the same file open."""
    mount_overlay(stage, separate=True)
    stage.own(stage.home)
    stage.start(MAPPED_ALONE)
    if stage.uid is None:
        stage.kill()
        stage.restore()
    else:
        try:
            stage.kill()
        except tools.ToolError as error:
            expect(error.rc == UNSUPPORTED and "snapshot as root" in error.text, error.text)
        else:
            raise Failed("the snapshot succeeded")
    expect_equal(stage.result(), "lower")


def a_file_under_a_mount_is_not_taken_for_the_one_on_it(stage):
    need_mounts()
    stage.start(WRITER)
    stage.mount("-t", "tmpfs", "tmpfs", stage.home)
    stage.write_data("0123456789")
    try:
        stage.kill()
    except tools.ToolError as error:
        expect("another name only" in error.text, error.text)
    else:
        raise Failed("the snapshot succeeded")


CASES = (
    what_is_only_read_must_be_as_it_was,
    what_is_written_may_have_changed,
    what_is_shorter_is_refused_unless_wanted,
    a_private_mapping_needs_what_was_mapped,
    other_code_is_refused_whatever_is_wanted,
    a_copy_is_put_back_only_when_asked,
    older_files_that_were_displaced_are_kept,
    with_a_copy_the_present_file_may_do,
    unchanged_files_are_left_alone,
    a_missing_file_is_made_again,
    a_failed_restore_takes_it_back,
    memory_that_was_written_shows_no_time,
    what_is_mapped_privately_and_written_is_saved,
    a_file_with_two_names_is_not_parted,
    a_written_file_with_an_unknown_name_may_be_copied,
    a_directory_takes_along_what_is_in_it,
    files_may_move_one_by_one,
    holes_are_not_saved,
    on_tmpfs,
    on_a_bind_mount,
    on_an_overlay,
    on_an_overlay_of_two_file_systems,
    what_is_only_mapped_on_an_overlay_needs_root,
    a_file_under_a_mount_is_not_taken_for_the_one_on_it,
)


def run_case(tool, directory, case, uid):
    os.mkdir(directory)
    os.chmod(directory, 0o755)
    stage = Stage(tool, directory, uid)
    try:
        case(stage)
    except Skipped as skipped:
        return "SKIP", str(skipped)
    except (Failed, tools.ToolError, OSError, ValueError, subprocess.SubprocessError) as failure:
        return "FAIL", f"{type(failure).__name__}: {failure} {stage.log()}"
    finally:
        stage.clean_up()
    return "PASS", ""


def enter_own_mounts():
    """Mounts that the cases make are nobody else's, and end with this process."""
    if os.geteuid() != 0 or "TARDIGRADE_OWN_MOUNTS" in os.environ:
        return
    unshare = ["unshare", "--mount", "--propagation", "private"]
    if subprocess.run([*unshare, "true"], check=False, stderr=subprocess.DEVNULL).returncode != 0:
        return
    os.environ["TARDIGRADE_OWN_MOUNTS"] = "1"
    os.execvp("unshare", [*unshare, sys.executable, *sys.argv])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tool-dir", default=os.path.join(REPOSITORY, "bazel-bin/supervisor/main"))
    parser.add_argument("--only")
    parser.add_argument("-v", "--verbose", action="store_true")
    arguments = parser.parse_args()
    enter_own_mounts()
    proc.become_subreaper()
    scratch = tools.scratch_dir("files.")
    tool = tools.Tool(arguments.tool_dir, scratch, arguments.verbose)
    users = {"root": None, "user": tools.UNPRIVILEGED_UID} if os.geteuid() == 0 else {"user": None}
    failures = 0
    for case in CASES:
        if arguments.only and case.__name__ not in arguments.only.split(","):
            continue
        for user, uid in users.items():
            directory = os.path.join(scratch, f"{case.__name__[:20]}.{len(os.listdir(scratch))}")
            result, why = run_case(tool, directory, case, uid)
            failures += result == "FAIL"
            print(f"{result} {user}/files/{case.__name__}{': ' + why if why else ''}", flush=True)
    if failures == 0:
        shutil.rmtree(scratch, ignore_errors=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
