import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { type Actor, canSomewhere, type Permission } from '../../domain/access.ts';

/** Where an actor holds a permission: everywhere, or on clusters with these labels and on these clusters. */
export type Visibility =
  | 'everywhere'
  | { readonly environments: readonly string[]; readonly clusterIds: readonly string[] };

/** The same rule as `can`, turned into something a WHERE clause can be made of. */
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

/** A condition that holds for the rows an actor may see. `columns` are names of columns of the query, never input. */
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

/** A page to read: how many rows at most, and the place to begin behind. */
export type Page<Key> = { readonly limit: number; readonly after: Key | null };

/** LIKE's wildcards as plain characters, with the escape character that MySQL and MariaDB use by default. */
export function containsPattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
