import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { LIMITS } from './limits.ts';
import { cleanName, cleanText, freeName, guestName } from './names.ts';
import type { Person, Request, RoomMessage, Said } from './protocol.ts';

type Remembered = Omit<Said, 'agoMs'> & { readonly atMs: number };

/** Somebody in the room, and how to reach them. */
export interface Member {
  person: Person;
  readonly tell: (message: RoomMessage) => void;
}

/** The conversation: who is here, what was said last, and who hears what. Knows nothing of sockets. */
export class Room {
  readonly #clock: Clock;
  readonly #members = new Set<Member>();
  readonly #history: Remembered[] = [];
  /** Tells messages of this room from those of the demo's previous run. */
  readonly #id = randomUUID().slice(0, 8);
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#members.size;
  }

  get full(): boolean {
    return this.#members.size >= LIMITS.maxPeople;
  }

  /** Lets somebody in, under the wished name if it can be had, and tells everybody. */
  join(wishedName: string, tell: Member['tell']): Member {
    const name = freeName(cleanName(wishedName) || guestName(), this.#names());
    const member: Member = { person: { id: this.#nextId(), name }, tell };
    this.#tellAll({ type: 'joined', person: member.person });
    this.#members.add(member);
    tell({
      type: 'welcome',
      you: member.person,
      people: [...this.#members].map(({ person }) => person),
      history: this.#history.map((said) => this.#aged(said)),
      limits: { nameLength: LIMITS.maxNameLength, textLength: LIMITS.maxTextLength },
    });
    return member;
  }

  leave(member: Member): void {
    if (this.#members.delete(member)) this.#tellAll({ type: 'left', person: member.person });
  }

  handle(member: Member, request: Request): void {
    if (request.type === 'rename') this.#rename(member, request.name);
    else this.#say(member, request.text, request.ref);
  }

  #say(member: Member, raw: string, ref: string | undefined): void {
    const text = cleanText(raw);
    const echo = ref === undefined ? {} : { ref };
    const why = whyNotSaid(text);
    if (why !== null) {
      member.tell({ type: 'refused', why, ...echo });
      return;
    }
    const said: Remembered = { id: this.#nextId(), from: member.person, text, atMs: this.#clock.now() };
    this.#history.push(said);
    if (this.#history.length > LIMITS.historyLength) this.#history.shift();
    for (const other of [...this.#members]) {
      other.tell({ type: 'said', ...this.#aged(said), ...(other === member ? echo : {}) });
    }
  }

  #rename(member: Member, wishedName: string): void {
    const before = member.person.name;
    const wished = cleanName(wishedName);
    if (wished === '') {
      member.tell({ type: 'refused', why: 'A name needs at least one visible character.' });
      return;
    }
    const others = this.#names().filter((name) => name !== before);
    const name = freeName(wished, others);
    if (name === before) return;
    member.person = { id: member.person.id, name };
    this.#tellAll({ type: 'renamed', person: member.person, before });
  }

  #tellAll(message: RoomMessage): void {
    // A copy, since telling a slow reader may end with it leaving the room.
    for (const { tell } of [...this.#members]) tell(message);
  }

  #names(): string[] {
    return [...this.#members].map(({ person }) => person.name);
  }

  #aged({ atMs, ...said }: Remembered): Said {
    return { ...said, agoMs: Math.max(0, Math.round(this.#clock.now() - atMs)) };
  }

  #nextId(): string {
    this.#count += 1;
    return `${this.#id}-${this.#count}`;
  }
}

function whyNotSaid(text: string): string | null {
  if (text === '') return 'There was nothing to say in that message.';
  if ([...text].length <= LIMITS.maxTextLength) return null;
  return `A message may have ${LIMITS.maxTextLength} characters at most.`;
}
