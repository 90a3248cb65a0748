import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, createApi } from '../../sandbox/demo/api.ts';
import { type S3Server, startS3 } from '../../sandbox/s3/start-s3.ts';
import { startWorld, type World } from '../../sandbox/world/start-world.ts';
import { createTestDatabase, createTestRedis, type TestDatabase, type TestRedis } from '../helpers/services.ts';

/*
 * Canaries: the SQL password, the private key and the keys of an object store that Starwarden is given, and some that it is given by mistake. After
 * everything that uses them, nothing that Starwarden writes may hold one of them.
 */

const wrong = {
  password: 'canary-wrong-password-7f3a',
  typed: 'canary-wrongly-typed-91bd',
  name: 'canary-as-a-list-22c1',
  storeSecret: 'canary-wrong-store-secret-4e7c',
};
const store = { accessKey: 'CANARYSTORE5D21', secretKey: 'canary-store-secret-8b60' };

let world: World;
let database: TestDatabase;
let redis: TestRedis;
let s3: S3Server;
let canaries: string[];
const answers: string[] = [];

beforeAll(async () => {
  [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  world = await startWorld({ speed: 20, services: { databaseUrl: database.url, redisUrl: redis.url } });
  s3 = await startS3({ buckets: ['vault'], users: [store] });
  const { cluster, hosts } = world.describe();
  const key = await readFile(hosts[0]?.keyFile ?? '', 'utf8');
  canaries = [cluster.sqlPassword, ...keyLines(key), ...Object.values(store), ...Object.values(wrong)];
  await useThem(
    createApi({ url: world.starwarden?.graphqlUrl ?? '', token: world.starwarden?.tokens.admin ?? '' }),
    key,
  );
});

afterAll(async () => {
  await world?.stop();
  await s3?.stop();
  await database?.drop();
});

describe('a secret that Starwarden was given', () => {
  it('is in none of its logs, nor in what hosts, frontends and Slack received', async () => {
    const { logs, cluster } = world.describe();
    const statements = (await readFile(logs.statements, 'utf8'))
      .split('\n')
      .filter((line) => line.includes(`"user":"${cluster.sqlUser}"`));
    expect(statements.length).toBeGreaterThan(10);
    // StarRocks is given the keys of the store with this statement, and with no other.
    const [creating, others] = [true, false].map((is) =>
      statements.filter((line) => line.includes('CREATE REPOSITORY') === is),
    );
    expect(creating?.join('')).toContain(store.secretKey);
    expectNone('statements', others?.join('\n') ?? '');
    for (const file of [world.starwarden?.logFile ?? '', logs.commands, logs.slackCalls])
      expectNone(file, await readFile(file, 'utf8'));
  });

  it('is in no answer of the API', () => {
    expect(answers.length).toBeGreaterThan(10);
    expectNone('answers', answers.join('\n'));
  });

  it('is in no key of Redis', async () => {
    const client = new Redis(redis.url);
    const keys = await client.keys('*');
    const values = await Promise.all(
      keys.map(async (key) => `${key} ${(await client.dumpBuffer(key))?.toString('latin1') ?? ''}`),
    );
    client.disconnect();
    expectNone('Redis', values.join('\n'));
  });

  it('is in MySQL only sealed, in the one table for secrets', async () => {
    const connection = await createConnection({ uri: database.url });
    const [tables] = await connection.query('SHOW TABLES');
    const names = Object.values(tables).map((row) => String(Object.values(row)[0]));
    expect(names).toContain('secret');
    for (const name of names) {
      const [rows] = await connection.query(`SELECT * FROM \`${name}\``);
      expectNone(`table ${name}`, JSON.stringify(rows));
    }
    const [sealed] = await connection.query("SELECT COUNT(*) AS n FROM secret WHERE kind = 'inline'");
    expect(JSON.stringify(sealed)).not.toContain('"n":0');
    await connection.end();
  });

  it('is in no file that Starwarden has', async () => {
    const pid = world.starwarden?.pid();
    const open = await readdir(`/proc/${pid}/fd`);
    expect(open.length).toBeGreaterThan(3);
    expectNone('command line', await readFile(join('/proc', String(pid), 'cmdline'), 'latin1'));
    expectNone('environment', await readFile(join('/proc', String(pid), 'environ'), 'latin1'));
  });
});

/** Registers, attaches, checks, backs up; then makes the mistakes that echo what was typed. */
async function useThem(plain: Api, privateKey: string): Promise<void> {
  const api = overheard(plain);
  const { cluster, hosts } = world.describe();
  const frontends = cluster.frontends.map(({ host, queryPort }) => ({ host, port: queryPort }));
  const registration = { name: 'canary', environment: 'dev', frontends, sqlUser: cluster.sqlUser };
  await api.ask('registerCluster', { ...registration, password: wrong.password });
  const { run } = await api.ask('registerCluster', { ...registration, password: cluster.sqlPassword });
  const ended = await api.ending(run?.id ?? '');
  if (ended.state !== 'SUCCEEDED') throw new Error(`not registered: ${JSON.stringify(ended.failure)}`);
  const all = await raw(
    `{ clusters { nodes { id name sqlUser credential { kind changedAt } backends { id address } } } }`,
  );
  const { id, nodeId } = idsIn(all, hosts.find((host) => host.name === 'be1')?.address ?? '');
  const be1 = hosts.find((host) => host.name === 'be1');
  const attachment = {
    clusterId: id,
    user: be1?.user,
    privateKey,
    hosts: [
      {
        address: be1?.address,
        port: be1?.sshPort,
        hostKeyFingerprint: be1?.hostKeyFingerprint,
        nodes: [{ nodeId, deployDir: be1?.deployDirs.be }],
      },
    ],
  };
  const attached = await api.carryOut('attachHosts', attachment);
  await api.carryOut('checkCluster', { clusterId: id });
  await api.carryOut('backUpDatabase', { clusterId: id, database: cluster.database });
  await useStore(api, id);
  await raw(
    `{ runs(first: 50) { nodes { id input plan { summary notes steps { title params } } events(first: 100) { message } steps { nodes { title facts } } } } }`,
  );
  await raw(`{ audit(first: 50) { nodes { action detail } } }`);
  await raw(`mutation M($input: RegisterClusterInput!) { registerCluster(input: $input) { run { id } } }`, {
    input: { ...registration, password: { typed: wrong.typed } },
  });
  await raw(`mutation M($input: RegisterClusterInput!) { registerCluster(input: $input) { run { id } } }`, {
    input: { ...registration, name: [wrong.name], password: [wrong.typed] },
  });
  await raw(
    `mutation { registerCluster(input: { name: "x", frontends: [], sqlUser: "x", password: ${JSON.stringify(wrong.typed)}, oops: 1 }) { run { id } } }`,
  );
  if (attached.state !== 'SUCCEEDED') throw new Error('not attached');
}

/** A repository with the keys of a store, one with a key that the store refuses, and what is shown of both. */
async function useStore(api: Api, clusterId: string): Promise<void> {
  const access = { endpoint: s3.endpoint, region: 'us-east-1', pathStyle: true, ...store };
  const place = { clusterId, name: 'kept', location: 's3://vault/kept' };
  const made = await api.carryOut('createRepository', { ...place, s3: access });
  const asked = await api.ask('createRepository', {
    ...{ ...place, name: 'refused', location: 's3://vault/refused' },
    s3: { ...access, secretKey: wrong.storeSecret },
  });
  const refused = await api.ending(asked.run?.id ?? '');
  await api.carryOut('checkRepository', { clusterId, name: 'kept' });
  const shown = await raw(
    `{ cluster(id: "${clusterId}") { repositories { problems repositories { name location health starRocksError problem { code message } } } } }`,
  );
  if (!shown.includes('"name":"kept"')) throw new Error(shown);
  if (made.state !== 'SUCCEEDED' || refused.state !== 'FAILED') throw new Error(`${made.state}, ${refused.state}`);
}

/** The same API, with every answer kept. */
function overheard(api: Api): Api {
  const keep = <T>(answer: T): T => {
    answers.push(JSON.stringify(answer));
    return answer;
  };
  return {
    query: async (shape, text, variables) => keep(await api.query(shape, text, variables)),
    ask: async (operation, input, options) => keep(await api.ask(operation, input, options)),
    carryOut: async (operation, input) => keep(await api.carryOut(operation, input)),
    ending: async (runId) => keep(await api.ending(runId)),
  };
}

async function raw(query: string, variables: object = {}): Promise<string> {
  const response = await fetch(world.starwarden?.graphqlUrl ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${world.starwarden?.tokens.admin}` },
    body: JSON.stringify({ query, variables }),
  });
  const text = await response.text();
  answers.push(text);
  return text;
}

function idsIn(text: string, address: string): { id: string; nodeId: string } {
  const id = /clu_[0-9A-Z]{26}/.exec(text)?.[0] ?? '';
  const nodeId =
    new RegExp(`"id":"(nod_[0-9A-Z]{26})","address":"${address.replaceAll('.', '\\.')}"`).exec(text)?.[1] ?? '';
  return { id, nodeId };
}

function keyLines(key: string): string[] {
  return key.split('\n').filter((line) => line.length > 40 && !line.startsWith('-----'));
}

/** Looks for every canary as it is, and in base64 and hex at each alignment that matters. */
function expectNone(where: string, text: string): void {
  for (const canary of canaries) {
    const forms = [
      canary,
      Buffer.from(canary).toString('base64').replace(/=+$/, ''),
      Buffer.from(canary).toString('hex'),
      encodeURIComponent(canary),
    ];
    for (const form of forms) expect(text.includes(form), `${where} holds a canary`).toBe(false);
  }
}
