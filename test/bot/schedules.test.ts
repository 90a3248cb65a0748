import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSchedule } from '../../src/runs/schedules/manage.ts';
import { findActorByPersonId } from '../../src/store/access/actors.ts';
import { findPersonByName } from '../../src/store/reads/persons.ts';
import { startWorld, type World } from './fixture.ts';

const channel = 'sr-demo';

let world: World;
let id: string;
beforeAll(async () => {
  world = await startWorld({ worker: false });
  const { db, engine } = world.ctx;
  const kim = await findActorByPersonId(db, (await findPersonByName(db, 'kim'))?.id ?? '', 'API');
  if (kim === null) throw new Error('kim is not there');
  const made = await createSchedule(
    engine,
    {
      name: 'nightly',
      operation: 'touchCluster',
      operationInput: { clusterId: world.clusters.prod },
      ...{ cron: '30 2 1 1 *', timeZone: 'Europe/Berlin', jitterSeconds: 0, whenMissed: 'RUN_ONCE', confirm: null },
    },
    { actor: kim },
  );
  if ('userErrors' in made) throw new Error(JSON.stringify(made.userErrors));
  id = made.id;
});
afterAll(async () => {
  expect(world.slack.ctl.complaints()).toEqual([]);
  await world.stop();
});

async function ask(who: 'kim' | 'lee', line: string, text: string) {
  world[who].reload();
  const { outcome, message } = await world[who].slash(line, { channel });
  expect(outcome).toBe('ok');
  const answer = message?.lines.join('\n').includes(text)
    ? message
    : await world[who].waitForMessage({ channel, text, where: (seen) => seen.isEphemeral });
  return answer.lines.join('\n');
}

it('are listed with their next time, the last one, and what stands in their way', async () => {
  expect(await ask('lee', '/sr schedules', 'nightly')).toMatch(
    /`nightly` on `prod-eu`: .* · next \d{4}-01-01 01:30 UTC, `30 2 1 1 \*` Europe\/Berlin · no time came yet/,
  );
  await ask('kim', '/sr hold prod-eu --reason "disks are being moved"', 'You hold');
  expect(await ask('lee', '/sr schedules prod-eu', 'would not begin now')).toContain(
    'The automation of this cluster is held until somebody releases it, by kim: disks are being moved',
  );
  await ask('kim', '/sr release prod-eu', 'You released');
  expect(await ask('lee', '/sr schedules dev-one', 'There is no schedule')).toContain('of dev-one');
});

it('are paused with a reason, resumed, and run now', async () => {
  expect(await ask('kim', '/sr schedule pause prod-eu nightly', 'A pause needs a reason')).toContain('*Not done*');
  await ask(
    'kim',
    '/sr schedule pause prod-eu nightly we move house',
    'You paused `nightly` on `prod-eu`: we move house.',
  );
  expect(await ask('lee', '/sr schedules prod-eu', 'PAUSED')).toContain('*PAUSED* by kim: we move house');
  await ask('kim', '/sr schedule resume prod-eu nightly', 'You resumed `nightly` on `prod-eu`. It fires next');
  const ran = await ask('kim', '/sr schedule run prod-eu nightly', 'to run now');
  expect(ran).toMatch(/You asked `nightly` on `prod-eu` to run now: R-\d+ is QUEUED\./);
  expect(await ask('kim', '/sr schedule run prod-eu nightly', 'goes on (QUEUED)')).toContain('*Not done*');
  expect(await ask('lee', '/sr schedules prod-eu', 'last ')).toMatch(/last .* UTC: R-\d+/);
  const audit = world.ctx.db.selectFrom('audit_event').select(['action', 'actor_name']).where('via', '=', 'SLACK');
  expect(await audit.where('action', 'like', '%Schedule').orderBy('id').execute()).toMatchObject([
    { action: 'pauseSchedule', actor_name: 'kim' },
    { action: 'resumeSchedule', actor_name: 'kim' },
  ]);
});

it.each([
  ['/sr schedule stop prod-eu nightly', 'stop is nothing that can be asked of a schedule'],
  ['/sr schedule run prod-eu nightli', 'Did you mean nightly?'],
  ['/sr schedule run dev-one nightly', 'dev-one has no schedule nightly'],
])('%s is refused', async (line, answer) => {
  await ask('kim', line, answer);
});

it('are not for those who may not manage them', async () => {
  expect(await ask('lee', '/sr schedule pause prod-eu nightly because I say so', 'may not do this')).toContain(
    'schedule:manage',
  );
  expect(await world.ctx.db.selectFrom('schedule').select('state').where('id', '=', id).execute()).toEqual([
    { state: 'ACTIVE' },
  ]);
});
