import { done, textRows } from '../../mysql/packets.ts';
import { analysisError, backupError, SqlError } from '../../sql/errors.ts';
import { hasPrivilege, requirePrivilege } from '../access.ts';
import { isDone } from '../backup/jobs.ts';
import { briefOf } from '../backup/manifest.ts';
import { listSnapshots, readSnapshotInfo, snapshotTimestamps } from '../backup/repository.ts';
import { backupRows, restoreRows } from '../backup/rows.ts';
import { catalogsJobKey, submitBackup, submitCatalogBackup } from '../backup/submit-backup.ts';
import { submitRestore } from '../backup/submit-restore.ts';
import type { FrontendContext } from '../context.ts';
import { currentDatabase } from '../data/tables.ts';
import { isLike } from '../format.ts';
import { type Handlers, locally, onLeader } from '../handlers.ts';
import type { Job, Repository } from '../meta/state.ts';
import type { Session } from '../session.ts';
import { dropSnapshot } from './drop-snapshot.ts';
import { createRepository, dropRepository, findRepository, repositoryMissing } from './repositories.ts';

const need = { privileges: ['REPOSITORY'] };

type Kinds =
  | 'createRepository'
  | 'dropRepository'
  | 'backup'
  | 'backupCatalogs'
  | 'dropSnapshot'
  | 'restore'
  | 'cancelJob'
  | 'showJob'
  | 'showSnapshot';

export const backupHandlers: Handlers<Kinds> = {
  createRepository: onLeader(createRepository),
  dropRepository: onLeader(dropRepository),
  backup: onLeader(submitBackup),
  backupCatalogs: onLeader(submitCatalogBackup),
  dropSnapshot: onLeader(dropSnapshot),
  restore: onLeader(submitRestore),

  cancelJob: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, need);
    if (statement.db === null && session.db === null && !statement.ofCatalogs)
      throw new SqlError(
        1064,
        'HY000',
        'Getting syntax error. Detail message: No selected database for cancel BACKUP/RESTORE.',
      );
    const dbId = statement.ofCatalogs ? catalogsJobKey : currentDatabase(fe, session, statement.db).id;
    const job = shownJob(fe, dbId)?.job;
    if (job?.kind !== statement.job) {
      throw backupError(fe.release, `No ${statement.job === 'BACKUP' ? 'backup job' : 'restore'} is currently running`);
    }
    if (isDone(job)) {
      throw backupError(
        fe.release,
        `Failed to cancel job: Job with label ${job.label} can not be cancelled. state: ${job.state}`,
      );
    }
    const progress = job.kind === 'RESTORE' ? `, current state: ${job.state}` : '';
    await fe.jobs.cancel(fe, dbId, { code: 'COMMON_ERROR', message: `user cancelled${progress}` });
    return done();
  }),

  /** SHOW BACKUP goes to the leader; SHOW RESTORE does not, and lags on a follower. */
  showJob: {
    place: ({ job }) => (job === 'BACKUP' ? 'leader' : 'local'),
    run: ({ statement, session, fe }) => {
      requirePrivilege(fe, session, need);
      const dbId = statement.db === null && session.db === null ? null : shownDatabase(fe, session, statement.db);
      // A job about catalogs belongs to no database and is shown for every one, after its own.
      const jobs = [...fe.group.state.jobs.values()]
        .filter((job) => dbId === null || job.dbId === dbId || job.dbId === catalogsJobKey)
        .sort((a, b) => Number(a.dbId === catalogsJobKey) - Number(b.dbId === catalogsJobKey));
      const shown = jobs.flatMap(({ dbId: id }) => shownJob(fe, id) ?? []);
      if (statement.job === 'RESTORE') {
        return restoreRows(shown.flatMap(({ job, tasks }) => (job.kind === 'RESTORE' ? [{ job, tasks }] : [])));
      }
      const visible = shown.flatMap(({ job, tasks }) => (job.kind === 'BACKUP' ? [{ job, tasks }] : []));
      return backupRows(visible.every(({ job }) => mayExport(fe, session, job)) ? visible : []);
    },
  },

  showSnapshot: locally(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, need);
    const repository = findRepository(fe.group.state, statement.repository);
    if (!repository) throw repositoryMissing(fe.release, statement.repository);
    if (statement.snapshot === null && statement.timestamp !== null)
      throw analysisError(
        "Where clause should looks like: SNAPSHOT = 'your_snapshot_name' [AND TIMESTAMP = '2018-04-18-19-19-10']",
      );
    if (statement.snapshot !== null && statement.timestamp !== null) {
      return snapshotDetails(fe, repository, { snapshot: statement.snapshot, timestamp: statement.timestamp });
    }
    const listed = statement.snapshot === null ? await listSnapshots(fe.stores, repository) : [statement.snapshot];
    const names = listed.filter((name) => statement.like === null || isLike(name, statement.like));
    const rows = await Promise.all(
      names.map(async (name) => {
        const timestamps = await snapshotTimestamps(fe.stores, repository, name);
        return timestamps.length === 0 ? [name, '', 'ERROR: no snapshot'] : [name, timestamps.join('\n'), 'OK'];
      }),
    );
    return textRows(['Snapshot', 'Timestamp', 'Status'], rows);
  }),
};

/** The real thing keeps information_schema as a database like others, with this id; it never has a job of its own. */
function shownDatabase(fe: FrontendContext, session: Session, name: string | null): number {
  return name?.toLowerCase() === 'information_schema' ? 1 : currentDatabase(fe, session, name).id;
}

/** The leader's live view of a job, or what the journal says of it. */
function shownJob(fe: FrontendContext, dbId: number) {
  const logged = fe.group.state.jobs.get(String(dbId)) ?? null;
  const live = fe.group.isLeader ? fe.jobs.live(dbId) : null;
  if (live && logged && live.job.createdAt === logged.createdAt && live.job.label === logged.label) return live;
  return logged && { job: logged, tasks: null };
}

function mayExport(fe: FrontendContext, session: Session, job: Extract<Job, { kind: 'BACKUP' }>): boolean {
  return job.objects.every(({ table }) => {
    return hasPrivilege(fe.group.state, session, {
      privileges: ['EXPORT'],
      object: { kind: 'TABLE', db: job.dbName, table },
    });
  });
}

async function snapshotDetails(
  fe: FrontendContext,
  repository: Repository,
  at: { snapshot: string; timestamp: string },
) {
  const columns = ['Snapshot', 'Timestamp', 'Database', 'Details', 'Status'];
  try {
    const info = await readSnapshotInfo(fe.stores, repository, at);
    return textRows(columns, [[at.snapshot, at.timestamp, info.database, briefOf(info), 'OK']]);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return textRows(columns, [[at.snapshot, at.timestamp, null, null, `Failed to get info: ${text}`]]);
  }
}
