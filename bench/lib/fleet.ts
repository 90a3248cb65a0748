import { newId } from '../../src/ids.ts';
import type { Database } from '../../src/store/database.ts';

const frontendsPerCluster = 3;
const backendsPerCluster = 17;
const runsPerCluster = 3;
const at = (minutes: number) => new Date(Date.UTC(2026, 0, 1, 0, minutes));

/** Adds clusters of 20 nodes each that exist in the inventory alone, with one open alert and three runs each. */
export async function addFleet(db: Database, { from, to }: { from: number; to: number }): Promise<void> {
  // In pieces, because one statement for all of them would be longer than a packet may be.
  for (let first = from; first < to; first += 50) {
    const clusters = Array.from({ length: Math.min(50, to - first) }, (_, index) => {
      return { id: newId('clu'), name: `bench-${String(first + index).padStart(4, '0')}`, index: first + index };
    });
    await db.insertInto('cluster').values(clusters.map(clusterRow)).execute();
    await db.insertInto('cluster_node').values(clusters.flatMap(nodeRows)).execute();
    await db.insertInto('alert').values(clusters.map(alertRow)).execute();
    await db.insertInto('run').values(clusters.flatMap(runRows)).execute();
  }
}

type Seed = { id: string; name: string; index: number };

function clusterRow({ id, name }: Seed) {
  return {
    id,
    name,
    environment: 'dev',
    sql_user: 'starwarden',
    password_ref: 'secret:sec_none',
    seeds: '[{"host":"127.0.0.1","port":1}]',
    tls: null,
    run_mode: 'shared_nothing',
    observed_at: at(0),
    problems: '[]',
    created_at: at(0),
  };
}

function nodeRows(cluster: Seed) {
  // Of this machine, where nothing listens: whoever tries to connect is refused at once.
  const host = (node: number) => `127.${100 + (cluster.index >> 8)}.${cluster.index & 255}.${node}`;
  const frontends = Array.from({ length: frontendsPerCluster }, (_, node) => ({
    ...nodeRow(cluster, host(node + 1)),
    kind: 'FRONTEND',
    port: 9010,
    http_port: 8030,
    query_port: 9030,
    role: node === 0 ? 'LEADER' : 'FOLLOWER',
  }));
  const backends = Array.from({ length: backendsPerCluster }, (_, node) => ({
    ...nodeRow(cluster, host(node + 101)),
    kind: 'BACKEND',
    port: 9050,
    http_port: 8040,
    query_port: null,
    role: null,
    tablet_count: 12_345,
    max_disk_used_percent: 61.5,
  }));
  return [...frontends, ...backends];
}

function nodeRow({ id }: Seed, host: string) {
  return {
    id: newId('nod'),
    cluster_id: id,
    host,
    alive: 1,
    decommissioning: 0,
    version: '3.5.2-5f3d6d1',
    started_at: '2026-01-01 00:00:00',
    tablet_count: null,
    max_disk_used_percent: null,
    error_message: null,
    observed_at: at(0),
    host_id: null,
    deploy_dir: null,
  };
}

function alertRow({ id, name, index }: Seed) {
  const fingerprint = index.toString(16).padStart(64, '0');
  return {
    id: newId('alr'),
    fingerprint,
    open_fingerprint: fingerprint,
    rule: 'node_down',
    severity: 'CRITICAL',
    cluster_id: id,
    cluster_name: name,
    environment: 'dev',
    node_id: null,
    labels: '{"node":"be 10.0.0.101:9050"}',
    title: `be 10.0.0.101:9050 of ${name} is down`,
    text: 'The frontends get no heartbeat from it. Tablets with one replica left cannot lose another.',
    signal_state: 'FIRING',
    acked_by_id: null,
    acked_by_name: null,
    acked_at: null,
    acked_until: null,
    ack_reminded: 0,
    muted_by: null,
    since: at(1),
    opened_at: at(1),
    last_seen_at: at(2),
    resolved_at: null,
    closed_at: null,
    count: 3,
    flaps: 0,
    previous_id: null,
    revision: 1,
    changed_at: at(2),
  };
}

function runRows({ id, name, index }: Seed) {
  const step = { kind: 'inspectCluster', title: 'Look at the cluster', params: {} };
  const plan = {
    operation: 'checkCluster',
    operationVersion: 1,
    summary: `Check ${name}`,
    steps: [step],
    notes: [],
    generated: [],
    hash: '0'.repeat(64),
  };
  return Array.from({ length: runsPerCluster }, (_, run) => ({
    id: newId('run'),
    operation: plan.operation,
    operation_version: 1,
    cluster_id: id,
    cluster_name: name,
    environment: 'dev',
    state: 'SUCCEEDED',
    input: JSON.stringify({ clusterId: id }),
    plan: JSON.stringify(plan),
    plan_hash: plan.hash,
    requested_by_id: 'per_bench',
    requested_by_name: 'bench',
    via: 'API',
    reason: null,
    blocked_by: null,
    needs_replan: 0,
    due_at: null,
    claimed_by: null,
    claimed_until: null,
    outcome: null,
    progress: '{"completed":1,"total":1,"message":"Look at the cluster"}',
    failure: null,
    post_check: '{"passed":true,"checks":[]}',
    retry_of: null,
    created_at: at(run * 10_000 + index),
    started_at: at(run * 10_000 + index),
    finished_at: at(run * 10_000 + index),
  }));
}
