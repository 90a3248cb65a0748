import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../src/domain/alert.ts';
import type { Chart, Drawn } from '../../src/domain/charts/chart.ts';
import { findAlert, insertAlert, writeAlertChange } from '../../src/store/alerts/alerts.ts';
import { inTransaction } from '../../src/store/database.ts';
import { nodesOfClusters } from '../../src/store/reads/clusters.ts';
import { startWorld, type World } from './fixture.ts';
import { dot, measure } from './measured.ts';

const channel = 'ops-alerts';
/** It is about `query_p95_ms` of the whole cluster over 10 s. */
const shippedRule = 'query_p95_high';
let world: World;
let drawn: Chart[] = [];

afterEach(async () => {
  expect(world.slack.ctl.complaints()).toEqual([]);
  await world.stop();
  drawn = [];
});

const picture = { kind: 'PICTURE', png: dot } as const;

/** prod-eu, whose frontend has become slow, and an alert rule about that. */
async function start(draw: (chart: Chart) => Promise<Drawn>): Promise<string> {
  world = await startWorld({
    worker: false,
    pictures: {
      painter: {
        draw: (chart) => {
          drawn.push(chart);
          return draw(chart);
        },
        stop: async () => {},
      },
    },
  });
  const nodes = await nodesOfClusters(world.ctx.db, [world.clusters.prod]);
  const nodeId = nodes.find(({ kind }) => kind === 'FRONTEND')?.id ?? '';
  await measure(world, world.clusters.prod, [
    { metric: 'query_p95_ms', subject: {}, values: [800, 800, 800, 5_000, 12_400, 12_400] },
    { metric: 'query_p95_ms', subject: { nodeId }, values: [1, 1, 1, 1, 1, 1] },
  ]);
  return nodeId;
}

async function openAlert(nodeId: string, rule = shippedRule, node = 'fe 10.0.0.1:9010'): Promise<string> {
  const { ctx, clusters } = world;
  const at = new Date();
  const condition = {
    fingerprint: `${rule}${node}`.padEnd(64, 'f').slice(0, 64),
    rule,
    severity: 'CRITICAL' as const, // told at once
    nodeId,
    labels: { node },
    title: `Queries are slow on ${node}`,
    pastTitle: `Queries were slow on ${node}`,
    startedAt: at,
    forMs: 0,
    minSamples: 1,
    text: ['P95 is 12.4 s'],
  };
  const cluster = { id: clusters.prod, name: 'prod-eu', environment: 'prod' };
  const since = new Date(at.getTime() - 60_000);
  const id = await inTransaction(ctx.db, (tx) =>
    insertAlert(tx, { cluster, condition, since, mute: { kind: 'NONE' }, at }),
  );
  ctx.doorbell.changed(`alert:${id}`);
  return id;
}

async function change(id: string, to: Partial<Alert>, type: 'RESOLVED' | 'REOPENED' | 'ACKED') {
  const { db, doorbell } = world.ctx;
  const alert = await findAlert(db, id);
  if (alert === null) throw new Error('the alert is gone');
  await inTransaction(db, (tx) =>
    writeAlertChange(tx, { alert: { ...alert, ...to }, events: [{ type, message: `It is ${type}` }] }),
  );
  doorbell.changed(`alert:${id}`);
}

const thread = () =>
  world.kim.sees(channel).find(({ threadTs, isEphemeral }) => threadTs === null && !isEphemeral)?.thread ?? [];
const pictures = () => thread().filter(({ blocks }) => blocks.some(({ type }) => type === 'image'));
const inThread = (text: string | RegExp) =>
  world.kim.waitForMessage({ channel, text, where: (seen) => seen.threadTs !== null });

describe('the picture of an alert on a number', () => {
  it('comes after the card when it is opened and when it is first resolved, and once, whatever answers are lost', async () => {
    const nodeId = await start(async () => picture);
    world.slack.ctl.faults.add({ method: 'files.completeUploadExternal', nth: 1, effect: { kind: 'lostAnswer' } });
    world.slack.ctl.faults.add({ method: 'chat.postMessage', nth: 2, effect: { kind: 'lostAnswer' } });
    const id = await openAlert(nodeId);
    const card = await world.kim.waitForMessage({
      channel,
      text: 'Queries are slow',
      where: (seen) => seen.threadTs === null,
    });
    const opened = await inThread('[image: Query latency, 95 % of prod-eu rose');
    expect(opened.ts > card.ts).toBe(true);
    expect(opened.threadTs).toBe(card.ts);
    expect(opened.lines.join('\n')).toMatch(
      /• prod-eu: from 800 ms to 12.4 s, .*above the limit\n.*The limit is 10 s\./s,
    );
    expect(opened.text).toContain('the limit is 10 s');
    expect(drawn[0]).toMatchObject({ shows: 'HIGHEST', threshold: { value: 10_000, bad: 'OVER' }, rest: null });

    await change(id, { signal: 'RESOLVED', resolvedAt: new Date() }, 'RESOLVED');
    await inThread('It is RESOLVED');
    await expect.poll(() => pictures().length, { timeout: 20_000 }).toBe(2);
    await change(id, { signal: 'FIRING', resolvedAt: null, flaps: 1 }, 'REOPENED');
    await inThread('It is REOPENED');
    await change(id, { signal: 'RESOLVED', resolvedAt: new Date() }, 'RESOLVED');
    await expect.poll(() => thread().filter(({ text }) => text.includes('It is RESOLVED')).length).toBe(2);
    await sleep(500);
    expect(pictures()).toHaveLength(2);
    expect(drawn.at(-1)?.marks.map(({ label }) => label)).toContain('resolved');
  });

  it('keeps up neither the card nor other replies, and leaves its words when it cannot be drawn', async () => {
    let finish: (drawn: Drawn) => void = () => {};
    const nodeId = await start(() => new Promise((done) => (finish = done)));
    const id = await openAlert(nodeId);
    await world.kim.waitForMessage({ channel, text: 'Queries are slow' });
    await expect.poll(() => drawn.length, { timeout: 20_000 }).toBe(1);
    await change(id, { signal: 'RESOLVED', resolvedAt: new Date() }, 'RESOLVED');
    await inThread('It is RESOLVED');
    finish({ kind: 'NONE', because: 'the drawing took too long' });
    const words = await inThread('No picture: the drawing took too long.');
    expect(words.text).toContain('from 800 ms to 12.4 s');
    expect(pictures()).toEqual([]);
  });
});
