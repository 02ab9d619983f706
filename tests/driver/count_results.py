#!/usr/bin/env python3
"""Counts what a `bazel test` did, from its build events and its test logs.

  count_results.py EVENTS.json BAZEL-STATUS

A target is one; each "PASS a/b", "FAIL a/b" or "SKIP a/b" line in a test's log is one more, and so is
each case that GoogleTest skips.  Prints
"N passed, N failed[, N skipped]" last and exits with 0 only if all is well.
"""

import collections
import json
import re
import sys
import urllib.parse

CASE = re.compile(r"^(PASS|FAIL|SKIP) ([\w.-]+/\S.*)$", re.MULTILINE)
SKIPPED = re.compile(r": Skipped\n(.*?)\s*\[  SKIPPED \] (\S+) \(", re.DOTALL)


def skipped_cases(text):
    """["Suite.Case: reason", ...] from what a GoogleTest printed."""
    return [f"{case}: {' '.join(why.split())}" for why, case in SKIPPED.findall(text)]


def read_events(path):
    """Returns {label: status} and the paths of the test logs by label."""
    statuses, logs = {}, collections.defaultdict(set)
    with open(path, encoding="utf-8") as file:
        for line in file:
            event = json.loads(line)
            identity = event.get("id", {})
            if "testSummary" in identity and "testSummary" in event:
                statuses[identity["testSummary"]["label"]] = event["testSummary"]["overallStatus"]
            elif "testResult" in identity and "testResult" in event:
                label = identity["testResult"]["label"]
                statuses.setdefault(label, event["testResult"]["status"])
                for output in event["testResult"].get("testActionOutput", ()):
                    if output["name"] == "test.log":
                        logs[label].add(
                            urllib.parse.unquote(urllib.parse.urlparse(output["uri"]).path)
                        )
            elif "targetConfigured" in identity and "aborted" in event:
                statuses[identity["targetConfigured"]["label"]] = "NOT BUILT"
            elif "targetCompleted" in identity and "test" in event.get("completed", {}).get(
                "targetKind", ""
            ):
                statuses.setdefault(identity["targetCompleted"]["label"], "NO STATUS")
            elif "targetCompleted" in identity and not event.get("completed", {}).get(
                "success", False
            ):
                statuses[identity["targetCompleted"]["label"]] = "NOT BUILT"
    return statuses, logs


def main():
    statuses, logs = read_events(sys.argv[1])
    bazel_status = int(sys.argv[2])
    counts = collections.Counter()
    for label, status in sorted(statuses.items()):
        cases = collections.Counter()
        for path in logs[label]:
            with open(path, encoding="utf-8", errors="replace") as file:
                log = file.read()
            for verdict, text in CASE.findall(log) + [("SKIP", s) for s in skipped_cases(log)]:
                cases[verdict] += 1
                if verdict != "PASS":
                    print(f"  {verdict} {text[:300]}")
        counts += cases
        counts["PASS" if status == "PASSED" else "FAIL"] += 1
        detail = (
            f"  {cases['PASS']} passed, {cases['FAIL']} failed, {cases['SKIP']} skipped"
            if cases
            else ""
        )
        print(f"{status:10} {label}{detail}")
    if bazel_status != 0 and counts["FAIL"] == 0:
        print(f"bazel exited with {bazel_status}")
        counts["FAIL"] += 1
    skipped = f", {counts['SKIP']} skipped" if counts["SKIP"] else ""
    print(f"{counts['PASS']} passed, {counts['FAIL']} failed{skipped}")
    return 0 if counts["FAIL"] == 0 and counts["PASS"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
