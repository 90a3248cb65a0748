import { parseRepositories } from '../../../adapters/starrocks/parse.ts';
import { showRepositories } from '../../../adapters/starrocks/statements.ts';
import { defineOperation } from '../../define.ts';
import { forgetRepository, makeRepository } from '../repositories/make-repository.ts';
import { checkForgotten, checkMounted } from '../repositories/post-check.ts';
import { tryStore } from '../repositories/try-store-step.ts';
import { input } from './input.ts';
import { planCreateRepository } from './plan.ts';

export const createRepository = defineOperation({
  name: 'createRepository',
  title: 'Create a repository',
  version: 1,
  summary: 'Make a place for backups in an object store or HDFS, after it was tried.',
  permission: 'backup:manage',
  risk: 'low',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    name: 'nightly',
    location: 's3://backups/prod-eu',
    readOnly: false,
    s3: {
      region: 'eu-central-1',
      pathStyle: false,
      accessKey: 'env:STARWARDEN_CRED_S3_KEY',
      secretKey: 'env:STARWARDEN_CRED_S3_SECRET',
    },
  },
  slack: null, // a key must never be typed into a chat
  steps: [tryStore, makeRepository, forgetRepository],
  observe: async ({ clusterId: id }, { sql, inventory, signal }) => ({
    repositories: parseRepositories(await sql.query(showRepositories(), { signal, route: 'leader' })),
    runMode: (await inventory.findCluster(id))?.runMode ?? null,
  }),
  plan: planCreateRepository,
  postCheck: (given, reading) => checkMounted(given, reading),
  endCheck: (given, reading, { ending }) =>
    ending === 'UNDONE' ? checkForgotten(given.name, reading) : checkMounted(given, reading),
});
