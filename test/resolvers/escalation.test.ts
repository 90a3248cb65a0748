import { globSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { operations } from '../../src/operations/index.ts';
import { submit } from '../../src/runs/submit.ts';
import { addPerson, disablePerson } from '../../src/store/access/people.ts';
import { type Api, as, startApi } from '../helpers/api.ts';
import { operator, systemActor } from '../helpers/engine.ts';
import { makeToy, toyOperations } from '../helpers/toy-operations.ts';

let api: Api;
let ada: string;
let otto: string;
let persons: string[];

beforeAll(async () => {
  api = await startApi({
    operations: [...operations, ...toyOperations(makeToy())],
    env: {
      ...{ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' },
      ...{ SLACK_ALERT_CHANNEL: 'C0ALERTS', SLACK_LINKS: JSON.stringify([{ user: 'U0PIA', owner: 'pia' }]) },
    },
  });
  // What the examples of the pages name.
  const clusterId = await api.engine.addCluster('prod-eu', 'prod');
  const { run } = await submit(api.engine.ctx.engine, {
    operation: 'setValues',
    input: { clusterId },
    actor: operator,
  });
  await api.engine.ctx.db
    .updateTable('run')
    .set({ number: 12 })
    .where('id', '=', run?.id ?? '')
    .execute();
  ada = await api.login('ada', as.admin);
  otto = await api.login('otto', as.operator);
  persons = [];
  for (const name of ['pia', hostile]) {
    const by = { actor: systemActor, requestId: null };
    persons.push((await addPerson(api.engine.ctx.db, name, by)).id);
  }
});
afterAll(() => api?.close());

const hostile = '<!channel> <@U0EVIL> *b* \u0007\u202e&';
const root = new URL('../../', import.meta.url);
const readPage = (name: string) => readFileSync(new URL(name, root), 'utf8');
const page = readPage('docs/monitoring/escalation.md');
const examplesOf = (text: string) => [...text.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, block = '']) => block);
const payloads = z.record(z.string(), z.object({ userErrors: z.array(z.record(z.string(), z.json())) }));

/** What the one mutation of a request was refused for. */
async function refusals(token: string, query: string, variables: Record<string, unknown> = {}) {
  const { data, errors } = await api.ask(token, query, variables);
  if (errors !== undefined) return errors.map(({ extensions }) => extensions ?? {});
  return Object.values(payloads.parse(data)).flatMap(({ userErrors }) => userErrors);
}
const mutate = (name: string, input: string) =>
  `mutation ($input: ${input}!) { ${name}(input: $input) { userErrors { code message hint path } } }`;
const setRotation = mutate('setOnCallRotation', 'SetOnCallRotationInput');
const setRoute = mutate('setAlertRoute', 'SetAlertRouteInput');
const rotation = () => ({
  ...{
    name: 'dba',
    personIds: persons,
    startsAt: '2026-03-02T09:00',
    timeZone: 'Europe/Berlin',
    reason: 'they know it',
  },
});
const route = {
  environment: 'prod',
  leastSeverity: 'MEDIUM',
  rotation: 'dba',
  userGroup: 'S0123ABCD',
  reason: 'a route',
};

it('the examples of the page are taken as they are written, but for the ids of the people', async () => {
  const blocks = examplesOf(page);
  expect(blocks).toHaveLength(2);
  for (const block of blocks) {
    const ids = [...persons];
    const asked = block.replaceAll(/per_…/g, () => ids.shift() ?? 'per_none');
    expect(await refusals(ada, asked)).toEqual([]);
  }
  const shown = await api.ask(
    otto,
    '{ onCall { rotation primary { name } gap { why } } alertRoutes { rotation hasWebhook } }',
  );
  expect(shown.data).toMatchObject({
    onCall: [{ rotation: 'dba', primary: { name: expect.any(String) }, gap: null }],
    alertRoutes: [{ rotation: 'dba', hasWebhook: false }],
  });
});

it('the examples of the other pages about alerts, numbers and windows are taken as they are written, in blocks and in sentences', async () => {
  const others = globSync(['docs/monitoring/*.md', 'docs/calendar.md'], { cwd: root }).map(readPage);
  const blocks = others.flatMap((text) => (text === page ? [] : examplesOf(text)));
  expect(blocks.length).toBeGreaterThanOrEqual(2);
  const made = await Promise.all(blocks.map((block) => api.ask(ada, block)));
  for (const { data, errors, text } of made) {
    expect(errors, text).toBeUndefined();
    expect(text).not.toMatch(/"userErrors":\[\{/);
    for (const value of Object.values(data ?? {})) expect(value).not.toBeNull();
  }
  // A tick, a field of Query, what it asks for: `metrics { name promql }`.
  const said = others.flatMap((text) => text.match(/(?<=`)(?:metrics|persons|onCall|alerts)\b[^`…]*[)}](?=`)/g) ?? []);
  expect(said).toEqual(expect.arrayContaining(['metrics { name promql }', 'alerts(filter: { untold: true })']));
  for (const query of said) {
    const { errors, text } = await api.ask(ada, `{ ${query}${query.endsWith(')') ? ' { nodes { id } }' : ''} }`);
    expect(errors, `${query}: ${text}`).toBeUndefined();
  }
});

it.each<[string, object, string]>([
  ['name', { name: 'DBA <!channel>' }, 'name'],
  ['name', { name: 'x'.repeat(10_000) }, 'name'],
  ['nobody', { personIds: [] }, 'personIds'],
  ['time', { startsAt: 'tomorrow' }, 'startsAt'],
  ['zone', { timeZone: 'Mars/Olympus' }, 'timeZone'],
  ['shift', { shiftHours: 5 }, 'shiftHours'],
  ['reason', { reason: 'x'.repeat(10_000) }, 'reason'],
])('a rotation is refused for its %s, with what to do', async (_, changes, field) => {
  const found = await refusals(ada, setRotation, { input: { ...rotation(), ...changes } });
  expect(found).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', field], hint: expect.stringMatching(/\w/) }]);
});

it.each<[string, object, string]>([
  ['channel', { channel: '<!channel>' }, 'channel'],
  ['second channel', { secondChannel: '#ops' }, 'secondChannel'],
  ['group', { userGroup: 'S0> <!channel' }, 'userGroup'],
  ['managers', { managerGroup: 'x'.repeat(10_000) }, 'managerGroup'],
  ['webhook', { webhookUrl: 'http://10.0.0.1/x', webhookSecret: 'env:KEY' }, 'webhookUrl'],
  ['secret', { webhookUrl: 'https://pager.example/x', webhookSecret: 'hunter2' }, 'webhookSecret'],
  ['half webhook', { webhookUrl: 'https://pager.example/x' }, 'webhookSecret'],
  ['hours', { workingHours: { timeZone: 'Europe/Berlin', fromMinute: 600, untilMinute: 600 } }, 'workingHours'],
])('a route is refused for its %s, with what to do, and repeats no secret', async (_, changes, field) => {
  const found = await refusals(ada, setRoute, { input: { ...route, ...changes } });
  expect(found).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', field], hint: expect.stringMatching(/\w/) }]);
  expect(JSON.stringify(found)).not.toContain('hunter2');
});

it('every one of the mutations is refused to an OPERATOR, but for their own turn, and each refusal is an audit row', async () => {
  expect(await refusals(ada, setRotation, { input: rotation() })).toEqual([]);
  expect(await refusals(ada, setRoute, { input: route })).toEqual([]);
  const { data } = await api.ask(otto, '{ alertRoutes { id environment } }');
  const [first] = z.object({ alertRoutes: z.array(z.object({ id: z.string() })) }).parse(data).alertRoutes;
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const reason = 'I want to';
  const attempts: [string, string, object][] = [
    ['setOnCallRotation', 'SetOnCallRotationInput', rotation()],
    ['setAlertRoute', 'SetAlertRouteInput', route],
    ['removeAlertRoute', 'RemoveAlertRouteInput', { id: first?.id, reason }],
    ['removeOnCallRotation', 'RemoveOnCallRotationInput', { name: 'dba', reason }],
    ['overrideOnCall', 'OverrideOnCallInput', { rotation: 'dba', personId: persons[0], until, reason }],
  ];
  for (const [name, type, input] of attempts)
    expect(await refusals(otto, mutate(name, type), { input }), name).toMatchObject([{ code: 'FORBIDDEN' }]);
  expect(
    await refusals(otto, mutate('overrideOnCall', 'OverrideOnCallInput'), {
      input: { rotation: 'dba', until, reason },
    }),
  ).toEqual([]);
  const rows = await api.engine.ctx.db
    .selectFrom('audit_event')
    .select(['action', 'outcome'])
    .where('outcome', '=', 'FORBIDDEN')
    .execute();
  expect(rows.map(({ action }) => action)).toEqual(attempts.map(([name]) => name));
  const taken = await api.ask(otto, '{ onCall { primary { name } override { id reason } } }');
  expect(taken.data).toMatchObject({ onCall: [{ primary: { name: 'otto' }, override: { reason } }] });
});

it('who sees none of the clusters finds nothing of it, and what is not there is said to be', async () => {
  const vic = await api.login('vic', { role: 'OPERATOR', scope: { kind: 'environment', environment: 'dev' } });
  const shown = await api.ask(vic, '{ alertRoutes(past: true) { id } onCallRotations { name } onCall { rotation } }');
  expect(shown.data).toMatchObject({ alertRoutes: [] });
  const until = new Date(Date.now() + 3_600_000).toISOString();
  for (const [name, type, input] of [
    ['removeAlertRoute', 'RemoveAlertRouteInput', { id: 'rte_none', reason: 'it is old' }],
    ['removeOnCallRotation', 'RemoveOnCallRotationInput', { name: 'none', reason: 'it is old' }],
    ['overrideOnCall', 'OverrideOnCallInput', { rotation: 'none', until, reason: 'it is old' }],
    ['endOnCallOverride', 'EndOnCallOverrideInput', { id: 'ovr_none', reason: 'it is old' }],
  ] as const)
    expect(await refusals(vic, mutate(name, type), { input }), name).toMatchObject([
      { code: 'NOT_FOUND', hint: expect.stringMatching(/\w/) },
    ]);
});

it('says ahead that everybody in a rotation was shut out, with their names as they are', async () => {
  const by = { actor: systemActor, requestId: null };
  expect(
    await refusals(ada, setRotation, { input: { ...rotation(), name: 'night', personIds: [persons[1]] } }),
  ).toEqual([]);
  const gaps = async () => (await api.ask(ada, '{ onCall { rotation whyNobody gap { until why } } }')).data;
  expect(JSON.stringify(await gaps())).toContain('has no Slack account here');
  await disablePerson(api.engine.ctx.db, persons[1] ?? '', by);
  expect(await gaps()).toMatchObject({
    onCall: [{ rotation: 'dba' }, { rotation: 'night', gap: { until: null, why: 'everybody in it was shut out' } }],
  });
});
