import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorld, type World } from './fixture.ts';

const channel = 'sr-demo';

let world: World;
beforeAll(async () => {
  world = await startWorld({ worker: false });
});
afterAll(async () => {
  expect(world.slack.ctl.complaints()).toEqual([]);
  await world.stop();
});

it('shows the backups of a cluster to who may see it, and of nothing else', async () => {
  world.lee.reload();
  const { outcome } = await world.lee.slash('/sr backups prod-eu', { channel });
  expect(outcome).toBe('ok');
  const answer = await world.lee.waitForMessage({
    channel,
    text: 'no backup policy',
    where: (seen) => seen.isEphemeral,
  });
  expect(answer.lines.join('\n')).toContain('Backups of prod-eu');
  await world.lee.slash('/sr backups nowhere', { channel });
  await world.lee.waitForMessage({ channel, text: 'There is no cluster nowhere', where: (seen) => seen.isEphemeral });
});
