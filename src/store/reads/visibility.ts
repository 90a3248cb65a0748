import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { type Actor, canSomewhere, type Permission } from '../../domain/access.ts';

/** Where an actor holds a permission: everywhere, or on clusters with these labels and on these clusters. */
export type Visibility =
  | 'everywhere'
  | { readonly environments: readonly string[]; readonly clusterIds: readonly string[] };

/** The same rule as `can`, in a form from which a WHERE clause can be made. */
export function visibilityOf(actor: Actor, permission: Permission): Visibility {
  const scopes = actor.bindings
    .filter((binding) => canSomewhere({ ...actor, bindings: [binding] }, permission))
    .map((binding) => binding.scope);
  if (scopes.some((scope) => scope.kind === 'all')) return 'everywhere';
  return {
    environments: scopes.flatMap((scope) => (scope.kind === 'environment' ? [scope.environment] : [])),
    clusterIds: scopes.flatMap((scope) => (scope.kind === 'cluster' ? [scope.clusterId] : [])),
  };
}

/** A condition that holds for the rows an actor may see. `columns` are names of columns in the query, never input. */
export function isVisible(
  visibility: Visibility,
  columns: { clusterId: string; environment: string },
): RawBuilder<SqlBool> {
  if (visibility === 'everywhere') return sql<SqlBool>`TRUE`;
  const { environments, clusterIds } = visibility;
  const conditions = [
    ...(environments.length === 0 ? [] : [sql`${sql.ref(columns.environment)} IN (${sql.join(environments)})`]),
    ...(clusterIds.length === 0 ? [] : [sql`${sql.ref(columns.clusterId)} IN (${sql.join(clusterIds)})`]),
  ];
  return conditions.length === 0 ? sql<SqlBool>`FALSE` : sql<SqlBool>`(${sql.join(conditions, sql` OR `)})`;
}

/**
 * A page to read: how many rows at most, and between which keys of the list. `backward`: the rows nearest to `before`,
 * otherwise those nearest to `after`; in the order of the list in both cases.
 */
export type Page<Key> = {
  readonly limit: number;
  readonly after: Key | null;
  readonly before?: Key | null;
  readonly backward?: boolean;
};

/** For lists that are never long. */
export const wholeList: Page<never> = { limit: Number.MAX_SAFE_INTEGER, after: null };

/**
 * How a list is ordered: by these columns, whose values together are unique. `columns` are names in the query, never
 * input.
 */
type Order<Key> = {
  readonly columns: readonly string[];
  readonly direction: 'asc' | 'desc';
  readonly values: (key: Key) => readonly unknown[];
};

/** A page as parts of a query: the condition, the order to ask in, and how to bring rows into the order of the list. */
export function pageOf<Key>({ after, before, backward = false }: Page<Key>, order: Order<Key>) {
  const columns = sql.join(order.columns.map((column) => sql.ref(column)));
  const behind = order.direction === 'asc' ? sql.raw('>') : sql.raw('<');
  const ahead = order.direction === 'asc' ? sql.raw('<') : sql.raw('>');
  const conditions = [
    ...(after === null ? [] : [sql`(${columns}) ${behind} (${sql.join(order.values(after))})`]),
    ...(before == null ? [] : [sql`(${columns}) ${ahead} (${sql.join(order.values(before))})`]),
  ];
  const direction = backward === (order.direction === 'asc') ? 'DESC' : 'ASC';
  return {
    where: conditions.length === 0 ? sql<SqlBool>`TRUE` : sql<SqlBool>`${sql.join(conditions, sql` AND `)}`,
    orderBy: sql.join(order.columns.map((column) => sql`${sql.ref(column)} ${sql.raw(direction)}`)),
    inOrder: <T>(rows: readonly T[]): readonly T[] => (backward ? rows.toReversed() : rows),
  };
}

/** LIKE's wildcards become plain characters, with the escape character that MySQL and MariaDB use by default. */
export function containsPattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
