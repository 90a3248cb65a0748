import { done, textRows } from '../../mysql/packets.ts';
import type { TableName } from '../../sql/ast.ts';
import { analysisError, SqlError } from '../../sql/errors.ts';
import { hasPrivilege, requirePrivilege } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { ordered } from '../data/row-order.ts';
import { findDatabase, findTable } from '../data/tables.ts';
import { type Handlers, onLeader } from '../handlers.ts';
import { createIds } from '../meta/ids.ts';
import { change, type Database, type RoutineLoad } from '../meta/state.ts';
import { paused } from '../routine-load/engine.ts';
import { routineLoadCells, routineLoadColumns } from '../routine-load/rows.ts';
import { reason, stateShown } from '../routine-load/states.ts';
import type { Session } from '../session.ts';

type Kinds = 'createRoutineLoad' | 'controlRoutineLoad' | 'showRoutineLoad';

export const routineLoadHandlers: Handlers<Kinds> = {
  createRoutineLoad: onLeader(async ({ statement, session, fe }) => {
    const { job: name, table: tableName, properties, source } = statement;
    const db = databaseOf(fe, session, name.db);
    const table = findTable(fe.group.state, db.id, tableName);
    if (table === null) throw new SqlError(5502, '42602', `Unknown table '${tableName}'`);
    requireInsert(fe, session, { db, table: tableName });
    const partitions = (source.kafka_partitions ?? '0').split(',').map((one) => one.trim());
    await fe.group.update((state) => {
      if ([...state.routineLoads.values()].some((one) => one.dbId === db.id && one.name === name.name && isOpen(one)))
        throw new SqlError(5018, 'HY000', `Name ${name.name} already used in db ${db.name}`);
      const ids = createIds(state);
      const job: RoutineLoad = {
        ...{ id: ids.next(), name: name.name, dbId: db.id, tableName, properties, source },
        ...{ createdAt: Date.now(), pausedAt: null, endedAt: null, state: 'NEED_SCHEDULE', reason: '' },
        rows: { loaded: 0, error: 0, bytes: 0 },
        window: { rows: 0, error: 0 },
        progress: Object.fromEntries(partitions.map((one) => [one, { loaded: 0, latest: 0, at: Date.now() }])),
      };
      return { changes: [change('routineLoads', job.id, job), ids.change()], value: null };
    });
    return done();
  }),

  controlRoutineLoad: onLeader(async ({ statement, session, fe }) => {
    const { db, job } = openJob(fe, session, statement.job);
    requireInsert(fe, session, { db, table: job.tableName });
    const next = controlled(fe, { job, action: statement.action, user: session.user });
    await fe.group.update(() => ({ changes: [change('routineLoads', job.id, next)], value: null }));
    return done();
  }),

  /** Jobs on tables that the caller may not load into are left out without a word. */
  showRoutineLoad: onLeader(({ statement, session, fe }) => {
    const { history, where } = statement;
    const db = databaseOf(fe, session, statement.job?.db ?? statement.db);
    const named = [...fe.group.state.routineLoads.values()].filter(
      (job) => job.dbId === db.id && (statement.job === null || job.name === statement.job.name),
    );
    const wanted = named.filter((job) => (history || isOpen(job)) && fits(fe, job, where));
    if (statement.job !== null && wanted.length === 0) throw noJob(statement.job.name, { db: db.name, history });
    const seen = wanted.filter((job) => maySee(fe, session, { db, table: job.tableName }));
    const cells = seen.map((job) => routineLoadCells(fe, job));
    return ordered(textRows(routineLoadColumns(fe), cells), statement.order);
  }),
};

type Place = { db: Database; table: string };

function requireInsert(fe: FrontendContext, session: Session, { db, table }: Place): void {
  requirePrivilege(fe, session, { privileges: ['INSERT'], object: { kind: 'TABLE', db: db.name, table } });
}

function maySee({ group }: FrontendContext, session: Session, { db, table }: Place): boolean {
  const object = { kind: 'TABLE', db: db.name, table } as const;
  return hasPrivilege(group.state, session, { privileges: ['INSERT'], object });
}

/** The words of this statement for a database that is not there; it looks for itself. */
function databaseOf(fe: FrontendContext, session: Session, name: string | null): Database {
  const wanted = name ?? session.db;
  if (wanted === null) throw analysisError('No database selected', 1046, '3D000');
  const found = findDatabase(fe.group.state, wanted);
  if (found === null) throw analysisError(`failed to find database by dbFullName ${wanted}`);
  return found;
}

function isOpen({ state }: RoutineLoad): boolean {
  return state !== 'STOPPED' && state !== 'CANCELLED';
}

function fits(fe: FrontendContext, job: RoutineLoad, where: { word: string; text: string } | null): boolean {
  if (where === null) return true;
  return (where.word === 'STATE' ? stateShown(fe, job) : job.name) === where.text;
}

function openJob(fe: FrontendContext, session: Session, name: TableName): { db: Database; job: RoutineLoad } {
  const db = databaseOf(fe, session, name.db);
  const job = [...fe.group.state.routineLoads.values()].find(
    (one) => one.dbId === db.id && one.name === name.name && isOpen(one),
  );
  if (job === undefined)
    throw analysisError(`Routine load job [${name.name}] not found when checking privilege`, 5089, '42000');
  return { db, job };
}

function noJob(name: string, { db, history }: { db: string; history: boolean }): SqlError {
  const hint = 'you can try `show all routine load job for job_name` if you want to list stopped and cancelled jobs';
  return analysisError(`There is no running job named ${name} in db ${db}. Include history? ${history}, ${hint}`);
}

type Control = { job: RoutineLoad; action: 'PAUSE' | 'RESUME' | 'STOP'; user: string };

function controlled(fe: FrontendContext, { job, action, user }: Control): RoutineLoad {
  switch (action) {
    case 'PAUSE':
      if (job.state === 'PAUSED') throw new SqlError(1064, 'HY000', 'Could not transform PAUSED to PAUSED');
      return paused(fe, job, reason(100, `User ${user} pauses routine load job`));
    case 'RESUME':
      return { ...job, state: 'NEED_SCHEDULE', pausedAt: null, reason: '', window: { rows: 0, error: 0 } };
    case 'STOP':
      return {
        ...job,
        state: 'STOPPED',
        endedAt: Date.now(),
        reason: reason(101, `User ${user} stop routine load job`),
      };
  }
}
