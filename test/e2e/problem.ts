import { expect } from 'vitest';
import { headerOf, headersOf } from '../support/http-head.ts';
import type { HttpAnswer } from '../support/raw-connection.ts';

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly requestId: string;
}

const KEYS = ['detail', 'requestId', 'status', 'title', 'type'];

/** Expects a whole `application/problem+json` (RFC 9457) of this status, that tells nothing of an upstream. */
export function expectProblem(answer: HttpAnswer, status: number): ProblemBody {
  expect(answer.status, answer.body.toString()).toBe(status);
  expect(headersOf(answer, 'content-type')).toEqual(['application/problem+json']);
  expect(headersOf(answer, 'content-length')).toEqual([String(answer.body.length)]);
  const body = JSON.parse(answer.body.toString()) as ProblemBody;
  expect(Object.keys(body).sort()).toEqual(KEYS);
  expect(body.status).toBe(status);
  expect(answer.startLine).toBe(`HTTP/1.1 ${status} ${body.title}`);
  expect(body.detail).toMatch(/\S/);
  expect(headersOf(answer, 'x-request-id')).toEqual([body.requestId]);
  expect(answer.body.toString()).not.toMatch(/127\.0\.0\.1|localhost|ECONN|:\d{4,5}\b/);
  return body;
}

/** The tokens of a header that is a list, in lower case. */
export function tokensOf(answer: HttpAnswer, name: string): string[] {
  return (headerOf(answer, name) ?? '').split(',').map((token) => token.trim().toLowerCase());
}
