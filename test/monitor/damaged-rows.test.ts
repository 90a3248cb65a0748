import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mistakesInRule } from '../../src/domain/rules/mistakes.ts';
import { ownPrefix } from '../../src/domain/rules/rule.ts';
import { shippedRules } from '../../src/domain/rules/shipped/index.ts';
import { newId } from '../../src/ids.ts';
import { databaseNow, databaseNowPlus } from '../../src/store/database.ts';
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
  bench.watch();
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
