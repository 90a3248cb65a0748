import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { type Api, as, startApi } from '../helpers/api.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.close());

const made = `silence { number state scope cluster { name } rule severities labels { name value } reason until
  needsSecondPerson createdBy { name } approvedBy { name } endedBy { name } } preview { open { id } lastWeek { id } isCut } userErrors { code path }`;
const create = `mutation ($input: CreateSilenceInput!) { createSilence(input: $input) { ${made} } }`;

it('a silence is asked for, agreed to by a second person, listed, and ended', async () => {
  const otto = await api.login('otto', as.operator);
  const ada = await api.login('ada', as.admin);
  const clusterId = await api.engine.addCluster('silent-prod', 'prod');
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const input = { matchers: { clusterId, rule: 'node_*' }, until, reason: 'the racks are moved' };
  const asked = await api.ask(otto, create, { input });
  expect(asked.data).toEqual({
    createSilence: {
      silence: {
        ...{ number: 1, state: 'PENDING', scope: 'CLUSTER', cluster: { name: 'silent-prod' } },
        ...{ rule: 'node_*', severities: null, labels: [], reason: 'the racks are moved', until },
        ...{ needsSecondPerson: true, createdBy: { name: 'otto' }, approvedBy: null, endedBy: null },
      },
      preview: { open: [], lastWeek: [], isCut: false },
      userErrors: [],
    },
  });
  const { data } = await api.ask(ada, '{ silences { id } silence(number: 1) { id } }');
  const id = z.object({ silences: z.array(z.object({ id: z.string() })) }).parse(data).silences[0]?.id;
  expect(data).toEqual({ silences: [{ id }], silence: { id } });
  const change = (name: string) => `mutation ($id: ID!) { ${name}(id: $id) { ${made} } }`;
  const own = await api.ask(otto, change('approveSilence'), { id });
  expect(JSON.stringify(own)).toContain('FORBIDDEN');
  const agreed = await api.ask(ada, change('approveSilence'), { id });
  expect(agreed.data).toMatchObject({ approveSilence: { silence: { state: 'ACTIVE', approvedBy: { name: 'ada' } } } });
  const ended = await api.ask(otto, change('endSilence'), { id });
  expect(ended.data).toMatchObject({ endSilence: { silence: { state: 'ENDED', endedBy: { name: 'otto' } } } });
  expect((await api.ask(ada, '{ silences { id } }')).data).toEqual({ silences: [] });
});

it('a silence without a reason, an end in reach or a cluster that is there is refused', async () => {
  const otto = await api.login('olga', as.operator);
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const refused = async (input: object) => {
    const { data } = await api.ask(otto, create, { input: { matchers: {}, until, reason: 'why not', ...input } });
    return z.object({ createSilence: z.object({ userErrors: z.array(z.unknown()) }) }).parse(data).createSilence
      .userErrors;
  };
  expect(await refused({ reason: '' })).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', 'reason'] }]);
  const preview = 'query ($input: SilenceMatchersInput!) { previewSilence(input: $input) { isCut } }';
  for (const rule of ['disk_ful', 'nod_*', 'backup_failed', 'backup_*']) {
    expect(await refused({ matchers: { rule } })).toMatchObject([{ code: 'INVALID_INPUT', path: ['input'] }]);
    const { errors } = await api.ask(otto, preview, { input: { rule } });
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT' } }]);
  }
  expect((await api.ask(otto, preview, { input: { rule: 'disk_*' } })).data).toEqual({
    previewSilence: { isCut: false },
  });
  expect(await refused({ until: '2020-01-01T00:00:00Z' })).toMatchObject([{ code: 'INVALID_INPUT' }]);
  expect(await refused({ matchers: { clusterId: 'clu_none' } })).toMatchObject([{ code: 'NOT_FOUND' }]);
  expect(await refused({ matchers: { labels: [{ name: 'node', value: '' }] } })).toMatchObject([
    { code: 'INVALID_INPUT' },
  ]);
});
