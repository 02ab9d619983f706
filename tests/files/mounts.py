"""Files on other mounts than the root's."""

import os
import subprocess

import programs
import tool as tools
from checks import Failed, expect
from stage import UNSUPPORTED, Skipped, expect_equal, write


def run_on_mount(stage, base):
    stage.home = base
    stage.own(base)
    stage.start(programs.ON_MOUNT)
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
    stage.start(programs.MAPPED_ALONE)
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
    stage.start(programs.WRITER)
    stage.mount("-t", "tmpfs", "tmpfs", stage.home)
    stage.write_data("0123456789")
    try:
        stage.kill()
    except tools.ToolError as error:
        expect("another name only" in error.text, error.text)
    else:
        raise Failed("the snapshot succeeded")


CASES = (
    on_tmpfs,
    on_a_bind_mount,
    on_an_overlay,
    on_an_overlay_of_two_file_systems,
    what_is_only_mapped_on_an_overlay_needs_root,
    a_file_under_a_mount_is_not_taken_for_the_one_on_it,
)
