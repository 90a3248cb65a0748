import type { JsonObject } from '../json.ts';
import { SlackError } from '../slack-error.ts';
import type { Arguments } from './arguments.ts';

export const pageArguments = { cursor: 'text', limit: 'whole' } as const;

export type Page<T> = { readonly items: readonly T[]; readonly hasMore: boolean; readonly metadata: JsonObject };

/** One page of a list, with a cursor that is as opaque as Slack's. */
export function pageOf<T>(all: readonly T[], args: Arguments, fallbackLimit = 100): Page<T> {
  const limit = args.whole('limit') ?? fallbackLimit;
  if (limit < 1 || limit > 1_000) throw new SlackError('invalid_limit');
  const cursor = args.text('cursor');
  const from = cursor === null || cursor === '' ? 0 : readCursor(cursor);
  const next = from + limit;
  const hasMore = next < all.length;
  const encoded = hasMore ? Buffer.from(`next:${next}`).toString('base64') : '';
  return { items: all.slice(from, next), hasMore, metadata: { response_metadata: { next_cursor: encoded } } };
}

function readCursor(cursor: string): number {
  const at = /^next:(\d+)$/.exec(Buffer.from(cursor, 'base64').toString('utf8'))?.[1];
  if (at === undefined) throw new SlackError('invalid_cursor');
  return Number(at);
}
