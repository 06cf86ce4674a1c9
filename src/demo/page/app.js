import { explainClose, isInactive } from './closing.js';
import { Connection } from './connection.js';
import { Conversation, element } from './conversation.js';
import {
  formatMs,
  preparePanel,
  showCompression,
  showLastClose,
  showPeople,
  showRoundTrip,
  showState,
  showTraffic,
  showTravel,
  showWay,
} from './panel.js';

const byId = (id) => document.getElementById(id);
const NAME_KEY = 'wsfw-demo-name';
const BINARY_BYTES = 1024;

const way = await (await fetch('/gateway.json')).json();
const conversation = new Conversation(byId('log'), byId('scroll'));
const connection = new Connection(address, { state: onState, message: onMessage, close: onClose });

const people = new Map();
const sentAt = new Map();
let me = null;
let sent = 0;
let received = 0;
let refs = 0;
let lastEnding = '';
let sendWhenOpen = false;
let binary = null;

function address() {
  const url = new URL(way.gateway);
  const name = sessionStorage.getItem(NAME_KEY);
  if (name) url.searchParams.set('name', name);
  return url.href;
}

function onState(state) {
  showState(state);
  if (state === 'open') showCompression(connection.socket.extensions);
}

function onClose({ code, reason }) {
  binary = null;
  sentAt.clear();
  people.clear();
  showPeople(people, null);
  // While the gateway is away every attempt ends the same way: saying so once is enough.
  const ending = `${code} ${reason}`;
  if (code === 1006 && lastEnding !== '') return;
  lastEnding = ending;
  showLastClose(code, reason);
  const hint = isInactive(code, reason) ? ' Say something and you are back.' : '';
  conversation.addEnding(code, reason, explainClose(code, reason) + hint);
}

function onMessage({ data }) {
  received += 1;
  showTraffic(sent, received);
  showTravel('in');
  if (typeof data === 'string') onRoomMessage(JSON.parse(data));
  else onBinary(data);
}

function onRoomMessage(message) {
  if (message.type === 'welcome') onWelcome(message);
  else if (message.type === 'said') onSaid(message);
  else if (message.type === 'joined') onPeople(message.person, 'joined');
  else if (message.type === 'left') onPeople(message.person, 'left');
  else if (message.type === 'renamed') onRenamed(message);
  else if (message.type === 'refused') showProblem(message.why);
}

function onWelcome({ you, people: present, history, limits }) {
  me = you;
  lastEnding = '';
  people.clear();
  for (const person of present) people.set(person.id, person);
  showPeople(people, me.id);
  byId('name').value = you.name;
  byId('name').maxLength = limits.nameLength;
  byId('text').maxLength = limits.textLength;
  sessionStorage.setItem(NAME_KEY, you.name);
  conversation.addHistory(history, me.id);
  conversation.addNote('You are here as ', { name: you.name }, aloneOr(present.length));
  if (sendWhenOpen) say();
}

function aloneOr(count) {
  if (count === 1) return '. Open a second window for company.';
  return count === 2 ? ', with one other.' : `, with ${count - 1} others.`;
}

function onSaid(said) {
  const startedAt = said.ref === undefined ? undefined : sentAt.get(said.ref);
  const foot = conversation.addSaid(said, said.from.id === me?.id);
  if (startedAt === undefined) return;
  sentAt.delete(said.ref);
  const ms = performance.now() - startedAt;
  showRoundTrip(ms);
  foot?.append(element('span', 'trip', formatMs(ms)));
}

function onPeople(person, what) {
  if (what === 'joined') people.set(person.id, person);
  else people.delete(person.id);
  showPeople(people, me?.id);
  conversation.addNote({ name: person.name }, ` ${what}`);
}

function onRenamed({ person, before }) {
  people.set(person.id, person);
  if (person.id === me?.id) {
    me = person;
    byId('name').value = person.name;
    sessionStorage.setItem(NAME_KEY, person.name);
  }
  showPeople(people, me?.id);
  conversation.addNote({ name: before }, ' is now ', { name: person.name });
}

function onBinary(data) {
  if (binary === null) return;
  const ms = performance.now() - binary.startedAt;
  const back = new Uint8Array(data);
  const same = back.length === binary.bytes.length && back.every((byte, i) => byte === binary.bytes[i]);
  binary = null;
  showRoundTrip(ms);
  const count = back.length.toLocaleString('en');
  conversation.addNote(
    `${count} bytes went there and back in ${formatMs(ms)}, ${same ? 'unchanged' : 'and were changed on the way'}`,
  );
}

function send(data) {
  if (!connection.send(data)) return false;
  sent += 1;
  showTraffic(sent, received);
  showTravel('out');
  return true;
}

/** Sends what stands in the message field. Without a connection it makes one first and sends then. */
function say() {
  const field = byId('text');
  const text = field.value.trim();
  showProblem('');
  sendWhenOpen = false;
  if (text === '') return;
  const ref = String(++refs);
  if (me !== null && people.has(me.id) && send(JSON.stringify({ type: 'say', text, ref }))) {
    sentAt.set(ref, performance.now());
    field.value = '';
    grow(field);
    return;
  }
  sendWhenOpen = true;
  connection.wake();
}

function sendBytes() {
  const bytes = crypto.getRandomValues(new Uint8Array(BINARY_BYTES));
  if (send(bytes)) binary = { bytes, startedAt: performance.now() };
}

function showProblem(text) {
  byId('problem').textContent = text;
}

/** Lets the message field grow with what is typed, up to a few lines. */
function grow(field) {
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight}px`;
}

byId('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  say();
});
byId('text').addEventListener('keydown', (event) => {
  // While an input method composes a character, Enter belongs to it.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  say();
});
byId('text').addEventListener('input', (event) => grow(event.target));
byId('rename').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = byId('name').value.trim();
  if (name === '') return;
  sessionStorage.setItem(NAME_KEY, name);
  if (!send(JSON.stringify({ type: 'rename', name }))) connection.wake();
});
byId('bytes').addEventListener('click', sendBytes);
byId('switch').addEventListener('click', () => {
  if (connection.state === 'open' || connection.state === 'connecting') connection.rest();
  else connection.wake();
});
for (const moment of ['online', 'pageshow']) {
  addEventListener(moment, () => {
    if (connection.state === 'waiting') connection.wake();
  });
}

preparePanel();
showWay(way);
connection.wake();
