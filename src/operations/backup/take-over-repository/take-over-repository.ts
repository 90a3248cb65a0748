import { defineOperation } from '../../define.ts';
import { findMounted } from '../repositories/find-mounted.ts';
import { checkMounted } from '../repositories/post-check.ts';
import { recordRepository } from '../repositories/record-repository.ts';
import { tryStore } from '../repositories/try-store-step.ts';
import { input } from './input.ts';
import { planTakeOverRepository } from './plan.ts';

export const takeOverRepository = defineOperation({
  name: 'takeOverRepository',
  title: 'Take a repository over',
  version: 1,
  summary: 'Put a repository that StarRocks has already under management, or give Starwarden another key to it.',
  permission: 'backup:manage',
  risk: 'low',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    name: 'nightly',
    s3: {
      region: 'eu-central-1',
      pathStyle: false,
      accessKey: 'env:STARWARDEN_CRED_S3_KEY',
      secretKey: 'env:STARWARDEN_CRED_S3_SECRET',
    },
  },
  slack: null, // a key must never be typed into a chat
  steps: [tryStore, recordRepository],
  observe: async ({ clusterId: id, name }, { sql, catalogue, signal }) => ({
    mounted: await findMounted(sql, name, signal),
    known: await catalogue.findRepository(id, name),
  }),
  plan: planTakeOverRepository,
  postCheck: ({ name }, reading) => checkMounted({ name, location: null }, reading),
});
