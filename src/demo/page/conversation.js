const MAX_ENTRIES = 300;
const GROUP_WITHIN_MS = 120_000;
const NEAR_END_PX = 80;

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** Makes an element. Everything from outside enters the page through `textContent`, never as HTML. */
export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** A person's initials on one of eight colours, the same for a name every time. */
export function avatar(name) {
  const made = element('span', 'avatar', initials(name));
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)) % 9973;
  made.dataset.tone = String(sum % 8);
  made.setAttribute('aria-hidden', 'true');
  return made;
}

function initials(name) {
  const words = name.split(' ').filter((word) => /\p{L}|\p{N}/u.test(word));
  return (
    words
      .slice(0, 2)
      .map((word) => [...word][0].toUpperCase())
      .join('') || '?'
  );
}

/** The list of messages and notes. Follows its end, unless the reader has scrolled away from it. */
export class Conversation {
  #log;
  #scroll;
  #seen = new Set();
  #last = null;
  #following = true;

  constructor(log, scroll) {
    this.#log = log;
    this.#scroll = scroll;
    // Whoever scrolls with the keyboard has to reach what scrolls (WCAG 2.1.1); not every browser sees to it.
    scroll.tabIndex = 0;
    scroll.addEventListener('scroll', () => {
      this.#following = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END_PX;
    });
    // A keyboard that slides in, or a window made smaller, must not cover what was said last.
    new ResizeObserver(() => this.#follow()).observe(scroll);
  }

  /** Adds what was said before we came, without reading it out loud. */
  addHistory(history, myId) {
    this.#log.setAttribute('aria-busy', 'true');
    for (const said of history) this.addSaid(said, said.from.id === myId);
    this.#log.setAttribute('aria-busy', 'false');
  }

  /** @returns the entry's line for its time, where a round-trip time may be added; `null` if it was shown already */
  addSaid(said, mine) {
    if (this.#seen.has(said.id)) return null;
    this.#seen.add(said.id);
    const at = new Date(Date.now() - said.agoMs);
    const entry = element('article', mine ? 'message mine' : 'message');
    const follows =
      this.#last?.from === said.from.id &&
      this.#last.name === said.from.name &&
      at.getTime() - this.#last.at < GROUP_WITHIN_MS;
    if (follows) entry.classList.add('follows');

    const author = element(
      'bdi',
      follows || mine ? 'author unseen' : 'author',
      mine ? 'You' : said.from.name,
    );
    const bubble = element('p', 'bubble', said.text);
    bubble.dir = 'auto';
    const foot = element('span', 'foot');
    const clock = element('time', '', time.format(at));
    clock.dateTime = at.toISOString();
    foot.append(clock);
    if (!mine) entry.append(avatar(said.from.name));
    entry.append(author, bubble, foot);
    this.#add(entry);
    this.#last = { from: said.from.id, name: said.from.name, at: at.getTime() };
    return foot;
  }

  /** A line about the room: who came, who left. */
  addNote(...parts) {
    const note = element('p', 'note');
    for (const part of parts) note.append(typeof part === 'string' ? part : element('bdi', '', part.name));
    this.#add(note);
    this.#last = null;
  }

  /** How a connection ended: its code, its reason as sent, and what that means. */
  addEnding(code, reason, words) {
    const ending = element('div', 'ending');
    const head = element('p', 'head');
    head.append(element('b', 'code', String(code)), element('bdi', 'reason', reason));
    ending.append(head, element('p', 'words', words));
    this.#add(ending);
    this.#last = null;
  }

  #add(entry) {
    this.#log.append(entry);
    while (this.#log.childElementCount > MAX_ENTRIES) this.#log.firstElementChild.remove();
    if (entry.classList.contains('mine')) this.#following = true;
    this.#follow();
  }

  #follow() {
    if (this.#following) this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }
}
