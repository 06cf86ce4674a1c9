import { expect, it } from 'vitest';
import type { Case } from './case.ts';
import { shrinkCase, shrinkList } from './minimise.ts';

it('keeps of a list what fails together', async () => {
  const list = Array.from({ length: 100 }, (_, i) => i);
  const fails = (smaller: number[]) => Promise.resolve(smaller.includes(17) && smaller.includes(71));
  expect(await shrinkList(list, fails)).toEqual([17, 71]);
});

it('cuts a case down to its steps, bytes and payloads that matter', async () => {
  const found: Case = {
    kind: 'frames',
    over: 'tcp',
    client: [
      { do: 'turn' },
      { do: 'bytes', text: 'before the bad one' },
      { do: 'frame', frame: { opcode: 3, payload: 'x', times: 9 } },
      { do: 'end' },
    ],
    upstream: [{ do: 'echo' }],
  };
  const fails = ({ client }: Case) =>
    Promise.resolve(
      client.some((step) => step.do === 'bytes' && step.text.includes('bad')) &&
        client.some((step) => step.do === 'frame' && step.frame.opcode === 3),
    );
  expect(await shrinkCase(found, fails, () => true)).toEqual({
    kind: 'frames',
    over: 'tcp',
    client: [
      { do: 'bytes', text: 'bad' },
      { do: 'frame', frame: { opcode: 3, payload: '', times: 1 } },
    ],
    upstream: [],
  });
});
