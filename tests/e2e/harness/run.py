#!/usr/bin/env python3
"""Runs the e2e programs under every variant.

  run.py --bin-dir DIR [--tool-dir DIR] [--only NAME[,NAME]] [--variant V[,V]] [--build B[,B]] [-v]

DIR holds dynamic/, static/ and musl/ with the programs; the tool's directory holds snapshot,
restore and inspect.  Exits with 1 if a case failed.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "driver")]

import expectations
import huge_pages
import ping_groups
import proc
import tool as tools
import variants

BUILDS = ("dynamic", "static", "musl")
REPOSITORY = os.path.realpath(os.path.join(HERE, "..", "..", ".."))
# restore --foreground is about the tool, not about what is saved: a few programs say it all.
FOREGROUND_PROGRAMS = (
    "ids",
    "mem_anon",
    "call_nanosleep",
    "threads_100",
    "thread_exited",
    "fd_regular",
    "tree_levels",
    "tree_zombies",
)

Outcome = collections.namedtuple("Outcome", "program build variant result reason seconds")


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--bin-dir", default=os.path.join(REPOSITORY, "bazel-bin/tests/e2e/programs")
    )
    parser.add_argument("--tool-dir", default=os.path.join(REPOSITORY, "bazel-bin/supervisor/main"))
    parser.add_argument("--only", help="programs, separated by commas; a trailing * is allowed")
    parser.add_argument("--variant", default=",".join(variants.VARIANTS))
    parser.add_argument("--build", default=",".join(BUILDS))
    parser.add_argument("--jobs", type=int, default=4, help="cases at a time")
    parser.add_argument("--keep", action="store_true", help="keep the directories of the cases")
    parser.add_argument("-v", "--verbose", action="store_true")
    arguments = parser.parse_args()
    for name in arguments.variant.split(","):
        if name not in variants.VARIANTS:
            parser.error(f"there is no variant {name}")
    if arguments.verbose:
        arguments.jobs = 1
    return arguments


def is_wanted(program, only):
    if not only:
        return True
    return any(
        program == name or (name.endswith("*") and program.startswith(name[:-1]))
        for name in only.split(",")
    )


def list_cases(arguments):
    cases = []
    for build in arguments.build.split(","):
        for program in sorted(os.listdir(os.path.join(arguments.bin_dir, build))):
            if not is_wanted(program, arguments.only):
                continue
            for variant in arguments.variant.split(","):
                if variant == "foreground" and program not in FOREGROUND_PROGRAMS:
                    continue
                if variant in ("kill_restore", "twice", "fifth") and program in expectations.REFUSED:
                    continue
                if variant == "fifth" and not program.startswith("call_"):
                    continue
                cases.append((program, build, variant))
    shards, shard = int(os.environ.get("TEST_TOTAL_SHARDS", 1)), int(
        os.environ.get("TEST_SHARD_INDEX", 0)
    )
    if "TEST_SHARD_STATUS_FILE" in os.environ:
        open(os.environ["TEST_SHARD_STATUS_FILE"], "w", encoding="ascii").close()
    # Slow programs are neighbours: deal the cases out.
    return cases[shard::shards]


def run_case(tool, arguments, scratch, program, build, variant):
    reason = expectations.skip_reason(program, variant, build)
    if reason:
        return Outcome(program, build, variant, "SKIP", reason, 0)
    uid = tools.UNPRIVILEGED_UID if variant == "unprivileged" and os.geteuid() == 0 else None
    directory = os.path.join(scratch, f"{variant}.{build}.{program}")
    os.mkdir(directory)
    if uid is not None:
        os.chown(directory, uid, uid)
    binary = os.path.join(scratch, "bin", build, program)
    case = variants.Case(tool, program, build, binary, directory, uid)
    run = variants.VARIANTS[variant]
    case.refusal = expectations.refusal(program, variant)
    if variant != "undisturbed" and case.refusal:
        run = variants.refused
    if arguments.verbose:
        print(f"* {variant}/{build}/{program} in {directory}", flush=True)
    begin = time.monotonic()
    result, why = "PASS", ""
    with_leave = contextlib.nullcontext()
    if program in expectations.HUGE_PAGE_PROGRAMS:
        with_leave = huge_pages.allowed()
    if program in expectations.PING_PROGRAMS:
        with_leave = ping_groups.allowed()
    try:
        with with_leave:
            run(case)
    except variants.CaseSkipped as skipped:
        result, why = "SKIP", str(skipped)
    except (variants.CaseFailed, tools.ToolError, subprocess.TimeoutExpired, OSError) as failure:
        result, why = "FAIL", str(failure)
    finally:
        case.clean_up()
    result, why = judge(result, why, expectations.expected_failure(program, variant, build))
    if result != "FAIL" and not arguments.keep:
        shutil.rmtree(directory, ignore_errors=True)
    return Outcome(program, build, variant, result, why, time.monotonic() - begin)


def judge(result, why, known):
    if not known or result == "SKIP":
        return result, why
    if result == "PASS":
        return "FAIL", f"passed, though it is expected to fail ({known})"
    return "SKIP", f"expected failure: {known} [{why}]"


def print_table(outcomes):
    columns = sorted(
        {(o.variant, o.build) for o in outcomes},
        key=lambda c: (list(variants.VARIANTS).index(c[0]), c[1]),
    )
    cells = {(o.program, o.variant, o.build): o for o in outcomes}
    marks = {"PASS": "ok", "FAIL": "FAIL", "SKIP": "skip"}
    print("\n" + " " * 26 + " ".join(f"{v[:8]}/{b[:3]:3}".ljust(12) for v, b in columns))
    for program in sorted({o.program for o in outcomes}):
        row = [cells.get((program, *column)) for column in columns]
        print(f"{program:26}" + " ".join((marks[o.result] if o else "-").ljust(12) for o in row))


def prepare_binaries(arguments, scratch, programs):
    """Copies them to where every user can reach them, under a name that lasts."""
    for program, build, _ in programs:
        target = os.path.join(scratch, "bin", build, program)
        if not os.path.exists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(os.path.join(arguments.bin_dir, build, program), target)
            os.chmod(target, 0o755)


def main():
    arguments = parse_arguments()
    proc.become_subreaper()
    os.umask(0o022)
    cases = list_cases(arguments)
    scratch = tools.scratch_dir("e2e.")
    prepare_binaries(arguments, scratch, cases)
    needs_tool = any(variant != "undisturbed" for _, _, variant in cases)
    tool = tools.Tool(arguments.tool_dir, scratch, arguments.verbose) if needs_tool else None
    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        futures = [pool.submit(run_case, tool, arguments, scratch, *case) for case in cases]
        for future in concurrent.futures.as_completed(futures):
            outcome = future.result()
            outcomes.append(outcome)
            print(
                f"{outcome.result} {outcome.variant}/{outcome.build}/{outcome.program}"
                f" {outcome.seconds:.2f}s" + (f": {outcome.reason}" if outcome.reason else ""),
                flush=True,
            )
    print_table(outcomes)
    counts = collections.Counter(o.result for o in outcomes)
    print(f"e2e: {counts['PASS']} passed, {counts['FAIL']} failed, {counts['SKIP']} skipped")
    if counts["FAIL"] == 0 and not arguments.keep:
        shutil.rmtree(scratch, ignore_errors=True)
    else:
        print(f"what is left of the cases is in {scratch}")
    return 1 if counts["FAIL"] or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
