# Pipelines and background jobs, with results that do not depend on who is faster.
set -o pipefail
numbers() { awk -v limit="$1" 'BEGIN { x = 1; for (i = 0; i < limit; i++) { x = x * 48271 % 2147483647; print x % 9973, x } }'; }
trap 'echo trapped' USR1

mkfifo through
for round in 1 2 3 4 5 6; do
  numbers 15000 | sort -n | tee "sorted.$round" | gzip -c >"packed.$round.gz" & packer=$!
  numbers 10000 | awk '{ sum[$1 % 100] += $2 } END { for (i = 0; i < 100; i++) print i, sum[i] }' | sort -k2,2n >"sums.$round" &
  (numbers 6000 | while read -r small large; do [ $((large % 100)) -eq 7 ] && echo "$small"; done; exit 3) >"picked.$round" & picker=$!
  tr 0-9 a-j <through | md5sum >"letters.$round" &
  numbers 5000 >through
  wait "$packer"; echo "packer $round: $?"
  wait "$picker"; echo "picker $round: $?"
  wait
  kill -USR1 $$
  gzip -dc "packed.$round.gz" | md5sum
  md5sum <"sums.$round"
  while read -r line; do echo "$line"; done < <(head -n 3 "sorted.$round") | rev
  { echo "round $round"; cat "letters.$round"; md5sum <"picked.$round"; } | sed 's/^/  /'
  echo "$round" >>progress
done
echo "status $(false | true; echo "${PIPESTATUS[*]}") $?"
