# A server and the clients of its benchmark, by TCP: each of COUNT requests must be answered once.
#   redis.sh COUNT
port=$((20000 + $$ % 10000))
redis-server --port $port --bind 127.0.0.1 --save '' --appendonly no --dir . >redis.log 2>&1 &
server=$!
until redis-cli -p $port ping >/dev/null 2>&1; do sleep 0.05; done
redis-benchmark -h 127.0.0.1 -p $port -n "$1" -c 20 incr counter >benchmark.log 2>&1
echo "the benchmark exits with $?"
redis-cli -p $port get counter
redis-cli -p $port shutdown nosave
wait $server
echo "the server exits with $?"
