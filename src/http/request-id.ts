import { randomUUID } from 'node:crypto';
import type { HeaderList } from '../base/header-list.ts';

const WELL_FORMED = /^[A-Za-z0-9._-]{1,128}$/;

/** The request's one well-formed `X-Request-Id`, or a fresh id. */
export function requestIdOf(headers: HeaderList): string {
  const [id, ...others] = headers.getAll('x-request-id');
  return id !== undefined && others.length === 0 && WELL_FORMED.test(id) ? id : newRequestId();
}

export const newRequestId = (): string => randomUUID();
