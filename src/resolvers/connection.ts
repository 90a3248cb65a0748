import { z } from 'zod';
import { AppError } from '../errors.ts';
import type { Page } from '../store/queries/visibility.ts';

export type PageArguments = { readonly first?: number | null; readonly after?: string | null };

export type Connection<T> = {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[];
  readonly nodes: readonly T[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
};

const defaultFirst = 25;
const maxFirst = 100;

/**
 * Reads one page. The key is the place of a row in the order of the list, the row's own id included where the rest is
 * not unique; it travels inside the cursor, which says which list it belongs to and is otherwise nobody's business.
 */
export async function readConnection<T, Key>(
  { first, after }: PageArguments,
  list: { name: string; key: z.ZodType<Key>; keyOf: (row: T) => Key; read: (page: Page<Key>) => Promise<readonly T[]> },
): Promise<Connection<T>> {
  const limit = first ?? defaultFirst;
  if (limit < 1 || limit > maxFirst)
    throw new AppError('BAD_USER_INPUT', `first is 1 to ${maxFirst}`, {
      hint: 'Ask for the rest with after.',
      path: ['first'],
    });
  // One more than asked for says whether there is a next page.
  const rows = await list.read({ limit: limit + 1, after: after == null ? null : readCursor(list, after) });
  const edges = rows.slice(0, limit).map((node) => ({ cursor: makeCursor(list.name, list.keyOf(node)), node }));
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    pageInfo: { hasNextPage: rows.length > limit, endCursor: edges.at(-1)?.cursor ?? null },
  };
}

/** A page of what was read as a whole because it is never long. */
export function sliceConnection<T>(
  rows: readonly T[],
  page: PageArguments & { name: string; placeOf: (row: T) => number },
): Promise<Connection<T>> {
  return readConnection<T, { place: number }>(page, {
    name: page.name,
    key: z.object({ place: z.int() }),
    keyOf: (row) => ({ place: page.placeOf(row) }),
    read: async ({ limit, after }) =>
      rows.filter((row) => after === null || page.placeOf(row) > after.place).slice(0, limit),
  });
}

function makeCursor(name: string, key: unknown): string {
  return Buffer.from(JSON.stringify([name, key])).toString('base64url');
}

function readCursor<Key>(list: { name: string; key: z.ZodType<Key> }, cursor: string): Key {
  const parsed = z
    .tuple([z.literal(list.name), list.key])
    .safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()));
  if (parsed.success) return parsed.data[1];
  throw new AppError('BAD_USER_INPUT', 'after is no cursor of this list', {
    hint: 'Give an endCursor that this list answered.',
    path: ['after'],
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
