import { templateOf } from '../../../src/domain/backup/template.ts';
import { makePlan } from '../../../src/domain/plan.ts';
import { newId } from '../../../src/ids.ts';
import type { Database } from '../../../src/store/database.ts';

/** Where a row belongs: the environment is the row's own, or null where its cluster says it. */
type Place = { readonly clusterId: string; readonly environment: string };
export type Row = Place & { readonly id: string; readonly number: number };

export const environments = ['dev', 'test', 'stage', 'prod', 'lab'] as const;
const createdAt = new Date('2026-01-01T00:00:00.000Z');

/**
 * Many clusters, every fourth of them unregistered since, with runs, alerts and backups from before a cluster got another
 * environment. A run in five belongs where its cluster is not.
 */
export async function fillWithRows(db: Database, { clusters: count }: { clusters: number }) {
  const all = Array.from({ length: count }, (_, at) => ({
    clusterId: newId('clu'),
    environment: environmentAt(at),
    name: `cluster-${String(at).padStart(3, '0')}`,
    isGone: at % 4 === 3,
  }));
  const present = all.filter(({ isGone }) => !isGone);
  await db.insertInto('cluster').values(present.map(clusterRow)).execute();
  const runs = all.flatMap((cluster, at) =>
    Array.from({ length: 4 }, (_, turn) => ({ id: newId('run'), cluster, ...placeOf(cluster, at + turn) })),
  );
  await insertRuns(db, runs);
  const ofCluster = present.map((cluster) => ({ ...cluster, node: newId('nod'), host: newId('hst') }));
  await insertMachines(db, ofCluster);

  const firstRuns = runs.filter((_, at) => at % 4 === 0);
  const backups = firstRuns.map((run) => ({ ...run, id: newId('bak'), runId: run.id }));
  const reports = firstRuns.map((run) => ({ ...run, id: newId('rep'), runId: run.id }));
  const upgrades = firstRuns.map((run) => ({ ...run, id: newId('upg'), runId: run.id }));
  const approvals = runs.filter((_, at) => at % 2 === 0).map((run) => ({ ...run, id: newId('apr'), runId: run.id }));
  const alerts = all.flatMap((cluster, at) =>
    [0, 1].map((turn) => ({ id: newId('alr'), ...placeOf(cluster, at * turn) })),
  );
  await db
    .insertInto('backup')
    .values(backups.map(({ id, clusterId, runId }) => ({ ...backupRow, id, cluster_id: clusterId, run_id: runId })))
    .execute();
  await db
    .insertInto('check_report')
    .values(
      reports.map(({ id, clusterId, runId }) => ({
        id,
        cluster_id: clusterId,
        run_id: runId,
        at: createdAt,
        checks: '[]',
      })),
    )
    .execute();
  await db
    .insertInto('upgrade')
    .values(upgrades.map(({ id, clusterId, runId }) => ({ ...upgradeRow, id, cluster_id: clusterId, run_id: runId })))
    .execute();
  await db
    .insertInto('approval')
    .values(approvals.map(({ id, runId }) => ({ ...approvalRow, id, run_id: runId })))
    .execute();
  await db.insertInto('alert').values(alerts.map(alertRow)).execute();
  const schedules = firstRuns.map((run) => ({ ...run, id: newId('sch') }));
  await db
    .insertInto('schedule')
    .values(
      schedules.map(({ id, clusterId }, at) => ({ ...scheduleRow, id, cluster_id: clusterId, name: `s${at % 9}` })),
    )
    .execute();
  const repositories = firstRuns.map((run) => ({ ...run, id: newId('rpy') }));
  await db
    .insertInto('repository')
    .values(
      repositories.map(({ id, clusterId }, at) => ({ ...repositoryRow, id, cluster_id: clusterId, name: `r${at}` })),
    )
    .execute();
  const policies = firstRuns.map((run, at) => ({ ...run, id: newId('bpl'), name: `p${String(at).padStart(3, '0')}` }));
  await db
    .insertInto('backup_policy')
    .values(policies.map(({ id, clusterId, name }) => ({ ...policyRow, id, cluster_id: clusterId, name })))
    .execute();
  await db
    .insertInto('audit_event')
    .values([null, ...all, ...all].map((cluster) => ({ ...auditRow, cluster_id: cluster?.clusterId ?? null })))
    .execute();

  const audit = await db.selectFrom('audit_event').select(['id', 'cluster_id']).orderBy('id').execute();
  const byId = <T extends { id: string }>(rows: readonly T[], numbers: readonly { id: string; number: number }[]) => {
    const known = new Map(numbers.map(({ id, number }) => [id, number]));
    return rows.map((row) => ({ ...row, number: known.get(row.id) ?? 0 }));
  };
  const inPresent = <T extends Place>(rows: readonly T[]) =>
    rows.flatMap((row) => {
      const cluster = present.find(({ clusterId }) => clusterId === row.clusterId);
      return cluster === undefined ? [] : [{ ...row, environment: cluster.environment }];
    });
  return {
    clusters: present,
    nodes: ofCluster.map(({ node, clusterId, environment }) => ({ id: node, clusterId, environment })),
    hosts: ofCluster.map(({ host, clusterId, environment }) => ({ id: host, clusterId, environment })),
    runs: byId(runs, await db.selectFrom('run').select(['id', 'number']).execute()),
    approvals: byId(approvals, await db.selectFrom('approval').select(['id', 'number']).execute()),
    alerts: byId(alerts, await db.selectFrom('alert').select(['id', 'number']).execute()),
    backups,
    reports: inPresent(reports),
    schedules: inPresent(schedules),
    repositories: inPresent(repositories),
    policies: inPresent(policies),
    upgrades: inPresent(upgrades),
    /** Null: what is about no cluster, or one that is gone. */
    audit: audit.map(({ id, cluster_id }) => ({
      number: id,
      place: present.find(({ clusterId }) => clusterId === cluster_id) ?? null,
    })),
  };
}

function environmentAt(at: number): string {
  return environments[at % environments.length] ?? 'dev';
}

function placeOf({ clusterId, environment }: Place, turn: number): Place {
  return { clusterId, environment: turn % 5 === 0 ? environmentAt(turn / 5) : environment };
}

function clusterRow({ clusterId, environment, name }: Place & { name: string }) {
  return {
    id: clusterId,
    name,
    environment,
    sql_user: 'root',
    password_ref: 'secret:none',
    seeds: '[]',
    problems: '[]',
    created_at: createdAt,
  };
}

async function insertRuns(db: Database, runs: readonly (Place & { id: string; cluster: { name: string } })[]) {
  const plan = makePlan({ name: 'touchCluster', version: 1 }, { summary: 'Touch', steps: [] }, []);
  const rows = runs.map(({ id, clusterId, environment, cluster }, at) => ({
    id,
    operation: plan.operation,
    operation_version: 1,
    cluster_id: clusterId,
    cluster_name: cluster.name,
    environment,
    state: at % 3 === 0 ? 'SUCCEEDED' : 'QUEUED',
    input: '{}',
    plan: JSON.stringify(plan),
    plan_hash: plan.hash,
    requested_by_id: 'per_somebody',
    requested_by_name: 'somebody',
    via: 'API',
    needs_replan: 0,
    created_at: createdAt,
    finished_at: at % 3 === 0 ? createdAt : null,
  }));
  await db.insertInto('run').values(rows).execute();
}

async function insertMachines(db: Database, clusters: readonly (Place & { node: string; host: string })[]) {
  const nodes = clusters.map(({ node, host, clusterId }) => ({
    id: node,
    cluster_id: clusterId,
    host_id: host,
    kind: 'BACKEND',
    host: '10.0.0.1',
    port: 9050,
    alive: 1,
    decommissioning: 0,
    observed_at: createdAt,
  }));
  const hosts = clusters.map(({ host, clusterId }) => ({
    id: host,
    cluster_id: clusterId,
    address: '10.0.0.1',
    port: 22,
    user: 'sr',
    auth: '{"kind":"agent"}',
    created_at: createdAt,
  }));
  await db.insertInto('cluster_node').values(nodes).execute();
  await db.insertInto('host').values(hosts).execute();
}

const backupRow = {
  database_name: 'sales',
  repository: 'repo',
  snapshot: 'snap',
  state: 'AVAILABLE',
  started_at: createdAt,
};
const upgradeRow = { direction: 'UPGRADE', from_version: '3.4.0', to_version: '3.5.0', started_at: createdAt };
const scheduleRow = {
  ...{ operation: 'touchCluster', input: '{}', cron: '0 2 * * *', time_zone: 'UTC', jitter_seconds: 0 },
  ...{ when_missed: 'RUN_ONCE', owner_id: 'per_somebody', owner_name: 'somebody', state: 'ACTIVE' },
  ...{
    content_hash: '0'.repeat(64),
    slot_at: createdAt,
    due_at: createdAt,
    created_at: createdAt,
    changed_at: createdAt,
  },
};

const repositoryRow = {
  ...{ location: 's3://backups/x', kind: 'S3', read_only: 0, origin: 'CREATED', access: null, created_at: createdAt },
};
const policyRow = {
  ...{
    content: JSON.stringify(templateOf({ repository: 'r0', databases: ['*'] })),
    owner_id: 'per_somebody',
    owner_name: 'somebody',
    revision: 1,
  },
  ...{ created_at: createdAt, changed_at: createdAt },
};

const approvalRow = {
  plan_hash: 'hash',
  state: 'PENDING',
  required: 1,
  created_at: createdAt,
  expires_at: createdAt,
};
const auditRow = {
  at: createdAt,
  actor_id: 'per_somebody',
  actor_name: 'somebody',
  via: 'API',
  action: 'touchCluster',
  outcome: 'DONE',
};

function alertRow({ id, clusterId, environment }: Place & { id: string }) {
  return {
    id,
    fingerprint: id,
    open_fingerprint: id,
    rule: 'node_down',
    severity: 'CRITICAL',
    cluster_id: clusterId,
    cluster_name: 'cluster',
    environment,
    labels: '{}',
    title: 'be 10.0.0.1:9050 is down',
    text: 'down',
    signal_state: 'FIRING',
    ack_reminded: 0,
    since: createdAt,
    opened_at: createdAt,
    last_seen_at: createdAt,
    count: 1,
    flaps: 0,
    revision: 1,
    changed_at: createdAt,
  };
}
