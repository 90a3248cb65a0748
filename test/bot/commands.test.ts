import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type Transport, type World } from './fixture.ts';

const channel = 'sr-demo';

describe.each<Transport>(['socket', 'http'])('commands over %s', (transport) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ transport });
  });
  afterAll(async () => {
    expect(world.slack.ctl.complaints()).toEqual([]);
    await world.stop();
  });

  it('shows help to somebody who is linked', async () => {
    const { outcome } = await world.kim.slash('/sr help', { channel });
    expect(outcome).toBe('ok');
    const message = await world.kim.waitForMessage({ channel, text: 'What you may do here' });
    expect(message.isEphemeral).toBe(true);
    expect(message.lines.join('\n')).toContain('`/sr touch` Do some steps');
  });

  it('shows the status of a cluster', async () => {
    await world.kim.slash('/sr status dev-one', { channel });
    const message = await world.kim.waitForMessage({ channel, text: 'dev-one is OK' });
    expect(message.text).toBe('dev-one is OK: 3 of 3 nodes alive, 0 open alerts.');
    expect(message.lines).toContain('`be 10.0.0.11:9050` alive · disk 12 %');
  });

  it('starts a small operation at once and shows it in one message that ends as succeeded', async () => {
    world.open('one', 'two', 'three');
    await world.kim.slash('/sr touch dev-one', { channel });
    const card = await world.kim.waitForMessage({ channel, text: /SUCCEEDED: R-\d+ Touch a cluster on dev-one/ });
    expect(card.lines.join('\n')).toContain('✔ done: do three');
  });
});
