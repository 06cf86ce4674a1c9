import { avatar, element } from './conversation.js';

const byId = (id) => document.getElementById(id);

const STATE_WORDS = {
  connecting: 'Connecting',
  open: 'Connected',
  waiting: 'Reconnecting',
  resting: 'Disconnected',
};

/** Shows the connection's state at the top, on the way, and on the button that switches it. */
export function showState(state) {
  byId('state').textContent = STATE_WORDS[state];
  byId('state').dataset.state = state;
  byId('way').dataset.state = state;
  byId('switch').textContent = state === 'open' || state === 'connecting' ? 'Disconnect' : 'Connect now';
  byId('bytes').disabled = state !== 'open';
}

/** Lets a dot travel along the way: `out` to the upstream, `in` from it. */
export function showTravel(direction) {
  const way = byId('way');
  way.classList.remove('out', 'in');
  // Reading a layout property makes the browser notice the removal, so that the animation starts again.
  void way.offsetWidth;
  way.classList.add(direction);
}

export function showWay({ gateway, upstream }) {
  const [near, far] = [new URL(gateway), new URL(upstream)];
  showHost('way-gateway', near);
  showHost('way-upstream', far);
  byId('address').textContent = gateway;
  byId('curl').textContent = `curl -i ${gateway.replace(/^ws/, 'http')}`;
  byId('way').setAttribute(
    'aria-label',
    `Your bytes travel from this page to the gateway at ${near.host} and on to the demo upstream at ${far.host}`,
  );
}

/** Host and port apart: narrow windows show the port only. */
function showHost(id, { hostname, port, protocol }) {
  byId(`${id}-host`).textContent = hostname;
  byId(`${id}-port`).textContent = `:${port || (protocol === 'wss:' ? 443 : 80)}`;
}

export function showPeople(people, myId) {
  byId('count').textContent = people.size === 0 ? '' : String(people.size);
  const entries = [...people.values()].map((person) => {
    const entry = element('li');
    entry.append(avatar(person.name), element('bdi', '', person.name));
    if (person.id === myId) entry.append(element('span', 'you', 'you'));
    return entry;
  });
  if (entries.length === 0) entries.push(element('li', 'nobody', 'You are not connected.'));
  byId('people').replaceChildren(...entries);
}

export function showTraffic(sent, received) {
  byId('traffic').textContent = `${sent} out, ${received} in`;
}

export function showRoundTrip(ms) {
  byId('round-trip').textContent = formatMs(ms);
}

export function showCompression(extensions) {
  byId('compression').textContent = extensions.includes('permessage-deflate')
    ? 'permessage-deflate, agreed end to end'
    : 'none';
}

export function showLastClose(code, reason) {
  byId('last-close').textContent = reason ? `${code} “${reason}”` : String(code);
}

export function formatMs(ms) {
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

/** On a phone the panel is behind a button; Escape brings the conversation back. */
export function preparePanel() {
  const toggle = byId('panel-toggle');
  const show = (open) => {
    document.body.classList.toggle('panel-open', open);
    toggle.setAttribute('aria-expanded', String(open));
    toggle.textContent = open ? 'Back to chat' : 'Details';
  };
  toggle.addEventListener('click', () => show(toggle.getAttribute('aria-expanded') !== 'true'));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !document.body.classList.contains('panel-open')) return;
    show(false);
    toggle.focus();
  });
}
