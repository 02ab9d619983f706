# A web server and who downloads from it, slowly, by TCP.
#   download.sh COUNT
port=$((20000 + $$ % 10000))
python3 -m http.server --bind 127.0.0.1 $port >server.log 2>&1 &
server=$!
until curl -s -o /dev/null http://127.0.0.1:$port/; do sleep 0.05; done
for _ in $(seq "$1"); do
  curl -sS --limit-rate 10M http://127.0.0.1:$port/input | sha256sum
done
kill $server
wait $server
echo "the server exits with $?"
