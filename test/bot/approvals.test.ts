import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type Transport, type World } from './fixture.ts';

const channel = 'sr-demo';
const node = 'be 10.0.0.11:9050';

describe.each<Transport>(['socket', 'http'])('what needs a second look, over %s', (transport) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ transport });
  });
  afterAll(async () => {
    expect(world.slack.ctl.complaints()).toEqual([]);
    await world.stop();
  });

  const countRuns = async () => {
    const row = await world.ctx.db
      .selectFrom('run')
      .select((each) => each.fn.countAll().as('n'))
      .executeTakeFirstOrThrow();
    return Number(row.n);
  };

  /** Types something that is previewed first, and waits for the preview. */
  async function previewed(line: string, text: string | RegExp) {
    world.kim.reload();
    await world.kim.slash(line, { channel });
    return world.kim.waitForMessage({ channel, text, where: (seen) => seen.isEphemeral && seen.elements.length > 0 });
  }

  it('an undo that is typed shows the way back first, and --dry-run shows it and nothing else', async () => {
    const preview = await previewed(`/sr shake dev-one ${node} --no-gently`, 'Shake it hard');
    await world.kim.click(preview, 'draft.start');
    await world.kim.waitForMessage({ channel, text: /RUNNING: R-\d+ Shake a node on dev-one/ });
    world.open(...(await shakes()));
    const done = await world.kim.waitForMessage({ channel, text: /SUCCEEDED: R-\d+ Shake a node on dev-one/ });
    const name = /R-\d+/.exec(done.text)?.[0] ?? '';
    const stateNow = async () =>
      (
        await world.ctx.db
          .selectFrom('run')
          .select('state')
          .where('number', '=', Number(name.slice(2)))
          .executeTakeFirstOrThrow()
      ).state;
    const answer = async (line: string, text: string | RegExp) => {
      world.kim.reload();
      const { message } = await world.kim.slash(line, { channel });
      const isIt = (said: string) => (typeof text === 'string' ? said.includes(text) : text.test(said));
      if (message !== null && isIt(message.lines.join('\n'))) return message;
      return world.kim.waitForMessage({ channel, text, where: (seen) => seen.isEphemeral });
    };

    const dry = await answer(`/sr undo ${name} --dry-run`, `Undo ${name}: Shake a node, dev-one`);
    expect(dry.lines.join('\n')).toMatch(/1\. take shake-\[a node\]-false back/);
    expect(dry.elements).toEqual([]);
    await answer(
      `/sr undo ${name} wrong node --dry-rn`,
      'I do not know `--dry-rn` (word 5). Did you mean `--dry-run`?',
    );
    await answer(`/sr undo ${name} wrong node --dry-run`, '`--dry-run` stands behind the note (word 5)');
    await answer(`/sr undo ${name} --confirm prod-eu`, 'is a run of dev-one, not of prod-eu');
    const asked = await answer(`/sr undo ${name} wrong node`, 'note: wrong node');
    expect(asked.elements.map((each) => each.label)).toEqual([`Undo ${name}`, 'Leave it']);
    await world.kim.click(asked, 'decision.leave');
    await world.kim.waitForMessage({ channel, text: 'Nothing was done.' });
    expect(await stateNow()).toBe('SUCCEEDED');

    await world.kim.click(asked, 'decision.do');
    await world.kim.waitForMessage({ channel, text: new RegExp(`UNDONE: ${name}`) });
    await world.kim.click(asked, 'decision.do');
    await world.kim.waitForMessage({ channel, text: `${name} is UNDONE by now, not SUCCEEDED as when this was shown` });
  });

  it('a cancel that is typed asks where service is affected, and takes the name of the cluster as a yes', async () => {
    const preview = await previewed(`/sr shake dev-one 10.0.0.12`, 'Shake it gently');
    await world.kim.click(preview, 'draft.start');
    const card = await world.kim.waitForMessage({ channel, text: /RUNNING: R-\d+ Shake a node on dev-one/ });
    const name = /R-\d+/.exec(card.text)?.[0] ?? '';
    await world.kim.slash(`/sr cancel ${name} it shakes too much`, { channel });
    const asked = await world.kim.waitForMessage({
      channel,
      text: `Cancel ${name}: Shake a node, dev-one`,
      where: (seen) => seen.isEphemeral,
    });
    expect(asked.lines.join('\n')).toContain('is under way: it is stopped where that does no harm');
    await world.kim.slash(`/sr cancel ${name} --confirm dev-one it shakes too much`, { channel });
    await world.kim.waitForMessage({ channel, text: `You asked to cancel ${name}` });
    world.open(...(await shakes()));
    await world.kim.waitForMessage({ channel, text: new RegExp(`(CANCELED|SUCCEEDED): ${name}`) });
  });

  it('a preview says what would be done, and starts nothing', async () => {
    const before = await countRuns();
    const preview = await previewed(`/sr shake dev-one ${node} --no-gently --reason "<!here> & now"`, 'Shake it hard');
    const said = preview.lines.join('\n');
    expect(said).toContain('1. do shake-[a node]');
    expect(said).toContain('• 12 queries run on it now <!here>');
    expect(said).toContain('reason: <!here> & now');
    expect(preview.notified.broadcasts).toEqual([]);
    expect(preview.elements.map((each) => each.label)).toEqual(['Start', 'Cancel']);
    expect(await countRuns()).toBe(before);
  });

  it('Start starts it once, however often it is pressed', async () => {
    const before = await countRuns();
    const preview = await previewed(`/sr shake dev-one ${node}`, 'Shake it gently');
    expect((await world.kim.click(preview, 'draft.start', { times: 2 })).outcome).toBe('ok');
    await world.kim.waitForMessage({ channel, text: 'is on its way' });
    await world.kim.waitForMessage({ channel, text: 'Nothing was started twice' });
    await world.kim.click(preview, 'draft.cancel');
    await world.kim.waitForMessage({ channel, text: /It was started already, as R-\d+/ });
    expect(await countRuns()).toBe(before + 1);
  });

  it('Cancel ends it, also for a Start that comes later', async () => {
    const before = await countRuns();
    const preview = await previewed(`/sr shake dev-one ${node}`, 'Shake it gently');
    await world.kim.click(preview, 'draft.cancel');
    await world.kim.waitForMessage({ channel, text: 'Nothing was started.' });
    await world.kim.click(preview, 'draft.start');
    await world.kim.waitForMessage({ channel, text: 'You cancelled it before' });
    expect(await countRuns()).toBe(before);
  });

  it('a preview works after a restart of the bot', async () => {
    const preview = await previewed(`/sr shake dev-one ${node}`, 'Shake it gently');
    await world.stopBot();
    await world.startBot();
    await world.kim.click(preview, 'draft.start');
    await world.kim.waitForMessage({ channel, text: 'is on its way' });
  });

  it('nobody else can start what somebody was shown', async () => {
    const before = await countRuns();
    const preview = await previewed(`/sr shake dev-one ${node}`, 'Shake it gently');
    const { value } = preview.elements[0] ?? { value: null };
    await world.ctx.db
      .updateTable('slack_draft')
      .set({ slack_user: 'USOMEBODY' })
      .where('id', '=', value ?? '')
      .execute();
    await world.kim.click(preview, 'draft.start');
    await world.kim.waitForMessage({ channel, text: 'There is nothing to start here any more' });
    expect(await countRuns()).toBe(before);
  });

  it('--plan with the hash that was seen starts at once, with another one not', async () => {
    const preview = await previewed(`/sr shake dev-one ${node}`, 'Shake it gently');
    const hash = /[0-9a-f]{64}/.exec(preview.text)?.[0] ?? '';
    world.kim.reload();
    await world.kim.slash(`/sr shake dev-one ${node} --plan ${'0'.repeat(64)}`, { channel });
    await world.kim.waitForMessage({ channel, text: 'the plan is not the one that was shown' });
    await world.kim.slash(`/sr shake dev-one ${node} --plan ${hash}`, { channel });
    await world.kim.waitForMessage({ channel, text: 'is on its way' });
  });

  it('what is hard to undo wants the name of the cluster, typed', async () => {
    const before = await countRuns();
    const preview = await previewed('/sr wipe dev-one', 'Wipe it');
    await world.kim.click(preview, 'draft.confirm');
    const form = await world.kim.waitForView({ title: 'Are you sure?' });
    expect((await world.kim.submit(form, { name: ' ' })).outcome).toBe('errors');
    await world.kim.submit(form, { name: 'dev-two' });
    await world.kim.waitForMessage({ channel, text: 'needs the name of the cluster, typed' });
    expect(await countRuns()).toBe(before);
    await world.kim.click(preview, 'draft.confirm');
    await world.kim.submit(await world.kim.waitForView({ title: 'Are you sure?' }), { name: 'dev-one' });
    await world.kim.waitForMessage({ channel, text: 'It waits for approval by somebody else' });
    expect(await countRuns()).toBe(before + 1);
  });

  it('an approval is given by another person, on the card, for the plan that was seen', async () => {
    const preview = await previewed(`/sr shake prod-eu ${node}`, 'then waits for 1 approval');
    await world.kim.click(preview, 'draft.start');
    const card = await world.lee.waitForMessage({ channel, text: /AWAITING APPROVAL: R-\d+ Shake a node on prod-eu/ });
    const said = card.lines.join('\n');
    expect(card.text).toContain('Waits for 1 approval, P-');
    expect(said).toMatch(/May approve: \S+, \S+, \S+; not kim, who asked/);
    expect(card.notified.users.toSorted()).toEqual(
      ['ana', 'gus', 'lee'].map((who) => world.slack.person(who).user.id).toSorted(),
    );
    expect(said).toContain(`Arguments: cluster=\`prod-eu\`, node=\`${node}\`, gently=\`true\``);
    expect(said).toMatch(/\*P-\d+\*: 1 approval needed, expires \d\d:\d\d:\d\d UTC/);
    expect(card.elements.map((each) => each.label)).toEqual(['Approve', 'Deny', 'Cancel']);

    world.kim.reload();
    await world.kim.click(card, 'run.approve');
    await world.kim.waitForMessage({ channel, text: 'kim may not approve' });
    await world.lee.click(card, 'run.approve');
    await world.lee.waitForMessage({ channel, text: /You approved R-\d+ \(1 of 1\)/ });
    await world.lee.click(card, 'run.approve', { evenIfGone: true });
    await world.lee.waitForMessage({ channel, text: 'it cannot be asked to approve now' });
    world.open(...world.applied, ...(await shakes()));
    const done = await world.kim.waitForMessage({ channel, text: /SUCCEEDED: R-\d+ Shake a node on prod-eu/ });
    expect(done.ts).toBe(card.ts);
    await world.kim.waitForMessage({ channel, text: 'lee approved it', where: (seen) => seen.threadTs === card.ts });
  });

  it('the person who asked cannot approve, whatever their roles', async () => {
    world.ana.reload();
    await world.ana.slash(`/sr shake prod-eu ${node}`, { channel });
    const preview = await world.ana.waitForMessage({
      channel,
      text: 'Shake it gently',
      where: (seen) => seen.isEphemeral,
    });
    await world.ana.click(preview, 'draft.start');
    const card = await world.ana.waitForMessage({ channel, text: /AWAITING APPROVAL: R-\d+ Shake a node/ });
    await world.ana.click(card, 'run.approve');
    await world.ana.waitForMessage({ channel, text: 'The person who asked cannot approve' });
    const number = /R-(\d+)/.exec(card.text)?.[1];
    await world.ana.slash(`/sr approve R-${number}`, { channel });
    await world.ana.waitForMessage({ channel, text: 'The person who asked cannot approve' });
    await world.lee.slash(`/sr deny R-${number} it's the campaign`, { channel });
    const denied = await world.ana.waitForMessage({ channel, text: `REJECTED: R-${number}` });
    expect(denied.lines.join('\n')).toContain("• lee denied: it's the campaign");
    expect(denied.elements).toEqual([]);
  });

  it('Deny on the card asks why, and refuses a word that is no reason', async () => {
    world.kim.reload();
    const preview = await previewed(`/sr shake prod-eu ${node}`, 'Shake it gently');
    await world.kim.click(preview, 'draft.start');
    const card = await world.lee.waitForMessage({ channel, text: /AWAITING APPROVAL: R-\d+ Shake a node/ });
    await world.lee.click(card, 'run.deny');
    const form = await world.lee.waitForView({ title: 'Deny the run' });
    expect((await world.lee.submit(form, { reason: '      ' })).outcome).toBe('errors');
    expect((await world.lee.submit(form, { reason: 'not during the campaign' })).outcome).toBe('ok');
    await world.lee.waitForMessage({
      channel,
      text: /REJECTED: R-\d+ Shake a node/,
      where: (seen) => seen.ts === card.ts,
    });
  });

  it('an approval that nobody gives in time ends visibly, and a late click is told so', async () => {
    const preview = await previewed(`/sr shake prod-eu ${node}`, 'Shake it gently');
    await world.kim.click(preview, 'draft.start');
    const card = await world.lee.waitForMessage({ channel, text: /AWAITING APPROVAL: R-\d+ Shake a node/ });
    const { db } = world.ctx;
    await db
      .updateTable('approval')
      .set({ expires_at: new Date(0) })
      .where('state', '=', 'PENDING')
      .execute();
    const expired = await world.lee.waitForMessage({ channel, text: 'EXPIRED', where: (seen) => seen.ts === card.ts });
    expect(expired.elements).toEqual([]);
    world.lee.reload();
    await world.lee.click(card, 'run.approve', { evenIfGone: true });
    await world.lee.waitForMessage({ channel, text: 'is EXPIRED; it cannot be asked to approve now' });
  });

  it('an approval of another plan is refused', async () => {
    const preview = await previewed(`/sr shake prod-eu ${node}`, 'Shake it gently');
    await world.kim.click(preview, 'draft.start');
    const card = await world.lee.waitForMessage({ channel, text: /AWAITING APPROVAL: R-\d+ Shake a node/ });
    const { db } = world.ctx;
    await db
      .updateTable('approval')
      .set({ plan_hash: 'b'.repeat(64) })
      .where('state', '=', 'PENDING')
      .execute();
    world.lee.reload();
    await world.lee.click(card, 'run.approve');
    await world.lee.waitForMessage({ channel, text: 'The plan is not the one that was shown' });
  });

  async function shakes() {
    const rows = await world.ctx.db.selectFrom('run_step').select('params').execute();
    return rows.flatMap((row) => /"name":"([^"]+)"/.exec(row.params)?.[1] ?? []);
  }
});
