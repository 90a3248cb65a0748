import { parseVersion } from '../version.ts';
import type { DatabaseState } from './content.ts';

export type AroundBackup = {
  /** Null = not known. */
  readonly version: string | null;
  /** Names of external catalogs; null = not known. */
  readonly catalogs: readonly string[] | null;
  /** Whether BACKUP names what it takes; then it takes no functions. */
  readonly isNamed?: boolean;
};

/** From 3.4 on BACKUP takes external catalogs and functions. An unknown version counts as one that does not. */
export function takesCatalogs(version: string | null): boolean {
  const parsed = version === null ? null : parseVersion(version);
  return parsed !== null && (parsed.major > 3 || (parsed.major === 3 && parsed.minor >= 4));
}

/** What no backup of a database holds, whatever stands in it, as sentences. */
export function neverHeld({ version, catalogs, isNamed = false }: AroundBackup): readonly string[] {
  const hasFunctions = takesCatalogs(version);
  const external =
    catalogs === null || catalogs.length > 0
      ? [
          `External catalogs${catalogs === null ? '' : ` (${some(catalogs)})`}: ${
            hasFunctions
              ? 'they need a backup of their own (backUpCatalogs), which writes their secrets in clear into the repository'
              : 'this version cannot back them up'
          }`,
        ]
      : [];
  return [
    'Users, roles and grants, resource groups, storage volumes',
    'Tasks, routine loads, pipes and other jobs',
    ...(!hasFunctions ? ['Functions: BACKUP takes them from 3.4 on'] : []),
    ...(hasFunctions && isNamed ? ['Functions: only a full backup of a whole database takes them'] : []),
    ...external,
  ];
}

/** What stands in the database and is not in the snapshot, as sentences. `held` null = that is not known yet. */
export function notHeldOf(
  seen: { readonly state: DatabaseState; readonly foreign: readonly string[] },
  held: DatabaseState | null,
): readonly string[] {
  const taken = held === null ? null : new Set(held.tables.map(({ name }) => name));
  const left = (type: string) =>
    seen.state.tables.filter((table) => table.type === type && !taken?.has(table.name)).map(({ name }) => name);
  const temporary = seen.state.tables.filter(({ partitions }) => partitions.some(({ isTemporary }) => isTemporary));
  const sentence = (names: readonly string[], what: string) => (names.length === 0 ? [] : [`${what}: ${some(names)}`]);
  return [
    ...sentence(
      temporary.map(({ name }) => name),
      'Tables that have temporary partitions, which BACKUP refuses',
    ),
    ...sentence(left('MATERIALIZED_VIEW'), 'Materialized views'),
    ...(held === null ? [] : sentence(left('VIEW'), 'Views')),
    ...(held === null
      ? []
      : sentence(
          left('TABLE').filter((name) => !temporary.some((table) => table.name === name)),
          'Tables',
        )),
    ...sentence(seen.foreign, 'Tables of other systems, which BACKUP refuses'),
  ];
}

const most = 20;

function some(names: readonly string[]): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
