# Writes to its terminal, and asks it now and then, for a few seconds.
set -m
stty -echo
for ((i = 1; i <= $1; i++)); do
  ((sum = (sum * 31 + i * i) % 1000003))
  echo "line $i: $sum"
  if ((i % 100 == 0)); then
    stty size rows $((i / 10)) cols 77
    (stty size; echo "in a job of its own: $((sum % 7))")
    sleep 0.2
  fi
done
[ -t 0 ] && [ -t 1 ] && echo "on a terminal"
