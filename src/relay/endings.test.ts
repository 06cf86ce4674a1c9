import { describe, expect, it } from 'vitest';
import { CAUSES, type Cause } from '../base/causes.ts';
import { otherSide, type Side } from '../base/side.ts';
import { mayBeSent } from '../websocket/close-codes.ts';
import { concernedSide, endingFor } from './endings.ts';

const SIDES: readonly Side[] = ['client', 'upstream'];
const causes = Object.keys(CAUSES) as Cause[];

describe('endingFor', () => {
  it('tells both sides what the table of causes says', () => {
    expect(endingFor('draining', 'client', 'client', {})).toEqual({ code: 1012, reason: 'service restart' });
    expect(endingFor('draining', 'client', 'upstream', {})).toMatchObject({ code: 1001 });
    expect(endingFor('client-unresponsive', 'client', 'client', {})).toBe('reset');
  });

  it('tells the offender one thing and the other side another', () => {
    for (const offender of SIDES) {
      expect(endingFor('message-too-big', offender, offender, {})).toMatchObject({ code: 1009 });
      expect(endingFor('message-too-big', offender, otherSide(offender), {})).toMatchObject({
        code: offender === 'client' ? 1001 : 1011,
      });
      expect(endingFor('slow-consumer', offender, offender, {})).toBe('reset');
    }
  });

  it('gives a code of the caller to the side concerned, or to the client', () => {
    const how = { code: 4321, reason: 'because' };
    expect(endingFor('policy', 'upstream', 'upstream', how)).toEqual(how);
    expect(endingFor('policy', 'upstream', 'client', how)).toMatchObject({ code: 1011 });
    expect(endingFor('closed-by-operator', 'client', 'client', how)).toEqual(how);
    expect(endingFor('closed-by-operator', 'client', 'upstream', how)).toMatchObject({ code: 1001 });
  });

  it('never tells a code that may not be sent', () => {
    for (const cause of causes) {
      for (const offender of SIDES) {
        for (const to of SIDES) {
          const ending = endingFor(cause, offender, to, {});
          if (typeof ending === 'object') expect(mayBeSent(ending.code)).toBe(true);
        }
      }
    }
  });
});

describe('concernedSide', () => {
  it('is the side in the name of a cause, the offender of the others, or neither', () => {
    for (const side of SIDES) {
      expect(concernedSide('policy', side)).toBe(side);
      expect(concernedSide('inactive', side)).toBeNull();
      expect(concernedSide('draining', side)).toBeNull();
      for (const cause of causes.filter((name) => name.startsWith(side))) {
        expect(concernedSide(cause, otherSide(side))).toBe(side);
      }
    }
  });
});
