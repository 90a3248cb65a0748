import { momentInWords } from '../backup/periods.ts';
import { type CataloguedBackup, failedCheckOf, findUsable, momentOf } from '../backup/usable.ts';

/** What somebody wants back: the database as it was at a time, or as one backup has it. */
export type Wanted = { readonly at: Date } | { readonly backupId: string };

export type Chain = {
  /** The backup whose moment it is. It has no snapshot where nothing had changed since its base. */
  readonly chosen: CataloguedBackup;
  /** The full backup that it is, or is based on. */
  readonly full: CataloguedBackup;
  readonly moment: Date;
  /** The moment of the next backup that can be gone back to, which lies after the one asked for; null = there is none. */
  readonly next: Date | null;
};

/** Why nothing can be restored, as a sentence, with the moments nearest to the one asked for that could be. */
export type NoChain = { readonly why: string; readonly before: Date | null; readonly after: Date | null };

type Question = {
  /** The backups of one database that are not deleted, in any order. */
  readonly backups: readonly CataloguedBackup[];
  readonly database: string;
  readonly wanted: Wanted;
};

/**
 * The newest backup of the whole database that is not younger than the time asked for and can be gone back to, with the full
 * backup that it needs; or the very backup that is named, which may also be one of some tables only. Anything that is not
 * known of a backup stands against it (see `findUsable`).
 */
export function findChain({ backups, database, wanted }: Question): Chain | NoChain {
  const own = backups.filter((backup) => backup.database === database);
  const usable = findUsable(own);
  const points = own
    .filter((backup) => usable.has(backup.id) && !backup.isSelection)
    .map((backup) => ({ backup, at: momentOf(backup) }))
    // Of two of the same moment the one that was made last has seen more.
    .toSorted((a, b) => a.at - b.at || a.backup.startedAt.getTime() - b.backup.startedAt.getTime());
  const byId = new Map(own.map((backup) => [backup.id, backup]));
  const atMost = (at: number) => points.findLast((point) => point.at <= at) ?? null;
  const after = (at: number) => points.find((point) => point.at > at) ?? null;
  const around = (at: number) => ({ before: dateOf(atMost(at)), after: dateOf(after(at)) });
  if ('at' in wanted) {
    const at = wanted.at.getTime();
    const found = atMost(at);
    if (found !== null) return chainOf(found.backup, { byId, next: dateOf(after(at)) });
    return {
      why: `No backup of ${database} can be gone back to that is as old as ${momentInWords(at)}`,
      ...around(at),
    };
  }
  const named = byId.get(wanted.backupId);
  if (named === undefined) {
    const why = `${database} has no backup ${wanted.backupId} in the history`;
    return { why, before: dateOf(points.at(-1) ?? null), after: null };
  }
  const at = momentOf(named);
  if (!usable.has(named.id)) return { why: whyNotUsable(named, byId), ...around(at) };
  return chainOf(named, { byId, next: dateOf(after(at)) });
}

export function isChain(found: Chain | NoChain): found is Chain {
  return 'chosen' in found;
}

type Around = { readonly byId: ReadonlyMap<string, CataloguedBackup>; readonly next: Date | null };

function chainOf(chosen: CataloguedBackup, { byId, next }: Around): Chain | NoChain {
  const base = chosen.kind === 'FULL' ? chosen : byId.get(chosen.baseId ?? '');
  if (base === undefined || base.kind !== 'FULL' || base.snapshot === null)
    return { why: `${chosen.id} is not based on a full backup that has a snapshot`, before: null, after: next };
  return { chosen, full: base, moment: new Date(momentOf(chosen)), next };
}

function whyNotUsable(backup: CataloguedBackup, byId: ReadonlyMap<string, CataloguedBackup>): string {
  const own = whyNotSound(backup);
  if (own !== null) return `The backup ${backup.id} cannot be restored: ${own}`;
  const base = backup.baseId === null ? undefined : byId.get(backup.baseId);
  const why = base === undefined ? 'it is deleted' : (whyNotSound(base) ?? 'it has no usable base itself');
  return `The backup ${backup.id} cannot be restored without its full backup ${backup.baseId ?? ''}: ${why}`;
}

function whyNotSound({ state, checks, problem }: CataloguedBackup): string | null {
  const failed = failedCheckOf(checks);
  if (state === 'AVAILABLE') return failed === null ? null : `a check found it damaged (${failed.message})`;
  return `it is ${state}${problem === null ? '' : `: ${problem}`}`;
}

function dateOf(point: { readonly at: number } | null): Date | null {
  return point === null ? null : new Date(point.at);
}
