#!/usr/bin/env bash
# The commands as linked: static, catching what the command line parser throws, exiting as documented.
set -uo pipefail
cd supervisor/main || exit 1
failures=0

# expect STATUS REGEX COMMAND...: the exit status, and a pattern for all it prints.
expect() {
  local status=$1 pattern=$2 output actual
  shift 2
  output=$("$@" 2>&1)
  actual=$?
  if [ "$actual" -ne "$status" ] || ! [[ $output =~ $pattern ]]; then
    echo "$*: exit status $actual (want $status), output (want $pattern):"
    echo "$output"
    failures=$((failures + 1))
  fi
}

expect 0 '^snapshot [0-9]+\.' ./snapshot_stub --version
expect 0 '^restore [0-9]+\.' ./restore_stub --version
expect 0 '^inspect [0-9]+\.' ./inspect_stub --version
expect 0 'Exit status' ./snapshot_stub --help
expect 64 '^snapshot: .*--pid' ./snapshot_stub
expect 64 'frobnicate' ./restore_stub x --frobnicate
expect 69 "^snapshot: process $$: .*; the process was left running" ./snapshot_stub --pid $$
expect 69 '^restore: x: .*; nothing of the job was left behind' ./restore_stub x
expect 65 '^inspect: x: ' ./inspect_stub x
expect 65 '"class":"bad image"' ./inspect_stub --json x
expect 71 'standard output' bash -c './inspect_stub --help >/dev/full'

for command in snapshot restore inspect; do
  if command -v readelf >/dev/null && readelf -l "${command}_stub" | grep -q INTERP; then
    echo "${command}_stub needs a dynamic linker"
    failures=$((failures + 1))
  fi
done
exit $((failures != 0))
