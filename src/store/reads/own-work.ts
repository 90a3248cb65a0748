import { sql } from 'kysely';
import { type OwnWork, type WaitingState, waitingStates } from '../../domain/own-work.ts';
import { databaseNow, type Reader } from '../database.ts';
import { locksOfClusters } from './clusters.ts';
import { drivenStates, drivenUntil, isLost } from './driven-runs.ts';

/** What Starwarden does about a cluster, for the look that judges it. */
export async function readOwnWork(db: Reader, clusterId: string): Promise<OwnWork> {
  const gap = await db
    .selectFrom('probe')
    .select(sql<number | null>`TIMESTAMPDIFF(MICROSECOND, at, ${databaseNow}) / 1000`.as('ms'))
    .where('cluster_id', '=', clusterId)
    .executeTakeFirst();
  const runs = await db
    .selectFrom('run')
    .select(['number', 'operation', 'state', 'created_at'])
    .select((run) =>
      run
        .selectFrom('run_event')
        .select(({ fn }) => fn.max('at').as('at'))
        .whereRef('run_event.run_id', '=', 'run.id')
        .as('last_at'),
    )
    .select(drivenUntil.as('driven_until'))
    .where('cluster_id', '=', clusterId)
    .where((row) => row.or([row('state', 'in', waitingStates), row.and([row('state', 'in', drivenStates), isLost])]))
    .orderBy('number')
    .execute();
  return {
    lookGapMs: gap?.ms == null ? null : Number(gap.ms),
    isChanging: (await locksOfClusters(db, [clusterId])).length > 0,
    waiting: runs.map(({ number, operation, state, created_at, last_at, driven_until }) =>
      isWaiting(state)
        ? { number, operation, state, since: last_at ?? created_at }
        : { number, operation, state: 'LOST', since: driven_until },
    ),
  };
}

function isWaiting(state: string): state is WaitingState {
  return waitingStates.some((known) => known === state);
}
