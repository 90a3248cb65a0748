import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mistakesInRule } from '../../src/domain/rules/mistakes.ts';
import { ownPrefix } from '../../src/domain/rules/rule.ts';
import { shippedRules } from '../../src/domain/rules/shipped/index.ts';
import { newId } from '../../src/ids.ts';
import { insertAlert } from '../../src/store/alerts/alerts.ts';
import { databaseNow, databaseNowPlus, inTransaction } from '../../src/store/database.ts';
import { listProbes } from '../../src/store/probes/probes.ts';
import { healthOfClusters } from '../../src/store/reads/health.ts';
import { lastLooksOfClusters } from '../../src/store/reads/probes.ts';
import { listOverrides } from '../../src/store/reads/rules.ts';
import { listSilences } from '../../src/store/reads/silences.ts';
import { type Bench, startBench } from './bench.ts';
import { paperCluster } from './paper-cluster.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench?.close());

it('watches a cluster whatever became of what is stored beside it', async () => {
  const { db } = bench.ctx;
  const cluster = paperCluster();
  const clusterId = await bench.add('beset', cluster);
  const monitor = bench.watch();
  await bench.looks(cluster, 2);
  const [by, now] = [{ by_id: 'per_kim', by_name: 'kim', reason: 'r' }, { created_at: databaseNow }];
  await db
    .insertInto('alert_rule_override')
    .values({ id: newId('aro'), rule: 'node_down', scope_kind: 'all', scope_value: '', changes: '{', ...by, ...now })
    .execute();
  await db
    .insertInto('silence')
    .values({
      ...{ id: newId('sil'), scope_kind: 'all', scope_value: '', matchers: '{', reason: 'r', needs_second: 0 },
      ...{
        created_by_id: 'per_kim',
        created_by_name: 'kim',
        created_at: databaseNow,
        until_at: databaseNowPlus(60_000),
      },
    })
    .execute();
  await db
    .insertInto('metric_facts')
    .values({ cluster_id: clusterId, due_at: databaseNowPlus(60_000), fence: 0, answers: '{' })
    .execute();
  await db
    .updateTable('metric_state')
    .set({ counters: Buffer.from('x') })
    .where('cluster_id', '=', clusterId)
    .execute();
  await db.updateTable('probe').set({ nodes: '[{', pending: '[{' }).where('cluster_id', '=', clusterId).execute();
  cluster.backends[0] = { host: '10.0.0.11', alive: false };
  await expect
    .poll(async () => (await bench.alertsOf(clusterId)).map(({ rule, mute }) => [rule, mute.kind]), { timeout: 10_000 })
    .toEqual([['node_down', 'NONE']]);
  await monitor.stop();
});

describe('a damaged part of what is stored', () => {
  const kept = { created_at: databaseNow, by_name: 'kim' };
  const repository = (cluster_id: string) =>
    bench.ctx.db
      .insertInto('repository')
      .values({
        ...{ id: newId('rep'), cluster_id, name: 'nightly', location: 's3://b/nightly', kind: 's3', read_only: 0 },
        ...{ origin: 'CREATED', access: '{', checked_at: null, problem: null, problem_code: null },
        ...{ problem_since: null, used_bytes: null, free_bytes: null, created_at: kept.created_at },
      })
      .execute();
  const policy = (cluster_id: string) =>
    bench.ctx.db
      .insertInto('backup_policy')
      .values({
        ...{
          id: newId('bpl'),
          cluster_id,
          name: 'nightly',
          content: '{',
          owner_id: 'per_kim',
          owner_name: kept.by_name,
        },
        ...{ armed_hash: null, armed_by_id: null, armed_by_name: null, armed_at: null, created_at: kept.created_at },
        ...{ changed_at: kept.created_at, removed_at: null, open_name: 'nightly' },
      })
      .execute();
  const node = (cluster_id: string) =>
    bench.ctx.db
      .insertInto('cluster_node')
      .values({
        ...{ id: newId('nod'), cluster_id, kind: 'WHAT', host: '10.0.0.99', port: 9050, host_id: null, unit: null },
        ...{ deploy_dir: null, http_port: null, query_port: null, role: null, alive: 1, decommissioning: 0 },
        ...{ version: null, started_at: null, tablet_count: null, max_disk_used_percent: null, error_message: null },
        ...{ location: null, observed_at: kept.created_at, stopped_run_id: 'run_1', stopped_run_number: 1 },
        ...{ stopped_by_name: kept.by_name, stopped_at: kept.created_at },
      })
      .execute();
  const hidden = (cluster_id: string) =>
    bench.ctx.db
      .insertInto('hidden_by_run')
      .values({
        ...{ run_id: 'run_1', fingerprint: newId('alr').slice(0, 40), cluster_id, rule: 'node_down', labels: '{' },
        ...{ hidden_at: databaseNow, covered_at: databaseNow, cleared_at: null },
      })
      .execute();
  const problems = (id: string) =>
    bench.ctx.db.updateTable('cluster').set({ problems: '[' }).where('id', '=', id).execute();
  const alert = (id: string) =>
    bench.ctx.db
      .updateTable('alert')
      .set({ labels: '{', severity: 'WHAT', signal_state: 'WHAT', turns: '[', flapping: '{' })
      .where('cluster_id', '=', id)
      .execute();

  it.each([
    { what: 'repositories', damage: repository, rule: 'repository_unhealthy' },
    { what: 'policies of backups', damage: policy, rule: 'backup_too_old' },
    { what: 'nodes, and those that were stopped', damage: node, rule: 'node_stopped' },
    { what: 'what a run hid', damage: hidden, rule: null },
    { what: 'the problems of the cluster', damage: problems, rule: null },
    { what: 'the alerts themselves', damage: alert, rule: null },
  ])('resolves nothing and hides nothing else: $what', async ({ damage, rule }) => {
    const cluster = paperCluster();
    const id = await bench.add(`damaged-${newId('clu').slice(-8).toLowerCase()}`, cluster);
    const first = bench.watch();
    await bench.looks(cluster, 2);
    const condition = {
      ...{
        fingerprint: newId('alr').slice(0, 40),
        rule: rule ?? '',
        severity: 'HIGH' as const,
        nodeId: null,
        labels: {},
      },
      ...{ title: 't', pastTitle: 'p', text: ['', ''], startedAt: null, forMs: 0, minSamples: 1 },
    };
    await first.stop();
    if (rule === null) cluster.backends[1] = { host: '10.0.0.12', alive: false };
    else
      await inTransaction(bench.ctx.db, (tx) =>
        insertAlert(tx, {
          ...{ cluster: { id, name: 'n', environment: 'staging' }, condition, since: new Date(), at: new Date() },
          mute: { kind: 'NONE' },
        }),
      );
    await damage(id);
    cluster.backends[0] = { host: '10.0.0.11', alive: false };
    const second = bench.watch();
    const signals = async () =>
      (await bench.alertsOf(id))
        .map((each) => `${each.rule} ${each.signal} ${Object.values(each.labels).join()}`)
        .toSorted();
    await expect
      .poll(signals, { timeout: 10_000 })
      .toEqual(
        [
          'node_down FIRING be 10.0.0.11:9050',
          rule === null ? 'node_down FIRING be 10.0.0.12:9050' : `${rule} STALE `,
        ].toSorted(),
      );
    await second.stop();
  });
});

it('lists what can be read of several clusters, whatever became of the last look at one of them', async () => {
  const { db } = bench.ctx;
  const [one, other] = [paperCluster(), paperCluster()];
  const ids = [await bench.add('first-listed', one), await bench.add('second-listed', other)];
  const [damaged = ''] = ids;
  const monitor = bench.watch();
  await bench.looks(one, 3);
  await bench.looks(other, 3);
  await monitor.stop();
  for (const column of ['nodes', 'pending', 'not_judged'] as const) {
    const row = await db.selectFrom('probe').selectAll().where('cluster_id', '=', damaged).executeTakeFirstOrThrow();
    const set = (text: string | null) =>
      db
        .updateTable('probe')
        .set({ [column]: text })
        .where('cluster_id', '=', damaged)
        .execute();
    await set('[{');
    const looks = (await lastLooksOfClusters(db, ids)).map(({ clusterId }) => clusterId);
    const health = await healthOfClusters(db, ids);
    const probes = await listProbes(db, ids);
    await set(row[column]);
    expect(looks).toEqual([ids[1]]);
    expect(health.find(({ clusterId }) => clusterId === ids[1])?.look).not.toBeNull();
    // What a probe could not judge belongs to it: without that, nothing of it is believed.
    if (column === 'pending') expect(probes).toHaveLength(2);
    else expect(health.find(({ clusterId }) => clusterId === damaged)?.look).toBeNull();
  }
});

it('lists the rules and silences that can be read, beside those that cannot', async () => {
  const { db } = bench.ctx;
  const visibility = 'everywhere';
  const rows = await db.selectFrom('silence').select('id').execute();
  expect(rows.length).toBeGreaterThan(0);
  expect(await listSilences(db, { visibility, ended: true })).toEqual([]);
  expect(await listOverrides(db, { visibility, rules: ['node_down'], past: true })).toEqual([]);
});

it('has room for an alert of a rule with the longest name that people may give', async () => {
  const longest = `${ownPrefix}${'x'.repeat(50)}`;
  const [rule] = shippedRules;
  if (rule === undefined) throw new Error('there is no rule');
  expect(mistakesInRule({ ...rule, name: longest }).filter(({ field }) => field === 'name')).toEqual([]);
  expect(mistakesInRule({ ...rule, name: `${longest}x` })).toContainEqual(expect.objectContaining({ field: 'name' }));
  const { rows } = await sql<{ longest: number }>`
    SELECT MIN(CHARACTER_MAXIMUM_LENGTH) AS longest FROM information_schema.columns
    WHERE table_schema = DATABASE() AND column_name = 'rule' AND table_name IN ('alert', 'hidden_by_run', 'alert_rule_override')`.execute(
    bench.ctx.db,
  );
  expect(Number(rows[0]?.longest)).toBeGreaterThanOrEqual(longest.length);
});
