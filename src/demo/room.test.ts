import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { LIMITS } from './limits.ts';
import type { RoomMessage } from './protocol.ts';
import { type Member, Room } from './room.ts';

const clock = new ManualClock();
let room: Room;

beforeEach(() => {
  room = new Room(clock);
});

function join(name: string): { member: Member; told: RoomMessage[] } {
  const told: RoomMessage[] = [];
  return { member: room.join(name, (message) => told.push(message)), told };
}

describe('Room', () => {
  it('gives a free name to whoever wishes for one that is taken', () => {
    join('Ada');
    expect(join('ada').member.person.name).toBe('ada 2');
  });

  it('gives a guest name to whoever brings none', () => {
    expect(join('').member.person.name).toMatch(/^\w+ \w+$/);
  });

  it('shows a newcomer who is here and what was said last, with its age', () => {
    const ada = join('Ada');
    for (let n = 0; n <= LIMITS.historyLength; n++) room.handle(ada.member, { type: 'say', text: `${n}` });
    clock.advance(1_500);
    const welcome = join('Grace').told[0];
    if (welcome?.type !== 'welcome') throw new Error('expected a welcome');
    expect(welcome.people.map(({ name }) => name)).toEqual(['Ada', 'Grace']);
    expect(welcome.history).toHaveLength(LIMITS.historyLength);
    expect(welcome.history[0]).toMatchObject({ text: '1', agoMs: 1_500 });
  });

  it('tells everybody about a new name, and nobody about the same one', () => {
    const ada = join('Ada');
    const grace = join('Grace');
    room.handle(ada.member, { type: 'rename', name: '  Ada  ' });
    room.handle(ada.member, { type: 'rename', name: 'Grace' });
    expect(grace.told.slice(1)).toEqual([
      { type: 'renamed', before: 'Ada', person: { id: ada.member.person.id, name: 'Grace 2' } },
    ]);
  });

  it('refuses empty and overlong messages, to their sender only', () => {
    const ada = join('Ada');
    const grace = join('Grace');
    room.handle(ada.member, { type: 'say', text: '  ', ref: '7' });
    room.handle(ada.member, { type: 'say', text: 'x'.repeat(LIMITS.maxTextLength + 1) });
    room.handle(ada.member, { type: 'rename', name: '\u200b' });
    expect(ada.told.slice(2).map(({ type }) => type)).toEqual(['refused', 'refused', 'refused']);
    expect(ada.told[2]).toMatchObject({ ref: '7' });
    expect(grace.told).toHaveLength(1);
  });

  it('forgets whoever left, once', () => {
    const ada = join('Ada');
    const grace = join('Grace');
    room.leave(grace.member);
    room.leave(grace.member);
    expect(room.size).toBe(1);
    expect(ada.told.filter(({ type }) => type === 'left')).toHaveLength(1);
  });
});
