import type { FrontendContext } from './context.ts';
import { availableBackends } from './data/placement.ts';
import { findDatabase, findTable } from './data/tables.ts';
import { execute, parseFor } from './execute.ts';
import { createSession } from './session.ts';

const database = '_statistics_';
const tables = [
  ...['column_statistics', 'external_column_statistics', 'external_histogram_statistics', 'histogram_statistics'],
  ...['loads_history', 'multi_column_statistics', 'pipe_file_list', 'predicate_columns', 'query_history'],
  ...['spm_baselines', 'table_statistic_v1', 'task_run_history'],
];

/**
 * What StarRocks makes for itself as soon as one backend is there: one replica each, as a cluster keeps them whose first
 * backend came alone. Only where fe.conf says `sandbox_statistics_tables = true`.
 */
export async function makeStatisticsTables(fe: FrontendContext): Promise<void> {
  if (!fe.group.isLeader || fe.conf.get('sandbox_statistics_tables') !== 'true') return;
  const { state } = fe.group;
  const db = findDatabase(state, database);
  if (db === null || availableBackends(state).length === 0) return;
  const session = createSession({ connectionId: 0, user: 'root', userHost: '%', remote: fe.self.host });
  session.roles = ['root'];
  for (const name of tables.filter((one) => findTable(state, db.id, one) === null)) {
    const [parsed] = parseFor(
      fe,
      `CREATE TABLE IF NOT EXISTS ${database}.${name} (id BIGINT) DISTRIBUTED BY HASH(id) BUCKETS 1 ` +
        'PROPERTIES ("replication_num" = "1")',
    );
    if (parsed) await execute(fe, session, parsed);
  }
}
