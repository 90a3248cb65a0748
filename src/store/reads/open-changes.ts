import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import type { OpenChange } from '../../domain/open-change.ts';
import { terminalRunStates } from '../../domain/run.ts';
import type { Reader } from '../database.ts';
import { fromJson } from '../json.ts';

const json: z.ZodType<Json> = z.json();

/** Temporary changes of this setting that are not put back yet, newest first. The cluster was read with rights before. */
export async function listOpenChanges(
  db: Reader,
  { clusterId, setting }: { readonly clusterId: string; readonly setting: string },
): Promise<readonly OpenChange[]> {
  const rows = await db
    .selectFrom('temporary_change')
    .innerJoin('run', 'run.id', 'temporary_change.run_id')
    .select([
      'temporary_change.title',
      'temporary_change.before_value',
      'temporary_change.until_at',
      'run.id',
      'run.number',
      'run.operation',
      'run.state',
    ])
    .where('temporary_change.cluster_id', '=', clusterId)
    .where('temporary_change.state', '=', 'OPEN')
    .where('temporary_change.setting', '=', setting)
    .orderBy('temporary_change.created_at', 'desc')
    .execute();
  return rows.map(({ title, before_value, until_at: until, id: runId, number, operation, state }) => ({
    ...{ title, before: fromJson(json, before_value), until, runId, runNumber: Number(number), operation },
    isLeftOver: terminalRunStates.some((terminal) => terminal === state),
  }));
}
