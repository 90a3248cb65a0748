import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/ids.ts';
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

  /** Types a command and reads the answer that only this person sees. */
  async function ask(who: 'kim' | 'lee' | 'ana', line: string, text: string | RegExp) {
    world[who].reload(); // earlier answers are out of the way
    const { outcome, message } = await world[who].slash(line, { channel });
    expect(outcome).toBe('ok');
    const isIt = (said: string) => (typeof text === 'string' ? said.includes(text) : text.test(said));
    const answer =
      message !== null && isIt(message.lines.join('\n'))
        ? message
        : await world[who].waitForMessage({ channel, text, where: (seen) => seen.isEphemeral });
    return answer.lines.join('\n');
  }

  it('help lists what the asker may do and nothing else', async () => {
    const said = await ask('kim', '/sr help', 'What you may do here');
    expect(said).toContain('`/sr touch` Do some steps');
    expect(said).not.toContain('`/sr approve`');
  });

  it('help of a verb shows how it is typed', async () => {
    expect(await ask('kim', '/sr help shake', 'Affects service')).toContain(
      '`/sr shake <cluster> <node> [--no-gently] [--dry-run] [--reason …] [--confirm …] [--plan …]`',
    );
  });

  it('no verb at all is help', async () => {
    await ask('lee', '/sr', 'What you may do here');
  });

  it('clusters lists them with a word on each', async () => {
    const said = await ask('kim', '/sr clusters', '3 nodes');
    expect(said).toContain('*UNKNOWN* `dev-one` · dev · 3 nodes');
    expect(said).toContain('*UNKNOWN* `prod-eu` · prod · 3 nodes');
    expect(await ask('kim', '/sr clusters --env staging', 'There is no cluster')).not.toContain('dev-one');
  });

  it('status shows the nodes of a cluster, found by the beginning of its name', async () => {
    const said = await ask('kim', '/sr status dev', 'dev-one: UNKNOWN');
    expect(said).toContain('`fe 10.0.0.1:9010` alive · LEADER · disk 12 %');
    expect(said).toContain('`be 10.0.0.11:9050` alive · disk 12 %');
  });

  it('status of an unknown cluster suggests a known one', async () => {
    expect(await ask('kim', '/sr status dev-oen', 'Did you mean dev-one?')).toContain(
      '*Not done*: There is no cluster dev-oen (NOT_FOUND)',
    );
  });

  it('a typing mistake is answered at once with what was meant', async () => {
    await ask('kim', '/sr stauts', 'I do not know `stauts` (word 1). Did you mean `status`?');
  });

  it('a small operation starts at once and ends in one message', async () => {
    world.open('one', 'two', 'three');
    await ask('kim', '/sr touch dev-one --reason "for the test"', 'is on its way');
    const card = await world.kim.waitForMessage({ channel, text: /SUCCEEDED: R-\d+ Touch a cluster on dev-one/ });
    expect(card.isEphemeral).toBe(false);
    expect(card.lines).toContain('✔ done: do three');
    expect(card.lines.join('\n')).toContain('Reason: for the test');
    expect(card.elements.map((each) => each.actionId)).toEqual(['run.undo']);
  });

  it('runs and run show it, also to somebody else', async () => {
    expect(await ask('lee', '/sr runs dev-one', 'Touch with 3 steps')).toMatch(
      /\*SUCCEEDED\* R-1 · Touch with 3 steps/,
    );
    expect(await ask('lee', '/sr run R-1', 'Touch a cluster: dev-one')).toContain('*SUCCEEDED* · 3 of 3 steps done');
    expect(await ask('lee', '/sr runs --mine', 'no runs')).not.toContain('R-1');
    await ask('lee', '/sr run R-99', 'There is no run R-99');
  });

  it('a dry run shows the plan and starts nothing', async () => {
    const said = await ask('kim', '/sr touch dev-one --steps a,b --dry-run', 'no approval needed');
    expect(said).toContain('1. do a\n2. do b');
    expect(said).not.toContain('[Start]');
    expect(world.applied).not.toContain('a');
  });

  it('a node that is not there is answered with those that are', async () => {
    const said = await ask('kim', '/sr shake dev-one be 10.9.9.9:9050', 'dev-one has no node called be 10.9.9.9:9050');
    expect(said).toContain('Its nodes: be 10.0.0.11:9050, be 10.0.0.12:9050, fe 10.0.0.1:9010.');
    await ask('kim', '/sr shake dev-one 10.0.0.11:905', 'Did you mean 10.0.0.11:9050?');
  });

  it('a mistake in the input is answered with the field, and how it is typed', async () => {
    const said = await ask('kim', '/sr touch dev-one --steps ""', '--steps');
    expect(said).toContain('`--steps` needs a value (word 4)');
  });

  it('pause, resume, cancel and retry do what they say', async () => {
    await ask('kim', '/sr touch dev-one --steps slow,later', /R-2 is on its way/);
    await world.kim.waitForMessage({ channel, text: 'slow waits' });
    await ask('kim', '/sr pause R-2', 'You asked to pause R-2');
    world.open('slow');
    await world.kim.waitForMessage({ channel, text: /PAUSED: R-2/ });
    await ask('kim', '/sr resume R-2', 'You resumed R-2');
    await world.kim.waitForMessage({ channel, text: 'later waits' });
    await ask('kim', '/sr cancel R-2 "not today"', 'You asked to cancel R-2');
    world.open('later');
    const ended = await world.kim.waitForMessage({ channel, text: /(CANCELED|SUCCEEDED): R-2/ });
    expect(ended.text).toContain('R-2 Touch a cluster on dev-one');
    await ask('kim', '/sr pause R-2', /R-2 is (CANCELED|SUCCEEDED); it cannot be asked to pause now/);
  });

  it('undo takes everything back', async () => {
    await ask('kim', '/sr undo R-1', 'You asked to undo R-1');
    const card = await world.kim.waitForMessage({ channel, text: /UNDONE: R-1/ });
    expect(card.lines).toContain('✔ done: undo: take one back');
    expect(world.applied).not.toContain('one');
  });

  it('what needs another role is refused, and says which', async () => {
    expect(await ask('lee', '/sr touch dev-one', 'lee may not do')).toContain('It needs the permission backup:create');
    await ask('lee', '/sr cancel R-1', 'lee may not cancel runs on dev-one');
  });

  it('whoami says who one is', async () => {
    await ask('ana', '/sr whoami', 'and act as *ana*: ADMIN everywhere');
  });

  it('runs shows a person of one cluster its runs, however many newer ones there are elsewhere', async () => {
    const { db } = world.ctx;
    const { number: _number, ...row } = await db
      .selectFrom('run')
      .selectAll()
      .where('number', '=', 1)
      .executeTakeFirstOrThrow();
    const copies = Array.from({ length: 220 }, () => ({ ...row, id: newId('run'), cluster_id: world.clusters.prod }));
    await db
      .insertInto('run')
      .values(copies.map((copy) => ({ ...copy, cluster_name: 'prod-eu', environment: 'prod' })))
      .execute();
    const binding = db
      .updateTable('role_binding')
      .where('person_id', 'in', db.selectFrom('person').select('id').where('name', '=', 'lee'));
    await binding.set({ scope_kind: 'cluster', scope_value: world.clusters.dev }).execute();
    const said = await ask('lee', '/sr runs', 'R-1 ·');
    expect(said).not.toContain('prod-eu');
    expect(await ask('lee', '/sr status "DEV-ONE "', 'dev-one: UNKNOWN')).toContain('be 10.0.0.11:9050');
    await binding.set({ scope_kind: 'all', scope_value: '' }).execute();
  });

  it('alerts lists none when there is none', async () => {
    await ask('kim', '/sr alerts', 'No alert is open');
  });
});
