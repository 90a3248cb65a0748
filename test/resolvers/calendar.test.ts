import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { alertFingerprint } from '../../src/domain/alert.ts';
import { whyNotNow } from '../../src/domain/why-not-now.ts';
import { insertAlert } from '../../src/store/alerts/alerts.ts';
import { readCalendar } from '../../src/store/calendar/calendar.ts';
import { databaseNowPlus, inTransaction, readDatabaseTime } from '../../src/store/database.ts';
import { type Api, as, startApi } from '../helpers/api.ts';

let api: Api;
let operator: string;
let prod: string;
let dev: string;
beforeAll(async () => {
  api = await startApi();
  operator = await api.login('otto', as.operator);
  prod = await api.engine.addCluster('calendar-prod', 'prod');
  dev = await api.engine.addCluster('calendar-dev', 'dev');
});
afterAll(() => api?.close());

const payload = z.object({
  entry: z.looseObject({ id: z.string() }).nullable(),
  userErrors: z.array(z.looseObject({ code: z.string(), message: z.string() })),
});

const fields = {
  hold: 'id scope cluster { id } reason heldByName until state releasedByName',
  window:
    'id name scope environment cluster { id } cron timeZone durationMinutes hidesAlertsUpTo isOpen nextOpenings(first: 2) { opensAt }',
  blackout: 'id name scope environment cluster { id } from until isOn ownerName',
} as const;

const changes = {
  holdAutomation: ['HoldAutomationInput', 'hold'],
  releaseAutomation: ['ReleaseAutomationInput', 'hold'],
  createMaintenanceWindow: ['CreateMaintenanceWindowInput', 'window'],
  createBlackout: ['CreateBlackoutInput', 'blackout'],
  updateBlackout: ['UpdateBlackoutInput', 'blackout'],
} as const;

/** Sends a change that takes an input; answers the entry and the errors, or the error that stopped it. */
async function change(token: string, mutation: keyof typeof changes, input: Record<string, unknown>) {
  const [type, member] = changes[mutation];
  const answer = await api.ask(
    token,
    `mutation ($input: ${type}!) { ${mutation}(input: $input) { entry: ${member} { ${fields[member]} } userErrors { code message path hint } } }`,
    { input },
  );
  if (answer.errors !== undefined) return { entry: null, userErrors: [], stopped: answer.errors[0]?.extensions?.code };
  return { ...payload.parse(answer.data?.[mutation]), stopped: null };
}

async function remove(token: string, mutation: 'deleteMaintenanceWindow' | 'deleteBlackout', id: string) {
  const member = mutation === 'deleteBlackout' ? 'blackout' : 'window';
  const answer = await api.ask(
    token,
    `mutation ($id: ID!) { ${mutation}(id: $id) { entry: ${member} { id } userErrors { code message } } }`,
    { id },
  );
  expect(answer.errors, answer.text).toBeUndefined();
  return payload.parse(answer.data?.[mutation]);
}

async function audited(clusterId: string | null, action: string) {
  let query = api.engine.ctx.db.selectFrom('audit_event').selectAll().where('action', '=', action);
  query = clusterId === null ? query.where('cluster_id', 'is', null) : query.where('cluster_id', '=', clusterId);
  return (await query.orderBy('id').execute()).map(({ actor_name, subject, outcome }) => [
    actor_name,
    subject,
    outcome,
  ]);
}

const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

async function automation(token: string, clusterId: string) {
  const { data, errors, text } = await api.ask(
    token,
    `query ($id: ID!) { cluster(id: $id) { automation {
      isHeld holds { reason } blackouts { name isOn } windows { name } nextWindow { window { name } opensAt closesAt }
      whyNotNow { code message } backup: whyNotNow(risk: LOW) { code } } } }`,
    { id: clusterId },
  );
  expect(errors, text).toBeUndefined();
  return z.object({ cluster: z.object({ automation: z.looseObject({ isHeld: z.boolean() }) }) }).parse(data).cluster
    .automation;
}

/** What a schedule would be told. */
async function firing(clusterId: string, environment: string, at = new Date()) {
  const calendar = await readCalendar(api.engine.ctx.db, { clusterId, environment });
  return whyNotNow(calendar, { clusterId, environment, at, risk: 'high' })?.message ?? null;
}

describe('a hold', () => {
  it('of one cluster keeps its automation from beginning, is shown and audited, and is taken back once', async () => {
    const held = await change(operator, 'holdAutomation', { clusterId: prod, reason: 'disks are being moved' });
    expect(held.entry).toMatchObject({ scope: 'CLUSTER', cluster: { id: prod }, state: 'HELD', heldByName: 'otto' });
    expect(await firing(prod, 'prod')).toBe(
      'The automation of this cluster is held until somebody releases it, by otto: disks are being moved',
    );
    expect(await firing(dev, 'dev')).toBeNull();
    expect(await automation(operator, prod)).toMatchObject({
      isHeld: true,
      holds: [{ reason: 'disks are being moved' }],
      whyNotNow: { code: 'HELD' },
      backup: { code: 'HELD' },
    });

    const second = await change(operator, 'holdAutomation', { clusterId: prod, reason: 'me too' });
    expect(second.userErrors).toMatchObject([
      { code: 'PRECONDITION_FAILED', message: expect.stringMatching(/is held already, since .* by otto: disks/) },
    ]);

    const released = await change(operator, 'releaseAutomation', { clusterId: prod });
    expect(released.entry).toMatchObject({ state: 'RELEASED', releasedByName: 'otto' });
    expect(await firing(prod, 'prod')).toBeNull();
    const again = await change(operator, 'releaseAutomation', { clusterId: prod });
    expect(again.userErrors).toMatchObject([{ message: 'The automation of calendar-prod is not held' }]);
    expect(await audited(prod, 'holdAutomation')).toEqual([['otto', 'calendar-prod', 'DONE']]);
    expect(await audited(prod, 'releaseAutomation')).toEqual([['otto', 'calendar-prod', 'DONE']]);
  });

  it('is made once when many ask for it at the same moment', async () => {
    const asked = await Promise.all(
      Array.from({ length: 6 }, (_, at) => change(operator, 'holdAutomation', { clusterId: dev, reason: `try ${at}` })),
    );
    expect(asked.filter(({ entry }) => entry !== null)).toHaveLength(1);
    expect(asked.flatMap(({ userErrors }) => userErrors.map(({ code }) => code))).toEqual(
      Array.from({ length: 5 }, () => 'PRECONDITION_FAILED'),
    );
    await change(operator, 'releaseAutomation', { clusterId: dev });
  });

  it('of everything covers every cluster, and is not ended by releasing one', async () => {
    const held = await change(operator, 'holdAutomation', { reason: 'an incident' });
    expect(held.entry).toMatchObject({ scope: 'ALL', cluster: null });
    expect(await firing(dev, 'dev')).toBe('All automation is held until somebody releases it, by otto: an incident');
    const one = await change(operator, 'releaseAutomation', { clusterId: dev });
    expect(one.userErrors).toMatchObject([
      { code: 'PRECONDITION_FAILED', hint: expect.stringContaining('All automation is held by otto: an incident') },
    ]);
    expect((await change(operator, 'releaseAutomation', {})).entry).toMatchObject({ state: 'RELEASED' });
    expect(await audited(null, 'holdAutomation')).toEqual([['otto', 'all clusters', 'DONE']]);
  });

  it('ends by itself, is shown as expired then, and does not stand in the way of the next', async () => {
    const { entry } = await change(operator, 'holdAutomation', {
      clusterId: dev,
      reason: 'for long',
      until: inHours(1),
    });
    const id = entry?.id ?? '';
    const { db } = api.engine.ctx;
    await db
      .updateTable('automation_hold')
      .set({ until_at: databaseNowPlus(-1_000) })
      .where('id', '=', id)
      .execute();
    expect(await firing(dev, 'dev')).toBeNull();
    expect(await automation(operator, dev)).toMatchObject({ isHeld: false, holds: [] });
    const { data } = await api.ask(operator, 'query ($id: ID!) { node(id: $id) { ... on AutomationHold { state } } }', {
      id,
    });
    expect(data).toEqual({ node: { state: 'EXPIRED' } });
    const released = await change(operator, 'releaseAutomation', { clusterId: dev });
    expect(released.userErrors).toMatchObject([{ message: expect.stringContaining('of otto ended by itself at') }]);
    const next = await change(operator, 'holdAutomation', { clusterId: dev, reason: 'once more' });
    expect(next.entry).toMatchObject({ state: 'HELD', reason: 'once more' });
    await change(operator, 'releaseAutomation', { clusterId: dev });
  });

  it.each([
    [{ reason: 'x' }, ['input', 'reason']],
    [{ reason: 'for an hour', until: inHours(-1) }, ['input', 'until']],
    [{ reason: 'for an hour', clusterId: 'clu_NOT' }, ['input', 'clusterId']],
  ])('%j is refused', async (input, path) => {
    const { entry, userErrors } = await change(operator, 'holdAutomation', input);
    expect(entry).toBeNull();
    expect(userErrors).toMatchObject([{ path }]);
  });
});

describe('a maintenance window', () => {
  const nights = {
    name: 'nights',
    cron: '0 2 * * *',
    timeZone: 'Europe/Berlin',
    durationMinutes: 120,
    reason: 'few people work',
  };

  it('covers an environment, says when it opens, and goes again', async () => {
    const { entry } = await change(operator, 'createMaintenanceWindow', { ...nights, environment: 'prod' });
    expect(entry).toMatchObject({ scope: 'ENVIRONMENT', environment: 'prod', cluster: null });
    expect(entry?.nextOpenings).toHaveLength(2);
    const noon = new Date('2027-02-01T12:00:00Z');
    expect(await firing(prod, 'prod', noon)).toBe(
      'Outside the maintenance window "nights", which opens 2027-02-02 01:00 UTC, by otto: few people work',
    );
    expect(await firing(dev, 'dev', noon)).toBeNull();
    expect(await automation(operator, prod)).toMatchObject({
      windows: [{ name: 'nights' }],
      nextWindow: { window: { name: 'nights' } },
      backup: null,
    });
    const twice = await change(operator, 'createMaintenanceWindow', { ...nights, environment: 'prod' });
    expect(twice.userErrors).toMatchObject([{ code: 'ALREADY_EXISTS', path: ['input', 'name'] }]);
    expect((await remove(operator, 'deleteMaintenanceWindow', entry?.id ?? '')).entry).not.toBeNull();
    expect((await remove(operator, 'deleteMaintenanceWindow', entry?.id ?? '')).userErrors).toMatchObject([
      { code: 'NOT_FOUND' },
    ]);
    expect(await audited(null, 'deleteMaintenanceWindow')).toEqual([['otto', 'all clusters of prod', 'DONE']]);
  });

  it('hides alerts when somebody says so, and shows before what it would hide', async () => {
    const input = { ...nights, clusterId: dev, hidesAlertsUpTo: 'MEDIUM' };
    const { entry } = await change(operator, 'createMaintenanceWindow', input);
    expect(entry).toMatchObject({ hidesAlertsUpTo: 'MEDIUM' });
    const preview = (hidesAlertsUpTo: string) =>
      api.ask(
        operator,
        `query ($input: PreviewMaintenanceWindowInput!) { previewMaintenanceWindow(input: $input) {
          hidden { number maintenanceWindow { name } } loud { number } isCut } }`,
        { input: { clusterId: dev, hidesAlertsUpTo } },
      );
    expect((await preview('HIGH')).data).toEqual({ previewMaintenanceWindow: { hidden: [], loud: [], isCut: false } });
    expect((await preview('CRITICAL')).errors?.[0]?.extensions?.code).toBe('INVALID_INPUT');
    const windowId = entry?.id ?? '';
    const { db } = api.engine.ctx;
    const labels = { node: 'be 10.0.0.11:9050' };
    const alertId = await inTransaction(db, async (tx) => {
      const at = await readDatabaseTime(tx);
      const condition = {
        ...({ rule: 'disk_filling', severity: 'MEDIUM', nodeId: null, labels } as const),
        fingerprint: alertFingerprint({ clusterId: dev, rule: 'disk_filling', labels }),
        ...{ title: 'it fills up', pastTitle: 'it filled up', text: ['It is full.'] },
        ...{ startedAt: at, forMs: 0, minSamples: 1 },
      };
      const cluster = { id: dev, name: 'calendar-dev', environment: 'dev' };
      const because = 'window "nights" until noon, by otto: few people work';
      const mute = { kind: 'MAINTENANCE', by: `window:${windowId}`, because } as const;
      return insertAlert(tx, { cluster, condition, since: at, at, mute });
    });
    const { data: before } = await preview('MEDIUM');
    expect(before).toMatchObject({
      previewMaintenanceWindow: { hidden: [{ maintenanceWindow: { name: 'nights' } }], loud: [] },
    });
    expect((await preview('LOW')).data).toMatchObject({ previewMaintenanceWindow: { hidden: [], loud: [{}] } });
    const hidden =
      'query ($id: ID!) { node(id: $id) { ... on Alert { silencedBy hiddenBecause maintenanceWindow { id } } } }';
    const said = { silencedBy: null, hiddenBecause: 'window "nights" until noon, by otto: few people work' };
    expect((await api.ask(operator, hidden, { id: alertId })).data).toEqual({
      node: { ...said, maintenanceWindow: { id: windowId } },
    });
    await remove(operator, 'deleteMaintenanceWindow', windowId);
    // The next look shows it again; until then it says what hid it, and of which no window is left.
    expect((await api.ask(operator, hidden, { id: alertId })).data).toEqual({
      node: { ...said, maintenanceWindow: null },
    });
    await db.deleteFrom('alert').where('id', '=', alertId).execute();
  });

  it.each([
    [{ cron: '61 2 * * *' }, 'cron'],
    [{ cron: '@daily' }, 'cron'],
    [{ timeZone: 'Berlin' }, 'timeZone'],
    [{ durationMinutes: 0 }, 'durationMinutes'],
    [{ name: 'a"b' }, 'name'],
    [{ hidesAlertsUpTo: 'CRITICAL' }, 'hidesAlertsUpTo'],
    [{ hidesAlertsUpTo: 'HIGH', durationMinutes: 1_441 }, 'durationMinutes'],
    [{ hidesAlertsUpTo: 'LOW', cron: '0 * * * *', durationMinutes: 59 }, 'durationMinutes'],
    [{ environment: 'prdo' }, 'environment'],
    [{ environment: 'prod', clusterId: 'clu_1' }, 'clusterId'],
  ])('with %j is refused', async (input, field) => {
    const { entry, userErrors } = await change(operator, 'createMaintenanceWindow', { ...nights, ...input });
    expect(entry).toBeNull();
    expect(userErrors).toMatchObject([{ path: ['input', field] }]);
  });
});

describe('a blackout', () => {
  const yearEnd = { name: 'year end', from: inHours(-1), until: inHours(24), reason: 'books are closed' };

  it('is on between its times, is extended, ends early, and is then history', async () => {
    const { entry } = await change(operator, 'createBlackout', { ...yearEnd, clusterId: prod });
    const id = entry?.id ?? '';
    expect(entry).toMatchObject({ scope: 'CLUSTER', cluster: { id: prod }, isOn: true, ownerName: 'otto' });
    expect(await firing(prod, 'prod')).toMatch(/^Blackout "year end" until .* UTC, by otto: books are closed$/);
    expect(await automation(operator, prod)).toMatchObject({ whyNotNow: { code: 'BLACKOUT' }, backup: null });

    const until = inHours(48);
    expect((await change(operator, 'updateBlackout', { id, until })).entry).toMatchObject({ until, isOn: true });
    expect((await change(operator, 'updateBlackout', { id, until: inHours(-0.5) })).userErrors).toMatchObject([
      { code: 'INVALID_INPUT', path: ['input', 'until'] },
    ]);
    expect((await change(operator, 'updateBlackout', { id, until, endNow: true })).userErrors).toHaveLength(1);
    expect((await change(operator, 'updateBlackout', { id, endNow: true })).entry).toMatchObject({ isOn: false });
    expect(await firing(prod, 'prod')).toBeNull();
    expect((await change(operator, 'updateBlackout', { id, until })).userErrors).toMatchObject([
      { code: 'PRECONDITION_FAILED', message: expect.stringContaining('is over since') },
    ]);
    const lists = `query ($id: ID!) { blackouts(clusterId: $id) { totalCount } past: blackouts(clusterId: $id, past: true) { nodes { id } } }`;
    expect((await api.ask(operator, lists, { id: prod })).data).toEqual({
      blackouts: { totalCount: 0 },
      past: { nodes: [{ id }] },
    });
    expect(await audited(prod, 'updateBlackout')).toEqual([
      ['otto', 'calendar-prod', 'DONE'],
      ['otto', 'calendar-prod', 'DONE'],
    ]);
    expect((await remove(operator, 'deleteBlackout', id)).entry).toEqual({ id });
  });

  it('that has not begun cannot end, and can be deleted', async () => {
    const { entry } = await change(operator, 'createBlackout', { ...yearEnd, from: inHours(2) });
    const id = entry?.id ?? '';
    expect((await change(operator, 'updateBlackout', { id, endNow: true })).userErrors).toMatchObject([
      { code: 'PRECONDITION_FAILED', hint: 'Delete it if it is not wanted.' },
    ]);
    expect((await remove(operator, 'deleteBlackout', id)).entry).toEqual({ id });
  });

  it.each([[{ from: inHours(-3), until: inHours(-1) }], [{ from: inHours(3), until: inHours(2) }]])(
    'of %j is refused',
    async (times) => {
      const { userErrors } = await change(operator, 'createBlackout', { ...yearEnd, ...times });
      expect(userErrors).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', 'until'] }]);
    },
  );
});

describe('rights', () => {
  const hold = { reason: 'because I can' };

  it.each([
    ['a viewer', 'vera', as.viewer],
    ['somebody who approves', 'anna', as.approver],
  ])('%s holds nothing, and that is audited', async (_, name, binding) => {
    const token = await api.login(name, binding);
    expect(await change(token, 'holdAutomation', { ...hold, clusterId: prod })).toMatchObject({ stopped: 'FORBIDDEN' });
    expect(await audited(prod, 'holdAutomation')).toContainEqual([name, 'calendar-prod', 'FORBIDDEN']);
  });

  it('an operator of one cluster changes its calendar, and neither its environment nor everything', async () => {
    const token = await api.login('olga', { role: 'OPERATOR', scope: { kind: 'cluster', clusterId: prod } });
    const blackout = { name: 'mine', from: inHours(1), until: inHours(2), reason: 'a test' };
    expect((await change(token, 'createBlackout', { ...blackout, clusterId: prod })).entry).not.toBeNull();
    expect(await change(token, 'createBlackout', { ...blackout, environment: 'prod' })).toMatchObject({
      stopped: 'FORBIDDEN',
    });
    expect(await change(token, 'createBlackout', blackout)).toMatchObject({ stopped: 'FORBIDDEN' });
    expect(await change(token, 'holdAutomation', hold)).toMatchObject({ stopped: 'FORBIDDEN' });
    // Of another cluster they do not even learn that it exists.
    expect((await change(token, 'holdAutomation', { ...hold, clusterId: dev })).userErrors).toMatchObject([
      { code: 'NOT_FOUND' },
    ]);
    expect((await change(token, 'createBlackout', { ...blackout, environment: 'dev' })).userErrors).toMatchObject([
      { code: 'NOT_FOUND', hint: 'There is: prod.' },
    ]);
  });

  it('an operator of an environment holds for it, and nobody deletes what they may not see', async () => {
    const token = await api.login('omar', { role: 'OPERATOR', scope: { kind: 'environment', environment: 'dev' } });
    const blackout = { name: 'of dev', from: inHours(1), until: inHours(2), reason: 'a test' };
    const made = await change(token, 'createBlackout', { ...blackout, environment: 'dev' });
    expect(made.entry).toMatchObject({ environment: 'dev' });
    const foreign = await change(operator, 'createBlackout', { ...blackout, name: 'of prod', clusterId: prod });
    expect((await remove(token, 'deleteBlackout', foreign.entry?.id ?? '')).userErrors).toMatchObject([
      { code: 'NOT_FOUND' },
    ]);
  });

  it('lists show what covers a cluster that the asker may see, page by page', async () => {
    const blackout = { from: inHours(5), until: inHours(6), reason: 'a list' };
    await change(operator, 'createBlackout', { ...blackout, name: 'list all' });
    await change(operator, 'createBlackout', { ...blackout, name: 'list dev', environment: 'dev' });
    await change(operator, 'createBlackout', { ...blackout, name: 'list prod', environment: 'prod' });
    await change(operator, 'createBlackout', { ...blackout, name: 'list one', clusterId: prod });
    const seenBy = async (token: string) => {
      const names: string[] = [];
      for (let after: string | null = null; ; ) {
        const { data } = await api.ask(
          token,
          'query ($after: String) { blackouts(first: 1, after: $after) { nodes { name } pageInfo { hasNextPage endCursor } } }',
          { after },
        );
        const { blackouts } = z
          .object({
            blackouts: z.object({
              nodes: z.array(z.object({ name: z.string() })),
              pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
            }),
          })
          .parse(data);
        names.push(...blackouts.nodes.map(({ name }) => name).filter((name) => name.startsWith('list')));
        if (!blackouts.pageInfo.hasNextPage) return names.toSorted();
        after = blackouts.pageInfo.endCursor;
      }
    };
    const ofProd = await api.login('vic', { role: 'VIEWER', scope: { kind: 'cluster', clusterId: prod } });
    const ofDev = await api.login('vim', { role: 'VIEWER', scope: { kind: 'environment', environment: 'dev' } });
    expect(await seenBy(operator)).toEqual(['list all', 'list dev', 'list one', 'list prod']);
    expect(await seenBy(ofProd)).toEqual(['list all', 'list one', 'list prod']);
    expect(await seenBy(ofDev)).toEqual(['list all', 'list dev']);
    expect(await seenBy(await api.login('nobody-yet'))).toEqual([]);
  });
});
