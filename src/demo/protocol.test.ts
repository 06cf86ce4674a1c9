import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRequest } from './protocol.ts';

describe('parseRequest', () => {
  it('reads requests', () => {
    expect(parseRequest('{"type":"say","text":"hi","ref":"1","more":2}')).toEqual({
      type: 'say',
      text: 'hi',
      ref: '1',
    });
    expect(parseRequest('{"type":"rename","name":"Ada"}')).toEqual({ type: 'rename', name: 'Ada' });
  });

  it('drops a ref that is overlong or no text', () => {
    expect(parseRequest(`{"type":"say","text":"hi","ref":"${'x'.repeat(65)}"}`)).toEqual({
      type: 'say',
      text: 'hi',
    });
    expect(parseRequest('{"type":"say","text":"hi","ref":1}')).toEqual({ type: 'say', text: 'hi' });
  });

  it('takes everything else as something to say', () => {
    for (const raw of ['hello', '{', '{}', '[1]', 'null', '{"type":"say"}', '{"type":"rename","name":1}']) {
      expect(parseRequest(raw)).toEqual({ type: 'say', text: raw });
    }
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (raw) => void parseRequest(raw)));
  });
});
