import type { CheckReport } from '../../domain/cluster.ts';
import type { NamedCheck } from '../../domain/verdict.ts';
import { newId } from '../../ids.ts';
import { databaseNow, type Queryable, type Reader } from '../database.ts';
import { toJson } from '../json.ts';
import { toReport } from './cluster-rows.ts';

export async function findReportOfRun(db: Reader, runId: string): Promise<CheckReport | null> {
  const row = await db.selectFrom('check_report').selectAll().where('run_id', '=', runId).executeTakeFirst();
  return row === undefined ? null : toReport(row);
}

/** Keeps the report of a run; a later one of the same run takes its place. */
export async function saveReport(
  db: Queryable,
  { clusterId, runId, checks }: { clusterId: string; runId: string; checks: readonly NamedCheck[] },
): Promise<void> {
  await db
    .insertInto('check_report')
    .values({ id: newId('rep'), cluster_id: clusterId, run_id: runId, at: databaseNow, checks: toJson(checks) })
    .onDuplicateKeyUpdate({ checks: toJson(checks), at: databaseNow })
    .execute();
}
