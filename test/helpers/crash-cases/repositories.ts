import { expect } from 'vitest';
import type { S3Server } from '../../../sandbox/s3/start-s3.ts';
import { createRepository, dropRepository, showRepositories } from '../../../src/adapters/starrocks/statements.ts';
import type { CaseTools, CrashCase } from './case.ts';

/** Operations about repositories, in a store that holds the bucket of the world's own. */
export function repositoryCases(tools: CaseTools, store: S3Server): Readonly<Record<string, CrashCase>> {
  const { world, engine, managed, ensureCluster, changesSent, count } = tools;

  const storeLocation = () => world.describe().cluster.repositoryLocation ?? '';

  const storeAccess = () => ({
    ...{ endpoint: store.endpoint, pathStyle: true },
    ...{ accessKey: store.user.accessKey, secretKey: store.user.secretKey },
  });

  /** The repository `crash`: not at all, in StarRocks alone, or under management too; its store holds it in each case. */
  async function ensureRepository(wanted: 'none' | 'mounted' | 'managed'): Promise<void> {
    await ensureCluster();
    const { sql } = engine.ctx.connections.portsFor(tools.clusterId());
    const isThere = (await sql.query(showRepositories())).some((row) => row.RepoName === 'crash');
    const location = `${storeLocation()}/crash`;
    if (isThere && wanted === 'none') await sql.query(dropRepository('crash'));
    if (!isThere && wanted !== 'none') {
      const properties = [
        { key: 'aws.s3.access_key', value: store.user.accessKey },
        { key: 'aws.s3.secret_key', value: store.user.secretKey },
        { key: 'aws.s3.endpoint', value: store.endpoint },
        { key: 'aws.s3.enable_path_style_access', value: 'true' },
      ];
      await sql.query(createRepository({ name: 'crash', location, readOnly: false, properties }));
    }
    await engine.ctx.db.deleteFrom('repository').where('cluster_id', '=', tools.clusterId()).execute();
    const { bucket, folder } = /^s3:\/\/(?<bucket>[^/]+)\/(?<folder>.+)$/.exec(location)?.groups ?? {};
    await store.inside.put(bucket ?? '', `${folder}/__starrocks_repository_crash/__repo_info`, '{"name":"crash"}');
    if (wanted !== 'managed') return;
    const run = await managed.ask('takeOverRepository', {
      clusterId: tools.clusterId(),
      name: 'crash',
      s3: storeAccess(),
    });
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED' });
  }

  async function managedAndMarkers(): Promise<readonly string[]> {
    const [bucket = ''] = storeLocation().slice('s3://'.length).split('/');
    const markers = (await store.inside.list(bucket)).filter(({ key }) => key.includes('__starwarden_'));
    return [`managed ${await count('repository', 'cluster_id', tools.clusterId())}`, `left over ${markers.length}`];
  }

  return {
    createRepository: {
      prepare: () => ensureRepository('none'),
      input: async () => ({
        ...{ clusterId: tools.clusterId(), name: 'crash', location: `${storeLocation()}/crash` },
        s3: { ...storeAccess(), region: 'us-east-1' },
      }),
      effects: async () => [...(await changesSent()), ...(await managedAndMarkers())],
      wanted: ['CREATE', 'managed 1', 'left over 0'],
    },
    takeOverRepository: {
      prepare: () => ensureRepository('mounted'),
      input: async () => ({ clusterId: tools.clusterId(), name: 'crash', s3: storeAccess() }),
      effects: async () => [...(await changesSent()), ...(await managedAndMarkers())],
      wanted: ['managed 1', 'left over 0'],
    },
    checkRepository: {
      prepare: () => ensureRepository('managed'),
      input: async () => ({ clusterId: tools.clusterId(), name: 'crash' }),
      effects: async () => [...(await changesSent()), ...(await managedAndMarkers())],
      wanted: ['managed 1', 'left over 0'],
    },
    dropRepository: {
      prepare: () => ensureRepository('managed'),
      input: async () => ({ clusterId: tools.clusterId(), name: 'crash' }),
      effects: async () => [...(await changesSent()), ...(await managedAndMarkers())],
      wanted: ['DROP', 'managed 0', 'left over 0'],
    },
  };
}
