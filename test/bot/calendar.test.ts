import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Actor } from '../../src/domain/access.ts';
import { newId } from '../../src/ids.ts';
import { submit } from '../../src/runs/submit.ts';
import { createBlackout } from '../../src/store/calendar/blackouts.ts';
import { createMaintenanceWindow } from '../../src/store/calendar/windows.ts';
import { startWorld, type World } from './fixture.ts';

const channel = 'sr-demo';
const ana: Actor = {
  id: newId('per'),
  name: 'ana',
  via: 'API',
  bindings: [{ role: 'ADMIN', scope: { kind: 'all' } }],
};
const by = { actor: ana, requestId: null };

let world: World;
beforeAll(async () => {
  world = await startWorld({ worker: false });
});
afterAll(async () => {
  expect(world.slack.ctl.complaints()).toEqual([]);
  await world.stop();
});

/** Types a command and reads the answer that only this person sees. */
async function ask(who: 'kim' | 'lee', line: string, text: string) {
  world[who].reload();
  const { outcome, message } = await world[who].slash(line, { channel });
  expect(outcome).toBe('ok');
  const answer = message?.lines.join('\n').includes(text)
    ? message
    : await world[who].waitForMessage({ channel, text, where: (seen) => seen.isEphemeral });
  return answer.lines.join('\n');
}

it('a hold of one cluster is asked for, shown where people look, and released', async () => {
  const held = await ask('kim', '/sr hold prod-eu --reason "disks are being moved" --for 2h', 'You hold');
  expect(held).toContain('You hold the automation of `prod-eu` until 20');
  expect(held).toContain("Runs that were begun go on, people's commands pass, and alerts are not muted.");
  expect(await ask('kim', '/sr hold prod-eu --reason "me too"', 'is held already')).toContain(
    '*Not done*: The automation of prod-eu is held already',
  );

  expect(await ask('lee', '/sr clusters', 'prod-eu')).toMatch(/`prod-eu` .* · \*automation held\*/);
  const status = await ask('lee', '/sr status prod-eu', 'What may begin by itself');
  expect(status).toContain('*HELD*: the automation of this cluster, since 20');
  expect(status).toContain('by kim: disks are being moved');
  expect(await ask('lee', '/sr status dev-one', 'dev-one: UNKNOWN')).not.toContain('HELD');
  const calendar = await ask('lee', '/sr calendar', 'Holds');
  expect(calendar).toContain('*HELD*: the automation of this cluster');
  expect(calendar).toContain('by kim: disks are being moved · `prod-eu`');

  const released = await ask('kim', '/sr release prod-eu the disks are back', 'You released');
  expect(released).toContain('You released the automation of `prod-eu`. It was held by kim since');
  expect(await ask('kim', '/sr release prod-eu', 'is not held')).toContain('*Not done*');
  expect(await ask('lee', '/sr calendar prod-eu', 'Calendar of prod-eu')).toContain('Nothing is held.');
});

it('without a name everything is held, until it is released', async () => {
  expect(await ask('kim', '/sr hold --reason "an incident"', 'You hold')).toContain(
    'You hold all automation until `/sr release`: an incident.',
  );
  await ask('kim', '/sr hold dev-one --reason "its own"', 'You hold');
  expect(await ask('kim', '/sr release dev-one', 'You released')).toContain(
    'All automation is still held, by kim: an incident.',
  );
  await ask('kim', '/sr release', 'You released all automation');
});

it.each([
  ['/sr hold prod-eu', 'hold needs --reason'],
  ['/sr hold prod-eu --reason x', 'A reason has 3 to 1000 characters'],
  ['/sr hold prod-eu --reason "for a while" --for 2', '2 is no time that this takes'],
  ['/sr hold prod-eu --reason "for a while" --for 31d', '31d is no time that this takes'],
  ['/sr hold prod --reason "for a while"', 'There is no cluster prod'],
  ['/sr release the disks are back', 'There is no cluster the'],
])('%s is refused', async (line, answer) => {
  await ask('kim', line, answer);
});

it('who may not hold is told so', async () => {
  expect(await ask('lee', '/sr hold prod-eu --reason "I may not"', 'may not do this')).toContain('automation:hold');
});

it('windows and blackouts stand in the calendar and in the previews of what people ask for, and stop nobody', async () => {
  const prod = { kind: 'cluster', clusterId: world.clusters.prod } as const;
  const { db } = world.ctx;
  const window = { name: 'nights', scope: prod, appliesTo: 'CHANGES', cron: '0 2 1 1 *', timeZone: 'UTC' } as const;
  await createMaintenanceWindow(
    db,
    { ...window, durationMinutes: 60, hidesAlertsUpTo: null, reason: 'few people work' },
    by,
  );
  expect(await ask('lee', '/sr calendar prod-eu', 'Calendar of prod-eu')).toMatch(
    /\*CLOSED\* until \d{4}-01-01 02:00 UTC: window "nights" for changes, `0 2 1 1 \*` UTC, 60 min, by ana: few people work/,
  );
  const shake = '/sr shake prod-eu "be 10.0.0.11:9050" --dry-run';
  expect(await ask('kim', shake, 'Read this first')).toMatch(
    /By itself this would not begin now, your command does\. Outside the maintenance window "nights", which opens \d{4}-01-01 02:00 UTC/,
  );
  const [from, until] = [new Date(Date.now() - 60_000), new Date(Date.now() + 3_600_000)];
  const blackout = { name: 'year end', scope: { kind: 'all' }, appliesTo: 'CHANGES', from, until } as const;
  await createBlackout(db, { ...blackout, reason: 'books are closed' }, by);
  expect(await ask('kim', shake, 'Blackout "year end"')).toContain('by ana: books are closed');
  expect(await ask('lee', '/sr clusters', 'prod-eu')).toMatch(/`prod-eu` .* · \*blackout\*/);
  // A small operation is not about changes; an operation that affects service begins all the same.
  expect(await ask('kim', '/sr touch prod-eu --dry-run', 'no approval needed')).not.toContain('Blackout');
  const kim = { ...ana, id: newId('per'), name: 'kim' };
  const started = await submit(world.ctx.engine, {
    operation: 'touchCluster',
    input: { clusterId: world.clusters.prod },
    actor: kim,
  });
  expect(started.userErrors).toEqual([]);
});
