// Clients and a server that talk over a UNIX socket.
const net = require('net');
const rounds = Number(process.argv[2]);
const totals = [];

const server = net.createServer((peer) => {
  peer.on('data', (data) => peer.write(data.toString().toUpperCase()));
});

function talk(number) {
  const client = net.connect('echo.socket');
  let i = 0, total = 0, pending = '';
  const next = () => client.write(`client ${number} says ${i}\n`);
  client.on('connect', next);
  client.on('data', (data) => {
    pending += data;
    if (!pending.endsWith('\n')) return;
    if (pending !== `CLIENT ${number} SAYS ${i}\n`) throw new Error(pending);
    pending = '';
    total += i * i;
    if (++i < rounds) return void setTimeout(next, 1);
    client.end();
    totals[number] = total;
    if (Object.keys(totals).length === 5) {
      console.log(totals.join(' '));
      server.close();
    }
  });
}

server.listen('echo.socket', () => {
  for (let n = 0; n < 5; ++n) talk(n);
});
