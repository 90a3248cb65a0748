import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { z } from 'zod';
import { createApi } from '../../../sandbox/demo/api.ts';
import { clusterInput } from '../../../sandbox/world/register.ts';
import { startWorld } from '../../../sandbox/world/start-world.ts';
import { startServices } from '../../../scripts/services.mjs';
import { openDatabase } from '../../../src/store/database.ts';
import { listAlerts } from '../../../src/store/reads/alerts.ts';
import { whatIsLost } from '../../helpers/alerts/what-is-lost.ts';
import { breakAtRandom, crowdedRule, keysOf, randomOf } from './broken-cluster.ts';

const seed = Number(process.env.STARWARDEN_SEED ?? 20_260_801);
const patience = { timeout: 240_000, interval: 1_000 };
const slowMs = 250;

export type RealLab = Awaited<ReturnType<typeof startRealLab>>;

/**
 * Real processes: a cluster in which things break, a Starwarden that looks at it and tells of it, and what each of these needs. What a
 * test takes away comes back, and then people have been told of everything that goes on, and of nothing as going on that is over.
 */
export async function startRealLab() {
  await using undo = new AsyncDisposableStack();
  const random = randomOf(seed);
  const dir = await mkdtemp(join(tmpdir(), 'starwarden-for-real-'));
  undo.defer(() => rm(dir, { recursive: true, force: true }));
  // What the database has confirmed has to survive its death.
  const services = await startServices({ dir: join(dir, 'services'), fast: false });
  undo.defer(() => services.stopHard());
  const size = { frontends: 1, backends: 5, speed: 20, version: '3.5.0', tinyReleases: true };
  const world = await startWorld({ ...size, services });
  undo.defer(() => world.stop());
  const { slack, starwarden } = world;
  if (slack === null || starwarden === null) throw new Error('a part of the world is missing');
  const db = openDatabase({ url: services.databaseUrl });
  undo.defer(() => db.destroy());
  const api = createApi({ url: starwarden.graphqlUrl, token: starwarden.tokens.admin });
  await api.carryOut('registerCluster', clusterInput(world.describe()));

  const ask = async (mutation: 'createAlertRule' | 'overrideAlertRule', input: object): Promise<void> => {
    const type = mutation === 'createAlertRule' ? 'CreateAlertRuleInput' : 'OverrideAlertRuleInput';
    const shape = z.object({ done: z.object({ userErrors: z.array(z.object({ message: z.string() })) }) });
    const text = `mutation Ask($input: ${type}!) { done: ${mutation}(input: $input) { userErrors { message } } }`;
    const { done } = await api.query(shape, text, { input });
    expect(done.userErrors).toEqual([]);
  };
  await ask('createAlertRule', {
    ...{ name: crowdedRule, title: '{node} {path} is crowded', metric: 'disk_used_share', threshold: 0.85 },
    ...{ forSeconds: 0, severity: 'HIGH', reason: 'A lab' },
  });
  const broken = breakAtRandom(world, { random, mortal: 'be4', spared: 'be5' });

  /** What is open by rule and address; one that flaps counts as firing for a while, whatever becomes of it. */
  const openNow = async () => {
    const page = { limit: 200, after: null };
    const all = await listAlerts(db, { visibility: 'everywhere', filter: {}, page });
    const open = all.filter(({ signal }) => signal === 'FIRING');
    const flapping = keysOf(open.filter((alert) => alert.flapping !== null));
    const isSure = (key: string) => !flapping.includes(key);
    const [found, expected] = [keysOf(open).filter(isSure), broken.expected().filter(isSure)];
    const missing = expected.filter((key) => !found.includes(key));
    return { seed, found, missing, over: found.filter((key) => !expected.includes(key)) };
  };
  const postsSoFar = () => slack.calls().filter(({ method }) => method === 'chat.postMessage').length;

  const ending = undo.move();
  return {
    ...{ services, slack, starwarden, broken, random },
    /** The rule that people made is CRITICAL from now on, and so are its open alerts. */
    worsen: () =>
      ask('overrideAlertRule', { rule: crowdedRule, severity: 'CRITICAL', reason: 'It is worse than it looked' }),
    /** Waits until what is wrong is what is open, and judges by what stands in the channel. */
    settle: async (): Promise<void> => {
      await expect.poll(openNow, patience).toMatchObject({ missing: [], over: [] });
      await expect.poll(() => whatIsLost(db, slack), patience).toEqual([]);
      // Nothing more comes of what seemed settled.
      await sleep(3_000);
      await expect.poll(() => whatIsLost(db, slack), patience).toEqual([]);
    },
    /** Answers of Slack take so long that death comes between what it does and what is written down of it. */
    slowCalls: () =>
      slack.ctl.faults.add({ method: 'chat.*', times: 100_000, effect: { kind: 'lateAnswer', ms: slowMs } }),
    /** A moment at which Slack has the next message and we no answer; if there is no message for a while, any moment. */
    whileSending: async (): Promise<void> => {
      const before = postsSoFar();
      for (const limit = Date.now() + 8_000; postsSoFar() === before && Date.now() < limit; ) await sleep(5);
      await sleep(random() * slowMs * 0.8);
    },
    /** How many messages there are of which it stands nowhere whether Slack has them. */
    inDoubt: async (): Promise<number> =>
      (await db.selectFrom('slack_card').select('id').where('state', '=', 'SENDING').execute()).length,
    untoldCritical: async (): Promise<readonly string[]> => {
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
    },
    close: () => ending.disposeAsync(),
  };
}
