import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createNodeHttp } from '../../src/adapters/http/fetch.ts';
import type { SshTarget } from '../../src/adapters/ssh/port.ts';
import type { SqlTarget } from '../../src/adapters/starrocks/port.ts';
import { makeConnections } from '../../src/app/connections.ts';
import type { NewHost } from '../../src/domain/inventory.ts';
import { deleteHost, pinHostKey, saveHost } from '../../src/store/clusters/hosts.ts';
import { changeCluster, deleteCluster, insertCluster } from '../../src/store/clusters/inventory.ts';
import { type Database, inTransaction, openDatabase } from '../../src/store/database.ts';
import { createMigratedDatabase, type TestDatabase } from '../helpers/services.ts';

let database: TestDatabase;
/** Of the process that asks, and of another one, in which somebody changes what the inventory says. */
let db: Database;
let elsewhere: Database;

beforeAll(async () => {
  database = await createMigratedDatabase();
  db = openDatabase({ url: database.url, poolSize: 2 });
  elsewhere = openDatabase({ url: database.url, poolSize: 2 });
});

afterAll(async () => {
  await db?.destroy();
  await elsewhere?.destroy();
  await database?.drop();
});

const clusterId = 'clu_1';
const cluster = {
  id: clusterId,
  name: 'prod',
  environment: 'prod',
  sqlUser: 'starwarden',
  passwordRef: 'secret:sec_sql1',
  seeds: [{ host: '10.0.0.1', port: 9030 }],
  tls: null,
};
const jump: NewHost = {
  id: 'hst_jump',
  clusterId,
  address: '10.0.0.2',
  port: 22,
  user: 'jump',
  auth: { kind: 'key', privateKeyRef: 'secret:sec_jump', passphraseRef: null },
  hostKeyFingerprint: 'SHA256:jump1',
  jumpHostId: null,
};
const host: NewHost = {
  ...jump,
  id: 'hst_1',
  address: '10.0.0.3',
  user: 'starrocks',
  auth: { kind: 'key', privateKeyRef: 'secret:sec_1', passphraseRef: null },
  hostKeyFingerprint: 'SHA256:first',
  jumpHostId: jump.id,
};

beforeEach(async () => {
  await inTransaction(elsewhere, async (tx) => {
    await deleteCluster(tx, clusterId);
    await insertCluster(tx, cluster);
    await saveHost(tx, jump);
    await saveHost(tx, host);
  });
});

afterEach(() => {
  vi.useRealTimers();
});

/** All within the same moment of this process, however slow the machine is. */
function connect() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const shells: SshTarget[] = [];
  const clusters: SqlTarget[] = [];
  const connections = makeConnections({
    db,
    secrets: {
      keys: [],
      envPrefix: 'T_',
      directory: '/nowhere',
      readEnv: () => undefined,
    },
    starrocks: {
      connect: (target) => {
        clusters.push(target);
        return { query: async () => [] };
      },
    },
    ssh: {
      shell: (target) => {
        shells.push(target);
        return { run: async () => ({ exitCode: 0, stdout: '', stderr: '' }), upload: async () => {} };
      },
      endConnections: () => {},
      readHostKey: async () => ({ fingerprint: 'SHA256:none' }),
    },
    http: createNodeHttp(),
    agentSocket: null,
    downloads: { directory: '/nowhere', mostBytes: 1 },
    now: () => new Date(),
    approvalEnvironments: [],
  });
  return { ...connections, shells, clusters };
}

describe('what is remembered of a login', () => {
  it('is the login that was opened, as long as the inventory says the same', async () => {
    const { shell, shells } = connect();
    expect(await shell(host.id)).toBe(await shell(host.id));
    expect(shells).toHaveLength(1);
  });

  it('is never the key of a host: the one that was accepted elsewhere counts at once, and the one before it no more', async () => {
    const { shell, shells } = connect();
    await shell(host.id);
    await inTransaction(elsewhere, (tx) => pinHostKey(tx, { ...host, fingerprint: 'SHA256:second' }));
    await shell(host.id);
    await inTransaction(elsewhere, (tx) => pinHostKey(tx, { ...jump, fingerprint: 'SHA256:jump2' }));
    await shell(host.id);
    expect(shells.map((target) => [target.hostKeyFingerprint, target.jump?.hostKeyFingerprint])).toEqual([
      ['SHA256:first', 'SHA256:jump1'],
      ['SHA256:second', 'SHA256:jump1'],
      ['SHA256:second', 'SHA256:jump2'],
    ]);
  });

  it('is never a login that was replaced, nor one of a host that was detached', async () => {
    const { shell, shells } = connect();
    await shell(host.id);
    await inTransaction(elsewhere, (tx) => saveHost(tx, { ...host, user: 'deploy' }));
    await shell(host.id);
    const auth = { kind: 'key' as const, privateKeyRef: 'secret:sec_2', passphraseRef: null };
    await inTransaction(elsewhere, (tx) => saveHost(tx, { ...host, user: 'deploy', auth }));
    await shell(host.id);
    expect(shells.map(({ user }) => user)).toEqual(['starrocks', 'deploy', 'deploy']);
    await inTransaction(elsewhere, (tx) => deleteHost(tx, host));
    await expect(shell(host.id)).rejects.toMatchObject({ code: 'CREDENTIAL_MISSING' });
  });

  it('is never the user, the password or the frontends that a cluster had before', async () => {
    const { portsFor, clusters } = connect();
    const { sql } = portsFor(clusterId);
    const ask = () => sql.query({ text: 'SELECT 1', name: 'one', effect: 'read' });
    await ask();
    await ask();
    await inTransaction(elsewhere, (tx) => changeCluster(tx, { ...cluster, passwordRef: 'secret:sec_sql2' }));
    await ask();
    await inTransaction(elsewhere, (tx) =>
      changeCluster(tx, { ...cluster, passwordRef: 'secret:sec_sql2', sqlUser: 'other' }),
    );
    await ask();
    const seeds = [{ host: '10.0.0.9', port: 9030 }];
    await inTransaction(elsewhere, (tx) =>
      changeCluster(tx, { ...cluster, passwordRef: 'secret:sec_sql2', sqlUser: 'other', seeds }),
    );
    await ask();
    expect(clusters.map(({ user, frontends }) => [user, frontends[0]?.host])).toEqual([
      ['starwarden', '10.0.0.1'],
      ['starwarden', '10.0.0.1'],
      ['other', '10.0.0.1'],
      ['other', '10.0.0.9'],
    ]);
    await inTransaction(elsewhere, (tx) => deleteCluster(tx, clusterId));
    await expect(ask()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
