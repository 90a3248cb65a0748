import type { S3Server } from '../../sandbox/s3/start-s3.ts';
import { connectSql } from '../../sandbox/world/sql.ts';
import type { World } from '../../sandbox/world/start-world.ts';
import { newId } from '../../src/ids.ts';
import { createRepositoryText, propertiesOf } from './backup-world.ts';
import type { Engine } from './engine.ts';

export const vault = { name: 'vault', bucket: 'backups', location: 's3://backups/prod' };

/** A repository of the world's cluster in an S3 server, which both StarRocks and Starwarden reach. */
export async function createVault(world: World, s3: S3Server): Promise<void> {
  const [frontend] = world.describe().cluster.frontends;
  if (frontend === undefined) throw new Error('no frontend');
  const root = await connectSql({ host: frontend.host, port: frontend.queryPort, user: 'root', password: '' });
  await root.query(createRepositoryText({ ...vault, properties: propertiesOf(s3) }));
  root.close();
}

/** Puts it under management of a registered cluster, with the keys as secrets of that cluster. */
export async function manageVault(engine: Engine, s3: S3Server, clusterId: string): Promise<void> {
  const { db } = engine.ctx;
  const known = await db.selectFrom('repository').select('id').where('cluster_id', '=', clusterId).execute();
  if (known.length > 0) return;
  const secret = async (name: string) => {
    const id = newId('sec');
    const place = { cluster_id: clusterId, kind: 'env', key_id: null, changed_at: new Date() };
    await db
      .insertInto('secret')
      .values({ id, content: name, ...place })
      .execute();
    return `secret:${id}`;
  };
  const access = {
    ...{ endpoint: s3.endpoint, region: s3.region, pathStyle: true },
    accessKeyRef: await secret('STARWARDEN_CRED_VAULT_ACCESS'),
    secretKeyRef: await secret('STARWARDEN_CRED_VAULT_SECRET'),
  };
  await db
    .insertInto('repository')
    .values({
      ...{ id: newId('rpy'), cluster_id: clusterId, name: vault.name, location: vault.location, kind: 'S3' },
      ...{ read_only: 0, origin: 'TAKEN_OVER', access: JSON.stringify(access), created_at: new Date() },
    })
    .execute();
}

/** The environment in which the engine finds the keys. */
export const vaultKeys = {
  STARWARDEN_CRED_VAULT_ACCESS: 'SANDBOXKEY',
  STARWARDEN_CRED_VAULT_SECRET: 'sandbox-secret-4f1b',
};
