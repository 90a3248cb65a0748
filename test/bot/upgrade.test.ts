import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { upgradeChecks, upgradeRefusals } from '../../src/domain/upgrade/checks.ts';
import { defineOperation } from '../../src/operations/define.ts';
import { clusterId } from '../../src/operations/input/fields.ts';
import { acceptWarnings, toVersion } from '../../src/operations/upgrade/fields.ts';
import { finalizeUpgrades, recordUpgrade } from '../../src/store/upgrades/upgrades.ts';
import { facts } from '../domain/upgrade/checks-builders.ts';
import { type Fleet, makeFleet } from '../helpers/lane-operations.ts';
import { addSwapStep } from '../helpers/swap-step.ts';
import { startWorld, type World } from './fixture.ts';
import { fleetOperations } from './fleet.ts';

const channel = 'sr-demo';
const one = 'be 10.0.0.11:9050';
const two = 'be 10.0.0.12:9050';
const fleet: Fleet = makeFleet([]);

/** Only the preflight of an upgrade, on facts that give nothing but warnings. */
const judge = defineOperation({
  name: 'judgeUpgrade',
  title: 'Judge an upgrade',
  version: 1,
  summary: 'A toy.',
  permission: 'cluster:check',
  risk: 'read',
  target: { kind: 'cluster', from: 'clusterId' },
  input: z.object({ clusterId, to: toVersion, acceptWarnings }),
  example: { clusterId: 'clu_01J00000000000000000000000', to: '3.5.0', acceptWarnings: [] },
  slack: { verb: 'judge', positional: ['clusterId'], examples: ['judge prod-eu --to 3.5.0'] },
  steps: [],
  observe: async () => facts({ newestBackupAt: null, runningQueries: { value: 99 } }),
  plan: (input, seen) => {
    const checks = upgradeChecks(seen, { direction: 'UPGRADE', maxRunningQueries: 20, maxBackupAgeHours: 24 });
    const refusals = upgradeRefusals(checks, input);
    return refusals.length > 0 ? { refusals } : { summary: 'It may begin', steps: [] };
  },
  postCheck: async () => ({ passed: true, checks: [] }),
});

let world: World;
beforeAll(async () => {
  world = await startWorld({ operations: [...fleetOperations(fleet), judge] });
});
afterAll(async () => {
  expect(world.slack.ctl.complaints()).toEqual([]);
  await world.stop();
});
beforeEach(() => {
  Object.assign(fleet, makeFleet([one, two]));
});

/** How long a node was away is another time in each run. */
const withoutTimes = (lines: readonly string[]) => lines.join('\n').replace(/, away \d+ s/g, ', away 0 s');

const card = (text: string | RegExp) =>
  world.kim.waitForMessage({ channel, text, where: (seen) => !seen.isEphemeral && seen.threadTs === null });
const answer = (text: string | RegExp) =>
  world.kim.waitForMessage({ channel, text, where: (seen) => seen.isEphemeral });
const reply = (text: string | RegExp, ts: string) =>
  world.kim.waitForMessage({ channel, text, where: (seen) => seen.threadTs === ts });

it('a run that fails at one node says so by node, and goes on without it at the press of a button', async () => {
  fleet.broken.add(two);
  await world.kim.slash('/sr renew dev-one --width 1', { channel });
  const failed = await card(/FAILED: R-\d+ Renew/);
  expect(withoutTimes(failed.lines)).toContain(
    [
      '✖ failed: *machines*: 1 of 2 nodes done, one after the other',
      `\u2003✔ done: ${one}, away 0 s`,
      `\u2003↩ failed, was put back: Wait for ${two}`,
    ].join('\n'),
  );
  expect(failed.lines.join('\n')).toContain(`log of ${two}\ncannot start`);
  expect((await reply('*FAILED*', failed.ts)).text).toContain(`${two} was put back.`);
  expect(failed.elements.map(({ actionId }) => actionId)).toEqual(['run.retry', 'run.undo', 'run.without']);
  await world.kim.click(failed, 'run.without');
  await answer(new RegExp(`You retried R-\\d+ without ${two}`));
  const done = await card(/SUCCEEDED: R-\d+ Renew/);
  expect(done.ts).toBe(failed.ts);
  expect(withoutTimes(done.lines)).toContain(`✔ done: *machines*: ${one}, away 0 s, without ${two}`);
});

it('the same can be typed, with the node named in any way that people name nodes', async () => {
  fleet.broken.add(two);
  await world.kim.slash('/sr renew prod-eu --width 1', { channel });
  const failed = await card(/FAILED: R-\d+ Renew on prod-eu/);
  const name = /R-\d+/.exec(failed.text)?.[0] ?? '';
  await world.kim.slash(`/sr retry ${name} --without ${one}`, { channel });
  await answer(`cannot go on without ${one}: the run did not fail at ${one}`);
  await world.kim.slash(`/sr retry ${name} its disk is gone --without 10.0.0.12`, { channel });
  await answer('`--without` stands behind the note');
  await world.kim.slash(`/sr retry ${name} --without 10.0.0.12 its disk is gone`, { channel });
  await answer(`You retried ${name} without ${two}`);
  await card(new RegExp(`SUCCEEDED: ${name} Renew`));
});

it('a run that waits for a person says for what, in the thread too, and goes on when resumed', async () => {
  await world.kim.slash('/sr renew dev-one --hold', { channel });
  const paused = await card(/PAUSED: R-\d+ Renew on dev-one\. Look at the first machine, then resume/);
  expect(paused.lines.join('\n')).toContain('*Paused, so that a person looks*: Look at the first machine');
  const call = await reply('*PAUSED*', paused.ts);
  expect(call.notified.users).toEqual([world.kim.user.id]);
  await world.kim.click(paused, 'run.resume');
  const name = /R-\d+/.exec(paused.text)?.[0] ?? '';
  await card(new RegExp(`SUCCEEDED: ${name} Renew`));
});

it('warnings of a preflight come with the line that accepts them, and that line works', async () => {
  await world.kim.slash('/sr judge dev-one --to 3.5.0 --acceptWarnings image-fresh --reason "CHG 12"', { channel });
  const refused = await answer('warnings may be accepted');
  const said = refused.lines.join('\n');
  expect(said).toContain('⚠ warning: `running-queries` 99');
  const line = /^\/sr judge .*$/m.exec(said)?.[0] ?? '';
  expect(line).toMatch(/^\/sr judge dev-one --to 3\.5\.0 --accept-warnings image-fresh,[a-z,-]+ --reason "CHG 12"$/);
  await world.kim.slash(line, { channel });
  await answer('is on its way: It may begin');
});

it('a cluster in the middle of an upgrade says which versions it runs and which run it is', async () => {
  const { db } = world.ctx;
  const run = await db
    .selectFrom('run')
    .select(['id', 'number'])
    .where('cluster_name', '=', 'prod-eu')
    .executeTakeFirstOrThrow();
  const entry = { clusterId: world.clusters.prod, runId: run.id, fromVersion: '3.4.6', toVersion: '3.5.0' };
  await recordUpgrade(db, { ...entry, direction: 'UPGRADE' });
  await addSwapStep(db, run.id, 'done');
  const mix = (version: string) =>
    db
      .updateTable('cluster_node')
      .set({ version })
      .where('cluster_id', '=', world.clusters.prod)
      .where('host', '=', '10.0.0.1')
      .execute();
  await mix('3.4.6');
  await world.kim.slash('/sr clusters', { channel });
  const list = await answer('mixed versions');
  expect(list.lines.join('\n')).toContain(
    `*mixed versions*: 2 backends on 3.5.0, 1 frontend on 3.4.6, R-${run.number} is SUCCEEDED`,
  );
  expect(list.lines.join('\n')).toMatch(/`dev-one` · dev · 3 nodes(?!.*version)/);
  await world.kim.slash('/sr status prod-eu', { channel });
  const status = (await answer('upgrades from 3.4.6 to 3.5.0')).lines.join('\n');
  expect(status).toContain('*mixed versions*: 2 backends on 3.5.0');
  expect(status).toContain('`fe 10.0.0.1:9010` alive · 3.4.6 · LEADER');
  await mix('3.5.0');
  world.kim.reload();
  await world.kim.slash('/sr status prod-eu', { channel });
  await answer('The old binaries are kept until `/sr finalize prod-eu`');
  await finalizeUpgrades(db, world.clusters.prod);
});
