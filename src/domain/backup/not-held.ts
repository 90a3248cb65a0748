import { parseVersion } from '../version.ts';
import type { DatabaseState, TableState } from './content.ts';

export type AroundBackup = {
  /** Null = not known. */
  readonly version: string | null;
  /** Names of external catalogs; null = not known. */
  readonly catalogs: readonly string[] | null;
  /** `enable_backup_materialized_view` of the leader (true by default in 3.2, false from 3.3 on); null = not known. */
  readonly takesMaterialized: boolean | null;
  /** Whether BACKUP names what it takes; then it takes nothing else, and no functions. */
  readonly isNamed?: boolean;
};

/** What decides whether a BACKUP takes a materialized view that nobody named. */
export type ReachOfViews = Pick<AroundBackup, 'takesMaterialized' | 'isNamed'>;

/** From 3.4 on BACKUP takes external catalogs, functions and views. An unknown version counts as one that does not. */
export function takesCatalogs(version: string | null): boolean {
  const parsed = version === null ? null : parseVersion(version);
  return parsed !== null && (parsed.major > 3 || (parsed.major === 3 && parsed.minor >= 4));
}

/** Whether a BACKUP that names nothing surely takes this one, so that a snapshot without it is not whole. */
export function isTakenUnasked(
  { type, partitions }: TableState,
  { version, takesMaterialized }: Pick<AroundBackup, 'version' | 'takesMaterialized'>,
): boolean {
  if (partitions.some(({ isTemporary }) => isTemporary)) return false;
  switch (type) {
    case 'TABLE':
      return true;
    case 'VIEW':
      return takesCatalogs(version);
    case 'MATERIALIZED_VIEW':
      return takesMaterialized === true;
    default:
      return false;
  }
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

/** The same of materialized views, where nobody looked which there are. */
export function materializedNotHeld(reach: ReachOfViews): readonly string[] {
  const what = materializedLeft(reach);
  return what === null ? [] : [what];
}

/**
 * What stands in the database and is not in the snapshot, as sentences. `held` null = that is not known yet, and is told by
 * what BACKUP reaches.
 */
export function notHeldOf(
  seen: { readonly state: DatabaseState; readonly foreign: readonly string[] },
  held: DatabaseState | null,
  reach: ReachOfViews,
): readonly string[] {
  const taken = held === null ? null : new Set(held.tables.map(({ name }) => name));
  const left = (type: string) =>
    seen.state.tables.filter((table) => table.type === type && !taken?.has(table.name)).map(({ name }) => name);
  const temporary = seen.state.tables.filter(({ partitions }) => partitions.some(({ isTemporary }) => isTemporary));
  const sentence = (names: readonly string[], what: string) => (names.length === 0 ? [] : [`${what}: ${some(names)}`]);
  const materialized = held === null ? materializedLeft(reach) : 'Materialized views';
  return [
    ...sentence(
      temporary.map(({ name }) => name),
      'Tables that have temporary partitions, which BACKUP refuses',
    ),
    ...(materialized === null ? [] : sentence(left('MATERIALIZED_VIEW'), materialized)),
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

/** Null = BACKUP takes them. */
function materializedLeft({ takesMaterialized, isNamed = false }: ReachOfViews): string | null {
  if (isNamed) return 'Materialized views that BACKUP does not name';
  if (takesMaterialized === null)
    return 'Materialized views, perhaps, since enable_backup_materialized_view could not be read';
  return takesMaterialized ? null : 'Materialized views, because enable_backup_materialized_view is false';
}

const most = 20;

function some(names: readonly string[]): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
