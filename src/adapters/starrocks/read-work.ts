import type { RunningWork } from '../../domain/upgrade/checks-facts.ts';
import { AppError } from '../../errors.ts';
import { inParallel } from '../in-parallel.ts';
import type { SqlCall, SqlReader, SqlRow } from './port.ts';
import { showProc } from './statements.ts';

const atOnce = 6;
/** Each costs a statement, and a plan has to be made within seconds. */
const mostDatabases = 1_000;

/**
 * Loads and changes of tables that have not ended, counted by the leader in every database. The job types are the same in
 * 3.1 to 4.0; a job that is neither a load nor an export counts as a change of a table.
 */
export async function readRunningWork(sql: SqlReader, call: SqlCall = {}): Promise<RunningWork> {
  const onLeader = { ...call, route: 'leader' } as const;
  const databases = (await sql.query(showProc('/jobs'), onLeader)).flatMap(({ DbId, DbName }) =>
    DbId != null && /^\d+$/.test(DbId) ? [{ id: DbId, name: DbName ?? DbId }] : [],
  );
  if (databases.length > mostDatabases) {
    throw new AppError('SQL_FAILED', `There are ${databases.length} databases, more than can be asked for their jobs`, {
      hint: `Up to ${mostDatabases} are asked.`,
    });
  }
  const jobs = await inParallel(databases, atOnce, async ({ id, name }) => ({
    name,
    rows: await sql.query(showProc(`/jobs/${id}`), onLeader),
  }));
  return {
    loads: jobs.flatMap(({ name, rows }) => lines(name, rows, { isWanted: (type) => type === 'load', waiting: false })),
    schemaChanges: jobs.flatMap(({ name, rows }) => lines(name, rows, { isWanted: isTableChange, waiting: true })),
  };
}

const otherJobs = new Set(['load', 'export', 'delete', 'backup', 'restore']);

function isTableChange(type: string): boolean {
  return !otherJobs.has(type);
}

type Wanted = { readonly isWanted: (type: string) => boolean; readonly waiting: boolean };

function lines(database: string, rows: readonly SqlRow[], { isWanted, waiting }: Wanted): string[] {
  return rows.flatMap(({ JobType, Running, Pending }) => {
    const type = (JobType ?? '').toLowerCase();
    const count = Number(Running) + (waiting ? Number(Pending) : 0);
    return isWanted(type) && count > 0 ? [`${database}: ${count} ${type.replaceAll('_', ' ')}`] : [];
  });
}
