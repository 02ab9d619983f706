#!/usr/bin/env python3
"""Files that something happens to between snapshot and restore, and files on other mounts.

  run.py [--tool-dir DIR] [--only NAME[,NAME]] [-v]

As root every case runs twice: as root, and as an ordinary user.
"""

import argparse
import fcntl
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "driver")]

import mounts
import proc
import programs
import tool as tools
from checks import Failed, expect
from stage import PYTHON, SYSTEM, Skipped, Stage, expect_equal, read, write

REPOSITORY = os.path.realpath(os.path.join(HERE, "..", ".."))


# --- without copies


def what_is_only_read_must_be_as_it_was(stage):
    stage.start(programs.READER)
    stage.kill()
    stage.write_data("abcdefghij!")
    stage.refused("/data has changed", "--set-file", "--changed-files warn")
    stage.refused("/data has changed", args=("--changed-files", "refuse"))
    stage.refused("/data has changed", args=("--changed-files", "put-back"))
    expect("/data has changed" in stage.restore("--changed-files", "warn"), "no warning")
    expect_equal(stage.result(), "cdefghij!")


def what_is_written_may_have_changed(stage):
    stage.start(programs.WRITER)
    stage.kill()
    stage.write_data("more", "a")
    stage.refused("/data has changed", "warn", args=("--changed-files", "refuse"))
    expect("grew by 4 bytes" in stage.restore(), "no warning")
    expect_equal(stage.result(), "23456789more")


def what_is_shorter_is_refused_unless_wanted(stage):
    stage.start(programs.WRITER)
    stage.kill()
    stage.write_data("0")
    stage.refused("is shorter (1 bytes)", "--changed-files warn")
    stage.restore("--changed-files", "warn")
    expect_equal(stage.result(), "")


def a_private_mapping_needs_what_was_mapped(stage):
    stage.start(programs.COPY_ON_WRITE)
    stage.kill()
    stage.write_data("abcdefghij!")
    stage.refused("has changed", "put back the file the job had", "--changed-files warn")
    expect("has changed" in stage.restore("--changed-files", "warn"), "no warning")
    expect_equal(stage.result(), "P123456789")


def other_code_is_refused_whatever_is_wanted(stage):
    exe = stage.home + "/python"
    shutil.copyfile(PYTHON, exe)
    os.chmod(exe, 0o755)
    stage.start(programs.READER, exe)
    stage.kill()
    os.unlink(exe)
    shutil.copyfile(shutil.which("bash"), exe)
    os.chmod(exe, 0o755)
    for args in ((), ("--changed-files", "warn")):
        stage.refused("/home/python", args=args)


# --- with copies


def a_copy_is_put_back_only_when_asked(stage):
    os.chmod(stage.data, 0o640)
    stage.start(programs.WRITER)
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
    stage.start(programs.READER)
    stage.kill("--save-files")
    write(stage.data + ".before-restore", "older")
    stage.write_data("newer")
    expect(".before-restore.2" in stage.restore("--changed-files", "put-back"), "another name")
    expect_equal(stage.result(), "23456789")
    expect_equal(read(stage.data + ".before-restore"), "older")
    expect_equal(read(stage.data + ".before-restore.2"), "newer")


def with_a_copy_the_present_file_may_do(stage):
    stage.start(programs.WRITER)
    stage.kill("--save-files")
    stage.write_data("more", "a")
    expect("goes on with it as it is" in stage.restore("--changed-files", "warn"), "no warning")
    expect_equal(stage.result(), "23456789more")


def unchanged_files_are_left_alone(stage):
    stage.start(programs.WRITER)
    stage.kill("--save-files")
    before = os.stat(stage.data)
    said = stage.restore("--changed-files", "put-back")
    expect("warning" not in said, said)
    expect_equal(stage.result(), "23456789")
    expect_equal(os.stat(stage.data).st_ino, before.st_ino)


def a_missing_file_is_made_again(stage):
    stage.start(programs.WRITER)
    stage.kill("--save-files")
    os.unlink(stage.data)
    stage.refused("/data is missing", "--changed-files put-back", "--set-file")
    stage.refused("/data is missing", args=("--changed-files", "warn"))
    expect("was missing" in stage.restore("--changed-files", "put-back"), "no warning")
    expect_equal(stage.result(), "23456789")
    expect_equal(read(stage.data), "0123456789+")


def a_failed_restore_takes_it_back(stage):
    stage.start(programs.TWO_FILES)
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
    stage.start(programs.MAPPER)
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
    stage.start(programs.COPY_ON_WRITE)
    stage.kill("--save-files")
    stage.write_data("abcdefghij!")
    stage.refused("has changed", "put-back")
    stage.restore("--changed-files", "put-back")
    expect_equal(stage.result(), "P123456789")


def a_file_with_two_names_is_not_parted(stage):
    stage.start(programs.TWO_NAMES)
    stage.kill("--save-files")
    write(stage.data, "newer")
    stage.refused("was one of several names", "ln", args=("--changed-files", "put-back"))
    expect_equal(sorted(os.listdir(stage.home)), ["data", "other"])
    expect_equal(read(stage.home + "/other"), "newer")
    stage.restore("--changed-files", "warn")
    expect_equal(stage.result(), "True")


def a_written_file_with_an_unknown_name_may_be_copied(stage):
    stage.start(programs.OTHER_NAME)
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
    stage.start(programs.MOVED, exe)
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
    stage.start(programs.SPARSE)
    stage.kill()
    st = os.stat(stage.image + "/data.bin")
    expect(st.st_size < 1 << 20, f"data.bin has {st.st_size} bytes")
    stage.restore()
    expect_equal(stage.result(), f"{4 << 30} True True")


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
    *mounts.CASES,
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
