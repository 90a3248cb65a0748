import { afterEach, describe, expect, it } from 'vitest';
import type { ChartPainter, Drawn } from '../../src/domain/charts/chart.ts';
import { nodesOfClusters } from '../../src/store/reads/clusters.ts';
import { readPng } from '../charts/read-png.ts';
import { startWorld, type World, type WorldOptions } from './fixture.ts';
import { dot, measure } from './measured.ts';

const channel = 'ops-alerts';
let world: World;

afterEach(async () => {
  expect(world.slack.ctl.complaints()).toEqual([]);
  await world.stop();
});

const painter = (drawn: Drawn): ChartPainter => ({ draw: async () => drawn, stop: async () => {} });
const picture = painter({ kind: 'PICTURE', png: dot });

/** Two frontends' worth of latency on prod-eu: one that rises, on the frontend that there is, and one that left. */
async function start(options: WorldOptions = {}) {
  world = await startWorld({ worker: false, ...options });
  const nodes = await nodesOfClusters(world.ctx.db, [world.clusters.prod]);
  const id = nodes.find(({ kind }) => kind === 'FRONTEND')?.id ?? '';
  const rising = [800, 900, null, null, 5_000, 12_400];
  await measure(world, world.clusters.prod, [
    { metric: 'query_p95_ms', subject: { nodeId: id }, values: rising },
    { metric: 'query_p95_ms', subject: { nodeId: 'nod_gone' }, values: [100, 100, 100, 100, 100, 100] },
  ]);
  return nodes;
}

const ask = (line: string) => world.kim.slash(`/sr graph ${line}`, { channel });
const answer = (text: string | RegExp) =>
  world.kim.waitForMessage({ channel, text, where: (seen) => seen.isEphemeral });
const shownPictures = (where: string) =>
  world.kim.sees(where).flatMap(({ blocks }) => blocks.filter(({ type }) => type === 'image'));

describe('/sr graph', () => {
  it('brings a picture that was really drawn to the person who asked, and the numbers as text', async () => {
    await start();
    await ask('prod-eu query_p95_ms --since 30m --node fe 10.0.0.1:9010');
    const told = await answer('The picture is in your direct conversation with me');
    expect(told.lines.join('\n')).toMatch(
      /Query latency, 95 % of fe 10.0.0.1:9010, prod-eu, rose from 800 ms to 12.4 s between/,
    );
    expect(told.lines.join('\n')).toMatch(/• fe 10.0.0.1:9010: from 800 ms to 12.4 s, highest 12.4 s at \d\d:\d\d/);
    expect(told.lines.join('\n')).toMatch(/No data from \d\d:\d\d/);
    const shown = await world.kim.waitForMessage({ channel: world.kim.directChannel(), text: '[image: Query latency' });
    expect(shown.isEphemeral).toBe(false);
    const [image] = shownPictures(world.kim.directChannel());
    expect(image?.alt_text).toBe(shown.text);
    const file = JSON.stringify(image?.slack_file).match(/F\w+/)?.[0];
    const bytes = await (await fetch(`${world.slack.url}/_page/file/${file}`)).arrayBuffer();
    expect(readPng(new Uint8Array(bytes)).width).toBeGreaterThan(1_000);
    expect(shownPictures(channel)).toEqual([]);
    expect(world.lee.sees(channel).filter((seen) => seen.text.includes('latency'))).toEqual([]);
  });

  it('shows it to everybody when it is shared, with who shared it', async () => {
    await start({ pictures: { painter: picture } });
    await ask('prod-eu query_p95_ms --share');
    await answer('The picture is in this conversation');
    const shared = await world.lee.waitForMessage({ channel, text: 'Shared by' });
    expect(shared.lines.join('\n')).toMatch(/\[image: Query latency, 95 % of prod-eu, 2 lines/);
    expect(shared.lines.join('\n')).toContain('• a node that has left: 100 ms all the time');
    expect(shared.notified.broadcasts).toEqual([]);
    await world.kim.slash('/sr graph prod-eu query_p95_ms --share', { channel: 'general' });
    const refused = world.kim.waitForMessage({ channel: 'general', text: /Invite me|I cannot see|not let me/ });
    expect((await refused).isEphemeral).toBe(true);
  });

  it('gives the numbers without a picture when it cannot be drawn, brought or shown, and says why', async () => {
    await start({ pictures: { painter: painter({ kind: 'NONE', because: 'the drawing took too long' }) } });
    await ask('prod-eu query_p95_ms --since 30m');
    const told = await answer('No picture: the drawing took too long.');
    expect(told.lines.join('\n')).toContain('from 800 ms to 12.4 s');
    await world.stop();

    await start({ pictures: { painter: picture, sendBytes: async () => ({ status: 500 }) } });
    await ask('prod-eu query_p95_ms --since 30m');
    await answer('may be there, or not');
    world.slack.ctl.faults.add({
      method: 'files.getUploadURLExternal',
      effect: { kind: 'error', error: 'missing_scope' },
    });
    await ask('prod-eu query_p95_ms --since 30m');
    await answer('the Slack app lacks the scopes `files:write` and `files:read`');
  });

  it('says what is not there: metrics by their nearest names, nodes, times without values', async () => {
    await start({ pictures: { painter: picture } });
    await ask('prod-eu query_p59_ms');
    await answer(/There is no metric query_p59_ms.*Did you mean .*query_p95_ms/s);
    await ask('prod-eu query_p95_ms --node be 10.0.0.11:9050');
    await answer('Only frontends have it, and be 10.0.0.11:9050 is none');
    await ask('prod-eu query_p95_ms --node be 10.0.0.99:9050');
    await answer('prod-eu has no node called be 10.0.0.99:9050');
    await ask('prod-eu query_p95_ms --since 10');
    await answer('10 is no time that this takes');
    await ask('prod-eu queries_per_second');
    await answer(/the last look, at .* did not measure it/i);
    await ask('dev-one query_p95_ms');
    await answer('No probe has measured anything of dev-one yet');
    const { db } = world.ctx;
    await db.updateTable('role_binding').set({ scope_kind: 'environment', scope_value: 'dev' }).execute();
    await ask('prod-eu query_p95_ms --since 1h');
    await answer('There is no cluster prod-eu');
  });
});
