import { LIMITS } from './limits.ts';

const MOODS = [
  'Quiet',
  'Bright',
  'Gentle',
  'Swift',
  'Curious',
  'Merry',
  'Patient',
  'Brave',
  'Sunny',
  'Clever',
];
const ANIMALS = [
  'Heron',
  'Otter',
  'Fox',
  'Wren',
  'Badger',
  'Hare',
  'Owl',
  'Seal',
  'Robin',
  'Lynx',
  'Swan',
  'Newt',
];

/** A friendly name for somebody who gave none. */
export function guestName(random: () => number = Math.random): string {
  return `${pick(MOODS, random)} ${pick(ANIMALS, random)}`;
}

/** A name as the room shows it: one line, no invisible characters, not too long. `''` when nothing is left. */
export function cleanName(raw: string): string {
  const visible = raw.normalize('NFC').replace(/\p{C}/gu, ' ').replace(/\s+/gu, ' ').trim();
  return [...visible].slice(0, LIMITS.maxNameLength).join('').trim();
}

/** `name`, or `name 2`, `name 3`, … when it is taken; case makes no difference. */
export function freeName(name: string, taken: Iterable<string>): string {
  const lower = new Set([...taken].map((other) => other.toLowerCase()));
  let free = name;
  for (let n = 2; lower.has(free.toLowerCase()); n++) {
    const suffix = ` ${n}`;
    free = [...name].slice(0, LIMITS.maxNameLength - suffix.length).join('') + suffix;
  }
  return free;
}

/**
 * A chat message as the room shows it: line breaks stay, other control characters go, and so do the marks that
 * change the direction of text beyond the message. May be `''`.
 */
export function cleanText(raw: string): string {
  return raw
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n]/gu, ' ')
    .replace(/[\u202A-\u202E\u2066-\u2069]/g, '')
    .trim();
}

function pick(words: readonly string[], random: () => number): string {
  return words[Math.floor(random() * words.length)] ?? 'Guest';
}
