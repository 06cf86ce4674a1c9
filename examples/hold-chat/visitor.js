// A visitor who says something every second, and keeps it until the server has it. It never connects a second time.
import { WebSocket } from 'ws';

const visitor = process.argv[2] ?? 'alice';
const socket = new WebSocket(`ws://127.0.0.1:8190/chat?visitor=${visitor}`);

/** What was said and is not acknowledged, by number. */
const open = new Map();
let next = null;

const send = (number) => socket.send(JSON.stringify({ number, text: open.get(number) }));

socket.on('message', (data) => {
  const { ack, from } = JSON.parse(data.toString());
  if (ack !== undefined) {
    open.delete(ack);
    console.log(`${ack} is stored`);
    return;
  }
  next ??= from;
  for (const number of [...open.keys()].sort((a, b) => a - b)) {
    if (number < from) open.delete(number);
    else send(number);
  }
});

const timer = setInterval(() => {
  if (next === null) return;
  open.set(next, `It is ${new Date().toLocaleTimeString()}.`);
  send(next++);
}, 1000);

socket.on('error', (error) => console.error(error.message));
socket.on('close', (code, reason) => {
  clearInterval(timer);
  console.log(`closed: ${code} ${reason}`);
});
