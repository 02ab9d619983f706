// The Mandelbrot set line by line, with timers between and a hash of all of it; two workers help.
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const crypto = require('crypto');

function line(y, size) {
  const out = Buffer.alloc(size);
  for (let x = 0; x < size; ++x) {
    const cr = (2.5 * x) / size - 1.8, ci = (2.4 * y) / size - 1.2;
    let zr = 0, zi = 0, n = 0;
    for (; n < 250 && zr * zr + zi * zi < 4; ++n) [zr, zi] = [zr * zr - zi * zi + cr, 2 * zr * zi + ci];
    out[x] = n;
  }
  return out;
}

const digest = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

if (!isMainThread) {
  const lines = [];
  for (let y = workerData.first; y < workerData.size; y += 2) lines.push(line(y, workerData.size));
  parentPort.postMessage(digest(Buffer.concat(lines)));
} else {
  const size = Number(process.argv[2]);
  const workers = [0, 1].map((first) => new Promise((done, failed) => {
    const worker = new Worker(__filename, { workerData: { first, size } });
    worker.on('message', done);
    worker.on('error', failed);
  }));
  let y = 0, all = [];
  const step = async () => {
    for (let i = 0; i < 10 && y < size; ++i) all.push(line(y++, size));
    if (y < size) return setTimeout(step, 1);
    for (const result of await Promise.all(workers)) console.log(result);
    console.log(digest(Buffer.concat(all)));
  };
  setTimeout(step, 1);
}
