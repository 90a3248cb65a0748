import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Condition } from '../../src/domain/alert-life.ts';
import { insertAlert } from '../../src/store/alerts/alerts.ts';
import { createMaintenanceWindow, deleteMaintenanceWindow } from '../../src/store/calendar/windows.ts';
import { databaseNowPlus, inTransaction, readDatabaseTime } from '../../src/store/database.ts';
import { setRotation } from '../../src/store/escalation/rotations.ts';
import { setRoute } from '../../src/store/escalation/routes.ts';
import { admin } from '../helpers/engine.ts';
import { lookedAt } from '../helpers/looked-at.ts';
import { startWorld, type World } from './fixture.ts';
import { measure } from './measured.ts';

const channel = 'sr-demo';
const all = { kind: 'all' } as const;
let world: World;

beforeAll(async () => {
  world = await startWorld({ worker: false });
  const { db } = world.ctx;
  const clusterId = world.clusters.prod;
  const nodes = await db
    .selectFrom('cluster_node')
    .select(['id', 'host'])
    .where('cluster_id', '=', clusterId)
    .execute();
  const idOf = (host: string) => nodes.find((node) => node.host === host)?.id ?? '';
  const disk = (host: string) => ({ nodeId: idOf(host), path: '/data1' });
  await measure(world, clusterId, [
    { metric: 'disk_used_share', subject: disk('10.0.0.11'), values: [0.7, 0.72] },
    { metric: 'disk_used_share', subject: disk('10.0.0.12'), values: [0.81, 0.82] },
    { metric: 'query_p95_ms', subject: { nodeId: idOf('10.0.0.1') }, values: [800, 900] },
  ]);
  await lookedAt(db, { clusterId, at: new Date(Date.now() - 30_000), dueInMs: 600_000 });
  const people = await db
    .selectFrom('person')
    .select('id')
    .where('name', 'in', ['kim', 'lee'])
    .orderBy('name')
    .execute();
  const by = {
    actor: admin,
    requestId: null,
    approvalEnvironments: [],
    defaultChannel: null,
    linkedNames: ['kim', 'lee'],
  };
  const rotation = { name: 'dba', scope: all, personIds: people.map(({ id }) => id), startsAt: '2026-01-05T09:00' };
  await setRotation(db, { ...rotation, timeZone: 'UTC', shiftHours: 168, reason: 'who knows it' }, by);
  const definition = {
    ...{ channel: null, secondChannel: null, fallbackChannel: null, rotation: 'dba', userGroup: 'S0DBA' },
    ...{ managerGroup: null, webhook: null, workingHours: null },
  };
  await setRoute(db, { scope: all, leastSeverity: 'MEDIUM', definition, reason: 'somebody has to come' }, by);
});
afterAll(() => world?.stop());

/** Opens an alert about a backend, as the monitor does. */
async function open(rule: string, severity: 'CRITICAL' | 'HIGH', title: string): Promise<number> {
  const { db } = world.ctx;
  const id = await inTransaction(db, async (tx) => {
    const at = await readDatabaseTime(tx);
    const condition: Condition = {
      ...{ fingerprint: rule.padStart(64, '0'), rule, severity, nodeId: null, labels: { node: 'be 10.0.0.12:9050' } },
      ...{ title, pastTitle: title, startedAt: at },
      ...{ text: ['Found by a test'], forMs: 0, minSamples: 1 },
    };
    const cluster = { id: world.clusters.prod, name: 'prod-eu', environment: 'prod' };
    return insertAlert(tx, { cluster, condition, since: at, at, mute: { kind: 'NONE' } });
  });
  world.ctx.doorbell.changed(`alert:${id}`);
  const { number } = await db.selectFrom('alert').select('number').where('id', '=', id).executeTakeFirstOrThrow();
  return number;
}

/** Types a line; the lines of the answer that begins so, and that nobody else sees. */
async function ask(line: string, text: string): Promise<string> {
  world.kim.reload();
  await world.kim.slash(`/sr ${line}`, { channel });
  const answer = await world.kim.waitForMessage({ channel, text, where: (seen) => seen.isEphemeral });
  return answer.lines.join('\n');
}

it('rules and rule show how near each is to an alert, with a link to what to do', async () => {
  expect(await ask('rules prod-eu --family disks', 'Alert rules of prod-eu')).toMatch(
    /QUIET\* `disk_filling` HIGH · 82 % of \/data1 on be 10\.0\.0\.12:9050, 3 % below 85 %/,
  );
  expect(await ask('rules prod-eu --family disks', 'Alert rules of prod-eu')).toMatch(
    /Shown: \d of \d\d, by `\/sr rules prod-eu --family disks`/,
  );
  const one = await ask('rule disk_filling prod-eu', 'disk_filling · HIGH');
  expect(one).toMatch(/\*QUIET\* on `prod-eu`: 82 % of \/data1/);
  expect(one).toContain('Runbook');
  expect(await ask('rule disk_filing', 'There is no alert rule')).toContain('Did you mean disk_filling?');
});

it('why-not says what keeps a rule quiet, of the cluster and of one node', async () => {
  expect(await ask('why-not prod-eu disk_filling', 'Why: disk_filling on prod-eu')).toMatch(
    /\*NOBODY is told\.\* \*Does not hold:\* .*82 %.*3 % below 85 %/,
  );
  expect(await ask('why-not prod-eu disk_filling be 10.0.0.11:9050', 'of prod-eu')).toMatch(/72 % of \/data1/);
  expect(await ask('why-not prod-eu disk_filling fe 10.0.0.1:9010', 'Not about it')).toMatch(/only about backends/);
});

it('why says that people were told, where, and who is called next', async () => {
  const number = await open('node_down', 'CRITICAL', 'be 10.0.0.12:9050 is down');
  await expect
    .poll(() => world.ctx.db.selectFrom('alert_delivery').select('told_at').where('told_at', 'is not', null).execute())
    .toHaveLength(1);
  const said = await ask(`why A-${number}`, `Why: A-${number} on prod-eu`);
  expect(said).toMatch(/\*People ARE told\.\* \*Message:\* Slack confirmed its message in (<#C\w+>|#ops-alerts) at /);
  expect(said).toMatch(/\*Escalation:\* Now is the time to tell (kim|lee) \(on call\)/);
});

it('why says until when an alert waits for others, and why', async () => {
  const number = await open('disk_filling', 'HIGH', 'The disk /data1 of be 10.0.0.12:9050 fills up');
  await expect.poll(() => world.ctx.db.selectFrom('alert_delivery').select('alert_id').execute()).toHaveLength(2);
  await world.ctx.db
    .updateTable('alert_delivery')
    .set({ waits_since: databaseNowPlus(-1_000) })
    .where('waits_since', 'is not', null)
    .execute();
  expect(await ask(`why A-${number}`, `Why: A-${number} on prod-eu`)).toMatch(
    /\*NOBODY is told\.\* \*Waits for others:\* It waits since .* for others of its cluster, family of rules and severity that may follow; (<#C\w+>|#ops-alerts) is told in \d+ s, at /,
  );
});

it('why-not and the calendar say that a maintenance window would hide it', async () => {
  const { db } = world.ctx;
  const opened = new Date((await readDatabaseTime(db)).getTime() - 3_600_000);
  const times = {
    cron: `${opened.getUTCMinutes()} ${opened.getUTCHours()} * * *`,
    timeZone: 'UTC',
    durationMinutes: 720,
  };
  const scope = { kind: 'cluster', clusterId: world.clusters.prod } as const;
  const wanted = { ...times, scope, name: 'disks', appliesTo: 'CHANGES', reason: 'disks are moved' } as const;
  const by = { actor: admin, requestId: null };
  const window = await createMaintenanceWindow(db, { ...wanted, hidesAlertsUpTo: 'HIGH' }, by);
  const ahead = /If it fired now, nobody would be told: window "disks" until .* UTC, by ana: disks are moved/;
  expect(await ask('why-not prod-eu disk_filling be 10.0.0.11:9050', 'of prod-eu')).toMatch(ahead);
  // What is CRITICAL is told all the same.
  expect(await ask('why-not prod-eu disk_nearly_full be 10.0.0.11:9050', 'of prod-eu')).not.toMatch(ahead);
  expect(await ask('calendar prod-eu', 'Calendar of prod-eu')).toMatch(
    /window "disks" .* 720 min, hides alerts up to HIGH while it is open, by ana: disks are moved/,
  );
  await deleteMaintenanceWindow(db, window.id, by);
});

it('nobody is told more of a cluster or alert that is not there', async () => {
  expect(await ask('why A-999', 'There is no alert')).toBeTruthy();
  expect(await ask('why-not nowhere disk_filling', 'There is no cluster')).toBeTruthy();
});
