import { databaseNowPlus, type Reader } from '../database.ts';

type Overdue = {
  readonly overdueMs: number;
  /** Clusters with an alert of this rule and severity that fires already are left out. */
  readonly rule: string;
  readonly severity: string;
  readonly except: readonly string[];
};

/** Clusters at which nobody has looked for so long, or never since they were registered. */
export async function listOverdueLooks(
  db: Reader,
  { overdueMs, rule, severity, except }: Overdue,
): Promise<readonly { readonly clusterId: string; readonly environment: string }[]> {
  const rows = await db
    .selectFrom('cluster')
    .leftJoin('probe', 'probe.cluster_id', 'cluster.id')
    .select(['cluster.id', 'cluster.environment'])
    .where((row) => row(row.fn.coalesce('probe.at', 'cluster.created_at'), '<', databaseNowPlus(-overdueMs)))
    .where((row) =>
      row.not(
        row.exists(
          row
            .selectFrom('alert')
            .select('alert.id')
            .whereRef('alert.cluster_id', '=', 'cluster.id')
            .where('alert.rule', '=', rule)
            .where('alert.severity', '=', severity)
            .where('alert.closed_at', 'is', null)
            .where('alert.signal_state', '!=', 'RESOLVED'),
        ),
      ),
    )
    .$if(except.length > 0, (query) => query.where('cluster.id', 'not in', except))
    .limit(100)
    .execute();
  return rows.map(({ id: clusterId, environment }) => ({ clusterId, environment }));
}
