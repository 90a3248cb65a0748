import type { Backup } from '../../../domain/backup/backup.ts';
import type { BackupCatalogue } from '../../../domain/backup/catalogue.ts';
import type { BackupContent } from '../../../domain/backup/content.ts';
import { failedCheckOf, findUsable } from '../../../domain/backup/usable.ts';

type Own = Pick<Backup, 'clusterId' | 'database' | 'policyId' | 'repository' | 'origin' | 'location'>;

/**
 * The newest full backup that an incremental one may be based on; null = none. It is of the same policy and database, whole
 * and not found damaged since, in the place where the repository is now, and of the cluster that is there now: another
 * cluster gives out the same ids and versions for other data. What is not known of it stands against it.
 */
export async function findBase(
  catalogue: BackupCatalogue,
  own: Own,
): Promise<{ backup: Backup; content: BackupContent } | null> {
  const { clusterId, database, policyId, repository, origin, location } = own;
  if (policyId === null || origin === null || location === null) return null;
  const backups = await catalogue.listCatalogued({ clusterId, database });
  const usable = findUsable(backups);
  const fitting = backups.filter(
    (each) =>
      usable.has(each.id) &&
      each.kind === 'FULL' &&
      each.policyId === policyId &&
      each.repository === repository &&
      each.location === location &&
      each.origin === origin,
  );
  for (const backup of fitting.toReversed()) {
    const content = await catalogue.readContent(backup.id);
    if (content !== null && content.held.tables.length > 0) return { backup, content };
  }
  return null;
}

/** Why the base of a backup is of no use any more, as a sentence; null = it is, or none is needed. */
export async function whyBaseIsLost(
  catalogue: BackupCatalogue,
  { kind, baseId, clusterId, database }: Pick<Backup, 'kind' | 'baseId' | 'clusterId' | 'database'>,
): Promise<string | null> {
  if (kind === 'FULL') return null;
  const backups = await catalogue.listCatalogued({ clusterId, database });
  const base = backups.find(({ id }) => id === baseId);
  if (base === undefined) return `The full backup ${baseId} that it is based on is deleted`;
  if (findUsable(backups).has(base.id)) return null;
  const failed = failedCheckOf(base.checks);
  const state = failed === null ? base.state : `damaged: ${failed.message}`;
  return `The full backup ${baseId} that it is based on cannot be restored from any more (${state})`;
}
