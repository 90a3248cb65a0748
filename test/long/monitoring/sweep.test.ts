import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { takeRelease } from '../../../sandbox/releases/take-release.ts';
import { type QueryLoop, startQueryLoop } from '../../../sandbox/world/query-loop.ts';
import { insertRelease } from '../../../src/store/upgrades/releases.ts';
import { admin } from '../../helpers/engine.ts';
import { patientLease, sandboxWarnings } from '../../helpers/upgrades.ts';
import { createVirtualClock } from '../../helpers/virtual-clock.ts';
import { type Site, startSite } from './site.ts';

/*
 * A healthy cluster under ordinary work with clients at it: nobody is told of anything, and the thread of each run says what it
 * hid. A minute of a rule is as long as one of StarRocks here.
 */

const clock = createVirtualClock();
let site: Site;
let loop: QueryLoop;
let releasesDir: string;

beforeAll(async () => {
  releasesDir = await mkdtemp(join(tmpdir(), 'starwarden-releases-'));
  const env = { ...patientLease, STARWARDEN_RELEASES_DIR: releasesDir };
  site = await startSite({ secondsAMinute: 3, now: clock.now, plugins: [clock.plugin], env });
  loop = await startQueryLoop(site.world);
  site.lab.watch();
});
afterAll(async () => {
  await loop?.stop();
  await site?.close();
  await rm(releasesDir, { recursive: true, force: true });
});

const quick = {
  ...{ soakSeconds: 0, stopTimeoutSeconds: 60, gateTimeoutSeconds: 60, gateFactor: 100, maxRunningQueries: 1_000 },
};

/** Carries it out, and lets half a minute of StarRocks pass in which something could still be noticed. */
async function carryOut(operation: string, input: Record<string, unknown>): Promise<string> {
  const { engine } = site.lab;
  const run = await engine.until((await site.managed.ask(operation, { clusterId: site.clusterId, ...input })).id);
  expect({ operation, state: run.state, failure: run.failure }).toMatchObject({ state: 'SUCCEEDED' });
  await new Promise((done) => setTimeout(done, 6_000));
  return run.id;
}

async function expectNoCard(): Promise<void> {
  const alerts = (await site.lab.open(site.clusterId)).map(({ title, text }) => `${title}: ${text}`);
  expect(alerts).toEqual([]);
  expect(site.lab.cards().map(({ text }) => text)).toEqual([]);
}

/** What the thread of a run says of alerts, once the time after which it does so has passed. */
async function receiptOf(runId: string): Promise<string> {
  const { db } = site.lab.engine.ctx;
  const { number } = await db.selectFrom('run').select('number').where('id', '=', runId).executeTakeFirstOrThrow();
  clock.moveTo(new Date(clock.now().getTime() + 11 * 60_000));
  const said = () => {
    const seen = site.lab.slack.person('kim').sees('ops-alerts');
    const card = seen.find(({ text }) => new RegExp(`\\bR-${number}\\b`).test(text));
    return card?.thread.find(({ text }) => text.includes('*ALERTS*'))?.text ?? '';
  };
  await expect.poll(said, { interval: 200 }).not.toBe('');
  return said();
}

it('a backup makes no card', async () => {
  const { database, repository } = site.world.describe().cluster;
  await carryOut('backUpDatabase', { database, repository });
  await expectNoCard();
});

it('a rolling restart of every node makes no card, and its thread says what it hid', async () => {
  const runId = await carryOut('rollingRestart', { all: true, ...quick });
  await expectNoCard();
  expect(await receiptOf(runId)).toMatch(/\d+ alerts? hidden while it worked: \d+ cleared by/);
});

it('an upgrade makes no card, and its thread says what it hid', async () => {
  const version = '3.5.1';
  const archive = await takeRelease({ version, outDir: releasesDir, tiny: true });
  await insertRelease(
    site.lab.engine.ctx.db,
    {
      ...{ version, sha256: archive.sha256, sizeBytes: archive.sizeBytes, minimumJdk: 11 },
      source: { kind: 'PATH', location: archive.path },
      contents: ['FRONTEND', 'BACKEND'],
    },
    { actor: admin, requestId: null },
  );
  const runId = await carryOut('upgradeCluster', { to: version, ...quick, acceptWarnings: [...sandboxWarnings] });
  await expectNoCard();
  expect(await receiptOf(runId)).toMatch(/\d+ alerts? hidden while it worked: \d+ cleared by/);
  await expectNoCard();
});
