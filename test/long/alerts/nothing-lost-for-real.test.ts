import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { type Api, createApi } from '../../../sandbox/demo/api.ts';
import type { Slack } from '../../../sandbox/slack/start.ts';
import type { ManagedStarwarden } from '../../../sandbox/world/managed-starwarden.ts';
import { clusterInput } from '../../../sandbox/world/register.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { type Services, startServices } from '../../../scripts/services.mjs';
import type { Alert } from '../../../src/domain/alert.ts';
import { type Database, openDatabase } from '../../../src/store/database.ts';
import { listAlerts } from '../../../src/store/reads/alerts.ts';
import { whatIsLost } from '../../helpers/alerts/what-is-lost.ts';
import { type Broken, breakAtRandom, crowdedRule, keysOf, randomOf } from './broken-cluster.ts';

/*
 * Real processes: a cluster in which things break, a Starwarden that looks at it and tells of it, and what each of these needs. What
 * each test takes away comes back, and then people have been told of everything that goes on, and of nothing as going on that is over.
 */

const seed = Number(process.env.STARWARDEN_SEED ?? 20_260_801);
const random = randomOf(seed);
const settledWithinMs = 240_000;

let dir: string;
let services: Services;
let world: World;
let slack: Slack;
let starwarden: ManagedStarwarden;
let db: Database;
let api: Api;
let broken: Broken;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'starwarden-for-real-'));
  // What the database has confirmed has to survive its death.
  services = await startServices({ dir: join(dir, 'services'), fast: false });
  world = await startWorld({ frontends: 1, backends: 4, speed: 20, version: '3.5.0', tinyReleases: true, services });
  if (world.slack === null || world.starwarden === null) throw new Error('a part of the world is missing');
  ({ slack, starwarden } = world);
  db = openDatabase({ url: services.databaseUrl });
  api = createApi({ url: starwarden.graphqlUrl, token: starwarden.tokens.admin });
  await api.carryOut('registerCluster', clusterInput(world.describe()));
  await ask('createAlertRule', {
    ...{ name: crowdedRule, title: '{node} {path} is crowded', metric: 'disk_used_share', threshold: 0.85 },
    ...{ forSeconds: 0, severity: 'HIGH', reason: 'A lab' },
  });
  broken = breakAtRandom(world, { random, mortal: 'be4' });
});
afterAll(async () => {
  await db?.destroy();
  await world?.stop();
  await services?.stopHard();
  await rm(dir, { recursive: true, force: true });
});
beforeEach(() => slack.ctl.faults.clear());

async function ask(mutation: 'createAlertRule' | 'overrideAlertRule', input: object): Promise<void> {
  const type = mutation === 'createAlertRule' ? 'CreateAlertRuleInput' : 'OverrideAlertRuleInput';
  const shape = z.object({ done: z.object({ userErrors: z.array(z.object({ message: z.string() })) }) });
  const text = `mutation Ask($input: ${type}!) { done: ${mutation}(input: $input) { userErrors { message } } }`;
  const { done } = await api.query(shape, text, { input });
  expect(done.userErrors).toEqual([]);
}

const alerts = (): Promise<readonly Alert[]> =>
  listAlerts(db, { visibility: 'everywhere', filter: {}, page: { limit: 200, after: null } });

/** What is open by rule and address; one that flaps counts as firing for a while, whatever becomes of it. */
async function openNow() {
  const open = (await alerts()).filter(({ signal }) => signal === 'FIRING');
  const flapping = keysOf(open.filter((alert) => alert.flapping !== null));
  const isSure = (key: string) => !flapping.includes(key);
  return { found: keysOf(open).filter(isSure), expected: broken.expected().filter(isSure) };
}

/** Waits until what is wrong is what is open, and judges by what stands in the channel. */
async function settle(): Promise<void> {
  const patience = { timeout: settledWithinMs, interval: 1_000 };
  await expect
    .poll(async () => {
      const { found, expected } = await openNow();
      return {
        seed,
        found,
        missing: expected.filter((key) => !found.includes(key)),
        over: found.length - expected.length,
      };
    }, patience)
    .toMatchObject({ missing: [], over: 0 });
  await expect.poll(() => whatIsLost(db, slack), patience).toEqual([]);
  // Nothing comes later that was sent before: the claims of the dead are over by then.
  await sleep(3_000);
  await expect.poll(() => whatIsLost(db, slack), patience).toEqual([]);
}

const postsSoFar = () => slack.calls().filter(({ method }) => method === 'chat.postMessage').length;

const slowMs = 250;

/** A moment at which Slack has the next message and we no answer; if there is no message for a while, any moment. */
async function whileSending(): Promise<void> {
  const before = postsSoFar();
  for (const limit = Date.now() + 8_000; postsSoFar() === before && Date.now() < limit; ) await sleep(5);
  await sleep(random() * slowMs * 0.8);
}

/** Messages of which it stands nowhere whether Slack has them. */
const inDoubt = async () =>
  (await db.selectFrom('slack_card').select('id').where('state', '=', 'SENDING').execute()).length;

/** Answers take so long that death comes between what Slack does and what is written down of it. */
const slowCalls = () =>
  slack.ctl.faults.add({ method: 'chat.*', times: 100_000, effect: { kind: 'lateAnswer', ms: slowMs } });

const untoldCritical = async () => {
  const rows = await db
    .selectFrom('alert')
    .leftJoin('alert_delivery', 'alert_delivery.alert_id', 'alert.id')
    .select('alert.number')
    .where('alert.severity', '=', 'CRITICAL')
    .where('alert.signal_state', '=', 'FIRING')
    .where('alert.muted_by', 'is', null)
    .where('alert_delivery.told_at', 'is', null)
    .execute();
  return rows.map(({ number }) => `A-${number}`);
};

it('Starwarden is killed at any moment, and again while it starts, and things begin, end and become worse', async () => {
  slowCalls();
  let doubts = 0;
  for (let round = 0; round < 12; round += 1) {
    await broken.change();
    if (round === 4) {
      const worse = { rule: crowdedRule, severity: 'CRITICAL', reason: 'It is worse than it looked' };
      await ask('overrideAlertRule', worse);
    }
    if (random() < 0.6) await whileSending();
    else await sleep(random() * 2_000);
    await starwarden.kill();
    doubts += await inDoubt();
    if (random() < 0.5) await broken.change();
    if (random() < 0.3) {
      const start = starwarden.start().catch(() => 'dead');
      await sleep(random() * 4_000);
      await starwarden.kill();
      await start;
    }
    await starwarden.start();
  }
  slack.ctl.faults.clear();
  await settle();
  expect(doubts).toBeGreaterThan(0);
}, 900_000);

it('the database dies while people are told, and is away for seconds', async () => {
  const pid = starwarden.pid();
  slowCalls();
  for (const awayMs of [2_000, 7_000]) {
    await broken.change();
    await whileSending();
    const back = services.restartMariadb({ awayMs });
    await broken.change();
    await back;
    await broken.change();
  }
  slack.ctl.faults.clear();
  await settle();
  // It lived through it, and nobody started it again.
  expect(pid === null ? null : process.kill(pid, 0)).toBe(true);
}, 600_000);

it('Redis forgets everything, is away for seconds, and is not there when Starwarden starts', async () => {
  await services.flushRedis();
  await broken.change();
  await services.restartRedis({ awayMs: 6_000 });
  await broken.change();
  const back = services.restartRedis({ awayMs: 10_000 });
  await starwarden.kill();
  await broken.change();
  await Promise.all([starwarden.start(), back]);
  await settle();
}, 600_000);

it('Slack is away, also when Starwarden starts: a CRITICAL alert is told soon after it is back', async () => {
  await broken.mendAll();
  await settle();
  await slack.goAway();
  await broken.fill('be1', 0.9);
  await sleep(3_000);
  await starwarden.kill();
  await starwarden.start();
  await broken.fill('be1', 0.97);
  await broken.fill('be2', 0.97);
  // So long that a bot which asks more and more rarely would ask in a minute only.
  await sleep(20_000);
  await broken.fill('be1', 0);
  await expect.poll(untoldCritical, { timeout: 60_000 }).not.toEqual([]);
  await slack.comeBack();
  await expect.poll(untoldCritical, { timeout: 45_000, interval: 250 }).toEqual([]);
  await settle();
}, 600_000);
