import { count } from '../words.ts';
import { isOfCatalogs } from './external-catalogs.ts';
import { momentInWords } from './periods.ts';
import type { BackupPolicy } from './policy.ts';
import { coversDatabase } from './retention.ts';
import { type CataloguedBackup, findUsable, isVerified, momentOf } from './usable.ts';

/** How far a database can be brought back. */
export type RecoveryPoint = {
  readonly database: string;
  /** The newest backup that was verified together with what it is based on; null = there is none. */
  readonly backup: CataloguedBackup | null;
  /** The moment that its data are of. */
  readonly at: Date | null;
  readonly ageMs: number | null;
  /** The shortest promise of the policies that cover the database; null = no policy covers it. */
  readonly promiseMs: number | null;
  /** Whether the age is within the promise; null = nothing was promised. */
  readonly isKept: boolean | null;
  /** What going back to this point would not bring back, and what is not known, as sentences. */
  readonly notCovered: readonly string[];
};

export type RecoveryQuestion = {
  /** The databases that stand on the cluster, without those of StarRocks itself; null = not known. */
  readonly databases: readonly string[] | null;
  /** The backups of the cluster that are not deleted. */
  readonly backups: readonly CataloguedBackup[];
  readonly policies: readonly Pick<BackupPolicy, 'name' | 'content'>[];
  readonly now: Date;
};

/**
 * The recovery point of each database that stands on the cluster, is named by a policy, or has a backup; by name. A backup
 * of the whole database counts when it and its base are usable and each has passed a check, or, having no snapshot because nothing had changed,
 * when its base has.
 */
export function findRecoveryPoints(question: RecoveryQuestion): readonly RecoveryPoint[] {
  const { databases, policies, now } = question;
  const backups = question.backups.filter((backup) => !isOfCatalogs(backup));
  const standing = databases === null ? null : new Set(databases);
  const named = policies.flatMap(({ content }) => content.databases.filter((name) => name !== '*'));
  const all = new Set([...(databases ?? []), ...named, ...backups.map(({ database }) => database)]);
  const usable = findUsable(backups);
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  const byDatabase = Map.groupBy(backups, ({ database }) => database);
  return [...all].sort().map((database) => {
    const found = (byDatabase.get(database) ?? []).toSorted((a, b) => momentOf(b) - momentOf(a));
    const newest = found.find((each) => usable.has(each.id) && !each.isSelection && isVerified(each, byId)) ?? null;
    const covering = policies.filter(({ content }) => coversDatabase(content, database));
    const promises = covering.map(({ content }) => content.promiseHours * 3_600_000);
    const promiseMs = promises.length === 0 ? null : Math.min(...promises);
    const ageMs = newest === null ? null : Math.max(0, now.getTime() - momentOf(newest));
    return {
      database,
      backup: newest,
      at: newest === null ? null : new Date(momentOf(newest)),
      ageMs,
      promiseMs,
      isKept: promiseMs === null ? null : ageMs !== null && ageMs <= promiseMs,
      notCovered: [
        ...(covering.length === 0 ? ['No backup policy covers it.'] : []),
        ...whatIsThere(database, standing),
        ...unverifiedSince(newest, found),
        ...(newest === null ? [] : newest.notHeld),
      ],
    };
  });
}

function whatIsThere(database: string, standing: ReadonlySet<string> | null): readonly string[] {
  if (standing === null) return ['The databases of the cluster could not be read.'];
  return standing.has(database) ? [] : ['It is not on the cluster now.'];
}

function unverifiedSince(newest: CataloguedBackup | null, found: readonly CataloguedBackup[]): readonly string[] {
  const from = newest === null ? Number.NEGATIVE_INFINITY : momentOf(newest);
  const since = found.filter((backup) => momentOf(backup) > from && !backup.isSelection);
  const waiting = since.filter(({ state }) => state === 'AVAILABLE');
  const partial = since.filter(({ state }) => state === 'PARTIAL');
  const broken = since.filter(({ state }) => state === 'BROKEN');
  const than = newest === null ? '' : 'newer ';
  return [
    [waiting, 'cannot be counted on: not verified, failed, or without a usable base'] as const,
    [partial, 'partial'] as const,
    [broken, 'broken'] as const,
  ].flatMap(([rows, what]) =>
    rows.length === 0 || rows[0] === undefined
      ? []
      : [`${count(rows.length, `${than}backup`)}, the last of ${momentInWords(momentOf(rows[0]))}: ${what}.`],
  );
}
