import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeInventory } from '../../../src/store/clusters/inventory-port.ts';
import { type Database, migrate, openDatabase } from '../../../src/store/database.ts';
import { createTestDatabase, type TestDatabase } from '../../helpers/services.ts';

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase({ url: database.url, poolSize: 2 });
  await migrate(db);
});
afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

async function addHost(id: string, clusterId: string, address: string, key: string): Promise<void> {
  await db
    .insertInto('host')
    .values({
      ...{ id, cluster_id: clusterId, address, port: 22, user: 'sr', auth: '{"kind":"agent"}' },
      ...{
        host_key_fingerprint: key,
        jump_host_id: null,
        ssh: null,
        sudo: null,
        problem: null,
        created_at: new Date(),
      },
    })
    .execute();
}

async function addNode(id: string, clusterId: string, host: string, hostId: string | null): Promise<void> {
  await db
    .insertInto('cluster_node')
    .values({
      ...{ id, cluster_id: clusterId, kind: 'BACKEND', host, port: 9050, alive: 1, decommissioning: 0 },
      ...{ observed_at: new Date(), host_id: hostId, deploy_dir: hostId === null ? null : '/opt/be' },
    })
    .execute();
}

it('finds the nodes of any cluster on a machine, by address, by the address of its host, and by the key of its host', async () => {
  for (const id of ['clu_1', 'clu_2'])
    await db
      .insertInto('cluster')
      .values({
        ...{ id, name: id, environment: 'dev', sql_user: 'root', password_ref: 'secret:sec_1', seeds: '[]' },
        ...{ tls: null, run_mode: null, observed_at: null, problems: '[]', created_at: new Date() },
      })
      .execute();
  await addHost('hst_a', 'clu_2', '10.0.0.1', 'SHA256:a');
  await addHost('hst_b', 'clu_2', '192.168.0.2', 'SHA256:b');
  await addHost('hst_c', 'clu_2', '192.168.0.3', 'SHA256:c');
  await addNode('nod_own', 'clu_1', '10.0.9.9', null);
  await addNode('nod_byHost', 'clu_2', '172.16.0.1', 'hst_a');
  await addNode('nod_byKey', 'clu_2', '172.16.0.2', 'hst_b');
  await addNode('nod_byName', 'clu_2', '10.0.0.7', null);
  await addNode('nod_other', 'clu_2', '172.16.0.3', 'hst_c');
  const inventory = makeInventory(db);
  const find = async (addresses: readonly string[], hostKeys: readonly string[]) =>
    (await inventory.listNeighbours({ clusterId: 'clu_1', addresses, hostKeys })).map(({ id }) => id).toSorted();
  expect(await find([], [])).toEqual(['nod_own']);
  expect(await find(['10.0.0.1', '10.0.0.7'], ['SHA256:b'])).toEqual([
    'nod_byHost',
    'nod_byKey',
    'nod_byName',
    'nod_own',
  ]);
  const [found] = await inventory.listNeighbours({ clusterId: 'clu_0', addresses: [], hostKeys: ['SHA256:b'] });
  expect(found).toMatchObject({ hostAddress: '192.168.0.2', hostKeyFingerprint: 'SHA256:b', deployDir: '/opt/be' });
});
