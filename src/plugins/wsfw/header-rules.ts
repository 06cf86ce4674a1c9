import { z } from 'zod';

/** RFC 9110 §5.1. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** RFC 9110 §5.5: no control character but the tab, and in particular no line break. */
const VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

/** Headers that make up the connection and its handshake: the gateway writes them, or HTTP breaks. */
const OWN = new Set([
  'connection',
  'upgrade',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'te',
  'trailer',
  'expect',
]);

function nameFault(name: string): string | null {
  if (!NAME.test(name)) return 'is not a header name';
  const lower = name.toLowerCase();
  if (lower === 'host') return 'cannot be changed here; see preserveHost';
  if (OWN.has(lower) || lower.startsWith('sec-websocket-'))
    return 'belongs to the handshake, which the gateway makes itself';
  return null;
}

const set = z.record(z.string(), z.string()).superRefine((headers, context) => {
  for (const [name, value] of Object.entries(headers)) {
    const fault =
      nameFault(name) ?? (VALUE.test(value) ? null : 'has a value with characters that no header may have');
    if (fault !== null) context.addIssue({ code: 'custom', path: [name], message: fault });
  }
});

const remove = z.array(
  z.string().superRefine((name, context) => {
    const fault = nameFault(name);
    if (fault !== null) context.addIssue({ code: 'custom', message: fault });
  }),
);

/** `headers:` of an action that sends requests upstream. Names compare without case; `remove` runs before `set`. */
export const headerRules = z
  .strictObject({
    set: set.default({}).describe('Header → value; replaces what the client sent.'),
    remove: remove.default([]).describe('Names of headers that do not go upstream.'),
  })
  .prefault({});
