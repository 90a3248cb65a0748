import { z } from 'zod';
import { AppError } from '../errors.ts';
import type { Page } from '../store/reads/visibility.ts';

export type PageArguments = {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
};

export type Connection<T> = {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[];
  readonly nodes: readonly T[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  /** Counted only when a query asks for it. */
  readonly totalCount: () => Promise<number>;
};

export type List<T, Key> = {
  /** Part of the list's cursors, so that cursors of another list are refused. */
  readonly name: string;
  readonly key: z.ZodType<Key>;
  readonly keyOf: (row: T) => Key;
  readonly read: (page: Page<Key>) => Promise<readonly T[]>;
  readonly count: () => Promise<number>;
  /** How long a page may be; 100 when left out. */
  readonly maxLength?: number;
};

const defaultLength = 25;

/**
 * Reads one page: the first rows after `after`, or, with `last`, the last rows before `before`. The key is the place of a
 * row in the order of the list, with the row's own id where the rest is not unique. It is inside the cursor, together
 * with the name of the list; clients must not rely on what a cursor contains.
 */
export async function readConnection<T, Key>(page: PageArguments, list: List<T, Key>): Promise<Connection<T>> {
  const { after, before } = page;
  const backward = page.last != null;
  const limit = lengthOf(page, list.maxLength ?? 100);
  // One row more than asked for shows whether there is another page in that direction.
  const rows = await list.read({
    limit: limit + 1,
    after: after == null ? null : readCursor(list, 'after', after),
    before: before == null ? null : readCursor(list, 'before', before),
    backward,
  });
  const hasMore = rows.length > limit;
  const shown = backward ? rows.slice(Math.max(0, rows.length - limit)) : rows.slice(0, limit);
  const edges = shown.map((node) => ({ cursor: makeCursor(list.name, list.keyOf(node)), node }));
  return {
    edges,
    nodes: shown,
    pageInfo: {
      // There are rows beyond the cursor that was given, because the cursor came from one.
      hasNextPage: backward ? before != null : hasMore,
      hasPreviousPage: backward ? hasMore : after != null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: list.count,
  };
}

/** `first` has a default in the schema, which does not count when `last` is given. */
function lengthOf({ first, last }: PageArguments, max: number): number {
  const name = last == null ? 'first' : 'last';
  const length = last ?? first ?? defaultLength;
  if (length >= 1 && length <= max) return length;
  throw new AppError('BAD_USER_INPUT', `${name} is 1 to ${max}`, {
    hint: `Ask for the rest with ${last == null ? 'after' : 'before'}.`,
    path: [name],
  });
}

/** A page of a list that was read as a whole because it is never long. */
export function sliceConnection<T>(
  rows: readonly T[],
  page: PageArguments & { name: string; placeOf: (row: T) => number },
): Promise<Connection<T>> {
  return readConnection<T, { place: number }>(page, {
    name: page.name,
    key: z.object({ place: z.int() }),
    keyOf: (row) => ({ place: page.placeOf(row) }),
    read: async (part) =>
      slicePage(rows, {
        ...part,
        isBehind: (row, { place }) => page.placeOf(row) > place,
        isAhead: (row, { place }) => page.placeOf(row) < place,
      }),
    count: async () => rows.length,
  });
}

/** The page of rows that are all at hand, in the order of the list. */
export function slicePage<T, Key>(
  rows: readonly T[],
  {
    limit,
    after,
    before = null,
    backward = false,
    isBehind,
    isAhead,
  }: Page<Key> & { isBehind: (row: T, key: Key) => boolean; isAhead: (row: T, key: Key) => boolean },
): readonly T[] {
  const between = rows.filter(
    (row) => (after === null || isBehind(row, after)) && (before === null || isAhead(row, before)),
  );
  return backward ? between.slice(Math.max(0, between.length - limit)) : between.slice(0, limit);
}

function makeCursor(name: string, key: unknown): string {
  return Buffer.from(JSON.stringify([name, key])).toString('base64url');
}

function readCursor<Key>(
  list: { name: string; key: z.ZodType<Key> },
  argument: 'after' | 'before',
  cursor: string,
): Key {
  const parsed = z
    .tuple([z.literal(list.name), list.key])
    .safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()));
  if (parsed.success) return parsed.data[1];
  throw new AppError('BAD_USER_INPUT', `${argument} is no cursor of this list`, {
    hint: `Give ${argument === 'after' ? 'an endCursor' : 'a startCursor'} that this list answered.`,
    path: [argument],
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
