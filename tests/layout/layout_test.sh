#!/usr/bin/env bash
# Checks the source tree, found through the link that the build makes to WORKSPACE; and that the
# check can fail, on a small tree with one of each fault.
set -uo pipefail

check=$PWD/tests/layout/check.py
root=$(dirname "$(readlink -f WORKSPACE)")
python3 "$check" "$root" || exit 1

bad=$TEST_TMPDIR/bad
mkdir -p "$bad"/{supervisor/base,supervisor/cli,plugins/a,plugins/b,parasite}
for i in 1 2 3 4 5 6 7 8 9 10; do echo "int v$i;" >"$bad/supervisor/base/ok$i.cc"; done
echo '#include "supervisor/cli/x.h"' >"$bad/supervisor/base/up.cc"
echo '#include "plugins/b/b.h"' >"$bad/plugins/a/a.cc"
echo '#include "supervisor/base/x.h"' >"$bad/parasite/p.cc"
echo '#include "tests/testing/x.h"' >"$bad/supervisor/cli/t.cc"
echo '#ifndef WRONG_H' >"$bad/supervisor/cli/g.h"
printf '// TO%s: later\n' DO >"$bad/supervisor/cli/later.cc"
printf '// see /wo%s/x\n' rk >"$bad/supervisor/cli/path.cc"
for i in 1 2 3; do echo '#include <nlohmann/json.hpp>' >"$bad/supervisor/cli/j$i.cc"; done
seq 1 401 | sed 's/.*/int x&;/' >"$bad/supervisor/cli/long.cc"
{ echo 'void F() {'; seq 1 61 | sed 's/.*/  f();/'; echo '}'; } >"$bad/supervisor/cli/function.cc"

output=$(python3 "$check" "$bad") && { echo "the check cannot fail"; exit 1; }
for wanted in 'base/up.cc:1: supervisor/base must not' 'a/a.cc:1: plugins/a must not' \
  'parasite/p.cc:1: parasite must not' 'cli/t.cc:1: only tests' 'cli/g.h:1: wants the include guard' \
  'cli/later.cc:1: unfinished' 'cli/path.cc:1: a path' 'nlohmann is included by 3' \
  'cli/long.cc:1: 401 lines' 'cli/function.cc:1: a function of 63 lines'; do
  grep -qF "$wanted" <<<"$output" || { echo "not found: $wanted"; echo "$output"; exit 1; }
done
[ "$(wc -l <<<"$output")" -eq 10 ] || { echo "found too much:"; echo "$output"; exit 1; }
