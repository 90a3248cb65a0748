import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, as, startApi } from '../helpers/api.ts';

/*
 * A password that is given where it does not fit, or beside something that does not fit, is not repeated in the answer.
 */

const canary = 'c4nary-pa55word';
const register =
  'mutation ($input: RegisterClusterInput!) { registerCluster(input: $input) { run { id } userErrors { code message path } } }';
const input = {
  name: 'prod-eu',
  environment: 'dev',
  frontends: [{ host: '127.0.0.1', port: 1 }],
  sqlUser: 'root',
  password: canary,
};
const inline = (fields: string) =>
  `mutation { registerCluster(input: { name: "prod-eu", frontends: [{ host: "127.0.0.1", port: 1 }], sqlUser: "root", ${fields} }) { userErrors { message } } }`;

let api: Api;
let admin: string;
beforeAll(async () => {
  api = await startApi();
  admin = await api.login('root', as.admin);
});
afterAll(() => api.close());

describe('variables that do not fit', () => {
  it.each([
    ['an object for a password', { ...input, password: { value: canary } }, 'String is wanted'],
    ['a list for a password', { ...input, password: [canary] }, 'String is wanted'],
    ['null for a password', { ...input, password: null }, 'String! is wanted'],
    ['an unknown field', { ...input, passwort: canary }, 'passwort'],
    ['a text for a port', { ...input, frontends: [{ host: 'h', port: canary }] }, 'Int is wanted'],
    ['a text for an object', canary, 'RegisterClusterInput is wanted'],
    ['a text for tls', { ...input, tls: canary }, 'RegisterClusterTlsInput is wanted'],
    ['a missing password', { name: canary }, 'was not provided'],
  ])('%s: the answer says where and what, not the value', async (_what, value, wanted) => {
    const { status, errors, text } = await api.ask(admin, register, { input: value });
    expect(status).toBe(400);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(errors?.[0]?.message).toContain('$input');
    expect(errors?.[0]?.message).toContain(wanted);
    expect(text).not.toContain(canary);
  });

  it('says which variable is missing', async () => {
    const { errors } = await api.ask(admin, register, {});
    expect(errors).toMatchObject([
      {
        message: 'Variable "$input" is missing; it is a RegisterClusterInput!',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  });

  it('null from a variable with a default is a mistake of the caller', async () => {
    const { errors } = await api.ask(admin, `query ($id: ID = "${canary}") { node(id: $id) { id } }`, { id: null });
    expect(errors).toMatchObject([
      { message: 'Argument "id" has an impossible value', extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });
});

describe('documents that do not fit', () => {
  it.each([
    ['a list for a password', inline(`password: ["${canary}"]`), 'GRAPHQL_VALIDATION_FAILED'],
    ['a name for a password', inline(`password: ${canary.replace('-', '_')}`), 'GRAPHQL_VALIDATION_FAILED'],
    ['a number for a password', inline('password: 4711470811'), 'GRAPHQL_VALIDATION_FAILED'],
    ['a text for a flag', inline(`password: "x", tls: { verify: "${canary}" }`), 'GRAPHQL_VALIDATION_FAILED'],
    ['a missing quote', inline(`password: "${canary}`), 'GRAPHQL_PARSE_FAILED'],
    ['a quote too many', inline(`password: "x" "${canary}"`), 'GRAPHQL_PARSE_FAILED'],
    ['a bare word too many', inline(`password: "x" ${canary.replace('-', '_')} }`), 'GRAPHQL_PARSE_FAILED'],
  ])('%s: the answer does not repeat it', async (_what, query, code) => {
    const { status, errors, text } = await api.ask(admin, query);
    expect(status).toBe(400);
    expect(errors?.[0]?.extensions).toMatchObject({ code });
    expect(text).not.toContain(canary);
    expect(text).not.toContain(canary.replace('-', '_'));
    expect(text).not.toContain('4711470811');
  });
});

it('a password that fits is in no answer, whether the cluster can be reached or not', async () => {
  const { data, text } = await api.ask(admin, register, { input });
  expect(data?.registerCluster).toMatchObject({ run: null, userErrors: [{ code: 'SQL_UNREACHABLE' }] });
  expect(text).not.toContain(canary);
});

it('a failure that nobody foresaw answers with the request id and nothing else', async () => {
  const own = await startApi();
  try {
    const token = await own.login('root', as.admin);
    await own.engine.ctx.db.schema.dropTable('backup').execute();
    const { errors, text, extensions } = await own.ask(
      token,
      '{ viewer { name } backups { nodes { id } } }',
      {},
      { 'x-request-id': 'look-me-up' },
    );
    expect(errors).toEqual([
      {
        message: 'Something went wrong in Starwarden itself; its log has more under the request id',
        extensions: { code: 'INTERNAL_SERVER_ERROR' },
      },
    ]);
    expect(extensions).toMatchObject({ requestId: 'look-me-up' });
    expect(text).not.toMatch(/backup'|doesn't exist|select/i);
  } finally {
    await own.close();
  }
});
