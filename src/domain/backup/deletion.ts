import type { Refusal } from '../plan.ts';
import { count } from '../words.ts';
import { momentInWords } from './periods.ts';
import type { BackupPolicy } from './policy.ts';
import type { Repository } from './repository.ts';
import { type CataloguedBackup, findUsable, momentOf } from './usable.ts';

/** What StarRocks and the repositories allow. */
export type Reach = {
  readonly repositories: readonly Repository[];
  /** Whether StarRocks itself can delete a snapshot, from 4.2 on. */
  readonly hasDropSnapshot: boolean;
};

/**
 * Why the objects of a backup cannot be deleted; null = they can. Only snapshots whose names are such as Starwarden makes
 * are ever deleted, in the very place where they were made.
 */
export function whyUnreachable(
  { repository: name, location, snapshot }: Pick<CataloguedBackup, 'repository' | 'location' | 'snapshot'>,
  { repositories, hasDropSnapshot }: Reach,
): string | null {
  if (snapshot === null) return null; // it has no objects
  if (!/^[a-zA-Z]\w{0,63}$/.test(snapshot)) return `${JSON.stringify(snapshot)} is no name that Starwarden gives`;
  const repository = repositories.find((each) => each.name === name);
  if (repository === undefined) return `the repository ${name} is not under management`;
  if (repository.readOnly) return `the repository ${name} is read only`;
  if (location === null) return `it is not known where ${name} was when the backup was made`;
  if (withoutSlash(location) !== withoutSlash(repository.location))
    return `the repository ${name} was at ${location} then, and is at ${repository.location} now`;
  if (repository.access !== null || hasDropSnapshot) return null;
  return `the repository ${name} is reached only through StarRocks, which cannot delete a snapshot before 4.2`;
}

function withoutSlash(location: string): string {
  return location.replace(/\/+$/, '');
}

export type DeletionQuestion = {
  readonly backup: CataloguedBackup;
  /** The backups of the cluster that are not deleted. */
  readonly backups: readonly CataloguedBackup[];
  /** The policy that made it; null = none, or it was removed. */
  readonly policy: Pick<BackupPolicy, 'name' | 'content'> | null;
  readonly origin: string | null;
  readonly reach: Reach;
  readonly now: Date;
};

/** Why a person cannot delete a backup now; empty = they can. */
export function whyNotDelete(question: DeletionQuestion): readonly Refusal[] {
  const { backup, origin, reach, now } = question;
  const path = ['input', 'backupId'];
  const refusals: Refusal[] = [];
  const refuse = (message: string, hint: string, code: Refusal['code'] = 'PRECONDITION_FAILED') =>
    refusals.push({ code, message, hint, path });
  if (backup.state === 'DELETED') refuse('The backup is deleted already', 'There is nothing to do.');
  if (backup.state === 'SCHEDULED' || backup.state === 'RUNNING')
    refuse('The backup is being made', 'Wait for its run, or cancel it.');
  if (backup.openRun !== null) refuse(`R-${backup.openRun} is not over and works on it`, 'Wait for it, or cancel it.');
  if (origin === null || backup.origin !== origin) {
    const from =
      backup.origin === null
        ? 'which cluster it was taken from is not known'
        : `it was taken from another cluster (id ${backup.origin})`;
    refuse(origin === null ? 'the id of this cluster is not known' : from, 'Delete it in the object store by hand.');
  }
  const { pin } = backup;
  if (pin !== null && (pin.until === null || pin.until > now))
    refuse(`The backup is pinned by ${pin.byName}: ${pin.reason}`, 'Take the pin off first, with unpinBackup.');
  const unreachable = whyUnreachable(backup, reach);
  if (unreachable !== null)
    refuse(
      `Its objects cannot be deleted: ${unreachable}`,
      'Take the repository over with its keys, or delete by hand.',
    );
  return [...refusals, ...neededByOthers(question), ...belowFloor(question)];
}

function neededByOthers({ backup, backups }: DeletionQuestion): readonly Refusal[] {
  const others = backups.filter(({ baseId, state }) => baseId === backup.id && state !== 'DELETED');
  if (others.length === 0) return [];
  const named = others.slice(0, 3).map((other) => momentInWords(momentOf(other)));
  const more = others.length > 3 ? ', …' : '';
  return [
    {
      code: 'BACKUP_REQUIRED_BY_OTHERS',
      message: `${count(others.length, 'incremental backup')} cannot be restored without it (${named.join(', ')}${more})`,
      hint: 'Delete those first.',
      path: ['input', 'backupId'],
    },
  ];
}

function belowFloor({ backup, backups, policy }: DeletionQuestion): readonly Refusal[] {
  const usable = findUsable(backups);
  if (policy === null || backup.kind !== 'FULL' || !usable.has(backup.id)) return [];
  const floor = policy.content.keepUsableFulls;
  const left = backups.filter(
    (other) =>
      other.id !== backup.id &&
      other.kind === 'FULL' &&
      other.database === backup.database &&
      other.policyId === backup.policyId &&
      other.origin === backup.origin &&
      usable.has(other.id),
  );
  if (left.length >= floor) return [];
  return [
    {
      code: 'RETENTION_FLOOR',
      message: `${policy.name} keeps ${count(floor, 'usable full backup')} of ${backup.database}, and ${left.length} would be left`,
      hint: 'Take a full backup first, or change keepUsableFulls of the policy.',
      path: ['input', 'backupId'],
    },
  ];
}
