import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const acceptable = /^[\w.:-]{1,64}$/;

export type RequestIds = { of(request: IncomingMessage): string };

/** One id for each request: the caller's own `X-Request-Id` when that is harmless text, otherwise a new one. */
export function makeRequestIds(): RequestIds {
  const ids = new WeakMap<IncomingMessage, string>();
  return {
    of: (request) => {
      const known = ids.get(request);
      if (known !== undefined) return known;
      const given = request.headers['x-request-id'];
      const id = typeof given === 'string' && acceptable.test(given) ? given : randomUUID();
      ids.set(request, id);
      return id;
    },
  };
}
