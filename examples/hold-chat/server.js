// A server that can resume: it stores what visitors say before it acknowledges it, and when a connection is handed on to
// it, it says where to go on. End it with Ctrl+C and start it again: the visitors stay connected.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { WebSocketServer } from 'ws';

const FILE = process.argv[2] ?? 'chat.log';

/** How many messages of each visitor are stored. */
const stored = new Map();

function store(visitor, text) {
  appendFileSync(FILE, `${JSON.stringify([visitor, text])}\n`);
  stored.set(visitor, (stored.get(visitor) ?? 0) + 1);
}

for (const line of existsSync(FILE) ? readFileSync(FILE, 'utf8').trim().split('\n') : []) {
  if (line === '') continue;
  const [visitor] = JSON.parse(line);
  stored.set(visitor, (stored.get(visitor) ?? 0) + 1);
}

const server = new WebSocketServer({ host: '127.0.0.1', port: 8191 });

server.on('connection', (socket, request) => {
  const visitor = new URL(request.url ?? '', 'ws://chat').searchParams.get('visitor') ?? 'nobody';
  const resumed = request.headers['x-wsfw-resumed'];
  console.log(resumed === undefined ? `${visitor} came` : `${visitor} was handed on (${resumed})`);
  const next = () => stored.get(visitor) ?? 0;
  socket.send(JSON.stringify({ from: next() }));
  socket.on('error', () => {});
  socket.on('message', (data) => {
    const { number, text } = JSON.parse(data.toString());
    // What is here already is acknowledged once more; what is missing before it is asked for.
    if (number === next()) store(visitor, text);
    socket.send(JSON.stringify(number < next() ? { ack: number } : { from: next() }));
  });
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const socket of server.clients) socket.close(1012, 'service restart');
    server.close();
  });
}
