import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { createLinkCode, findSlackActor } from '../../src/store/slack/slack.ts';
import { type Api, as, startApi } from '../helpers/api.ts';

const userErrors = 'userErrors { code message path hint retryable }';
const addPerson = `mutation ($name: String!) { addPerson(input: { name: $name }) { person { id name bindings { role } } ${userErrors} } }`;
const bindRole = `mutation ($input: RoleBindingInput!) { bindRole(input: $input) { person { bindings { role scope environment clusterId } } ${userErrors} } }`;
const unbindRole = `mutation ($input: RoleBindingInput!) { unbindRole(input: $input) { person { bindings { role scope } } ${userErrors} } }`;
const createToken = `mutation ($input: CreateTokenInput!) { createToken(input: $input) { token apiToken { id label expiresAt revokedAt } ${userErrors} } }`;
const revokeToken = `mutation ($id: ID!) { revokeToken(id: $id) { apiToken { revokedAt } ${userErrors} } }`;

const personShape = z.object({ addPerson: z.object({ person: z.object({ id: z.string() }) }) });
const tokenShape = z.object({ createToken: z.object({ token: z.string(), apiToken: z.object({ id: z.string() }) }) });

let api: Api;
let admin: string;
beforeAll(async () => {
  api = await startApi();
  admin = await api.login('root', as.admin);
});
afterAll(() => api.close());

async function newPerson(name: string): Promise<string> {
  return personShape.parse((await api.ask(admin, addPerson, { name })).data).addPerson.person.id;
}

it('an administrator lets a person in, gives a role and a token, and takes the token back', async () => {
  const personId = await newPerson('new-one');
  const bound = await api.ask(admin, bindRole, { input: { personId, role: 'OPERATOR', environment: 'dev' } });
  expect(bound.data?.bindRole).toEqual({
    person: { bindings: [{ role: 'OPERATOR', scope: 'ENVIRONMENT', environment: 'dev', clusterId: null }] },
    userErrors: [],
  });
  const made = tokenShape.parse(
    (await api.ask(admin, createToken, { input: { personId, label: 'laptop', expiresInDays: 1 } })).data,
  );
  const { token, apiToken } = made.createToken;
  expect((await api.ask(token, '{ viewer { name } }')).data?.viewer).toEqual({ name: 'new-one' });
  const list = await api.ask(admin, '{ persons { nodes { name tokens { label } } } }');
  expect(list.data?.persons).toMatchObject({
    nodes: expect.arrayContaining([{ name: 'new-one', tokens: [{ label: 'laptop' }] }]),
  });
  expect(list.text).not.toContain(token);
  expect((await api.ask(admin, revokeToken, { id: apiToken.id })).data?.revokeToken).toMatchObject({ userErrors: [] });
  expect((await api.ask(token, '{ viewer { name } }')).status).toBe(401);
});

it('every change is audited, without the token', async () => {
  const personId = await newPerson('audited');
  const made = await api.ask(
    admin,
    createToken,
    { input: { personId, label: 'for the audit' } },
    { 'x-request-id': 'req-audited' },
  );
  const { token } = tokenShape.parse(made.data).createToken;
  const { data, text } = await api.ask(
    admin,
    '{ audit(first: 5) { nodes { action actor { name } subject detail requestId outcome } } }',
  );
  expect(data?.audit).toMatchObject({
    nodes: expect.arrayContaining([
      {
        action: 'createToken',
        actor: { name: 'root' },
        subject: 'audited',
        outcome: 'DONE',
        requestId: 'req-audited',
        detail: expect.objectContaining({ label: 'for the audit' }),
      },
    ]),
  });
  expect(text).not.toContain(token);
});

it.each([
  ['a name that is taken', addPerson, { name: 'root' }, 'ALREADY_EXISTS'],
  ['a name with blanks', addPerson, { name: 'Kim Lee' }, 'INVALID_INPUT'],
  ['a person that is not there', bindRole, { input: { personId: 'per_none', role: 'VIEWER' } }, 'NOT_FOUND'],
  [
    'a role for an environment and a cluster',
    bindRole,
    {
      input: { personId: 'per_none', role: 'VIEWER', environment: 'dev', clusterId: 'clu_01J00000000000000000000000' },
    },
    'INVALID_INPUT',
  ],
  [
    'a cluster id that is none',
    bindRole,
    { input: { personId: 'per_none', role: 'VIEWER', clusterId: 'x' } },
    'INVALID_INPUT',
  ],
  ['a token without a label', createToken, { input: { personId: 'per_none', label: ' ' } }, 'INVALID_INPUT'],
  [
    'a token for ever',
    createToken,
    { input: { personId: 'per_none', label: 'x', expiresInDays: 100_000 } },
    'INVALID_INPUT',
  ],
  ['a token for nobody', createToken, { input: { personId: 'per_none', label: 'x' } }, 'NOT_FOUND'],
  ['a token that is not there', revokeToken, { id: 'tok_none' }, 'NOT_FOUND'],
])('refuses %s with a user error', async (_what, mutation, variables, code) => {
  const { data, errors } = await api.ask(admin, mutation, variables);
  expect(errors).toBeUndefined();
  expect(Object.values(data ?? {})[0]).toMatchObject({ userErrors: [{ code }] });
});

it('an administrator cannot lock themselves out', async () => {
  const own = z.object({ viewer: z.object({ id: z.string() }) }).parse((await api.ask(admin, '{ viewer { id } }')).data)
    .viewer.id;
  const disabled = await api.ask(admin, 'mutation ($id: ID!) { disablePerson(id: $id) { userErrors { code } } }', {
    id: own,
  });
  expect(disabled.data?.disablePerson).toEqual({ userErrors: [{ code: 'PRECONDITION_FAILED' }] });
  const unbound = await api.ask(admin, unbindRole, { input: { personId: own, role: 'ADMIN' } });
  expect(unbound.data?.unbindRole).toMatchObject({ userErrors: [{ code: 'PRECONDITION_FAILED' }] });
});

it('who is no administrator everywhere may manage nobody, and the attempt is audited', async () => {
  const here = await api.login('dev-admin', { role: 'ADMIN', scope: { kind: 'environment', environment: 'dev' } });
  const operator = await api.login('operator', as.operator);
  for (const token of [here, operator]) {
    for (const [query, variables] of [
      [addPerson, { name: 'sneaked-in' }],
      [createToken, { input: { personId: 'per_none', label: 'x' } }],
      ['{ persons { nodes { name } } }', {}],
    ] as const) {
      const { errors, data } = await api.ask(token, query, variables);
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
      expect(data ?? null).toBeNull();
    }
  }
  const refused = await api.ask(
    admin,
    '{ audit(filter: { outcome: "FORBIDDEN" }) { nodes { action actor { name } } } }',
  );
  expect(refused.data?.audit).toMatchObject({
    nodes: expect.arrayContaining([{ action: 'addPerson', actor: { name: 'operator' } }]),
  });
});

it('a Slack account is linked by its own code, and by an administrator', async () => {
  const { db } = api.engine.ctx;
  const token = await api.login('slack-user', as.operator);
  const code = await createLinkCode(db, { team: 'T0TEAM', user: 'U0KIM' });
  const link =
    'mutation ($code: String!) { linkSlackUser(code: $code) { person { name } account { team user } userErrors { code } } }';
  expect((await api.ask(token, link, { code })).data?.linkSlackUser).toEqual({
    person: { name: 'slack-user' },
    account: { team: 'T0TEAM', user: 'U0KIM' },
    userErrors: [],
  });
  expect(await findSlackActor(db, { team: 'T0TEAM', user: 'U0KIM' })).toMatchObject({
    name: 'slack-user',
    via: 'SLACK',
  });
  expect((await api.ask(token, link, { code })).data?.linkSlackUser).toMatchObject({
    person: null,
    userErrors: [{ code: 'INVALID_INPUT' }],
  });

  const unlink = 'mutation { unlinkSlackAccount(input: { team: "T0TEAM", user: "U0KIM" }) { userErrors { code } } }';
  expect((await api.ask(token, unlink)).errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
  expect((await api.ask(admin, unlink)).data?.unlinkSlackAccount).toEqual({ userErrors: [] });
  expect(await findSlackActor(db, { team: 'T0TEAM', user: 'U0KIM' })).toBeNull();
  expect((await api.ask(admin, unlink)).data?.unlinkSlackAccount).toEqual({ userErrors: [{ code: 'NOT_FOUND' }] });
});
