import { z } from 'zod';
import { defineOperation } from '../../define.ts';
import { clusterId, repositoryName } from '../../input/fields.ts';
import { lookAtRepository } from '../repositories/look-at-repository.ts';
import { checkMounted } from '../repositories/post-check.ts';
import { planCheckRepository } from './plan.ts';

const input = z.object({ clusterId, name: repositoryName });

export const checkRepository = defineOperation({
  name: 'checkRepository',
  title: 'Check a repository',
  version: 1,
  summary: 'Ask StarRocks and the store itself how a repository is, and measure what lies in it; nothing is changed.',
  permission: 'cluster:check',
  risk: 'read',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: { clusterId: 'clu_01J00000000000000000000000', name: 'nightly' },
  slack: {
    verb: 'check-repository',
    positional: ['clusterId', 'name'],
    examples: ['check-repository prod-eu nightly'],
  },
  steps: [lookAtRepository],
  observe: async ({ clusterId: id, name }, { catalogue }) => ({ known: await catalogue.findRepository(id, name) }),
  plan: ({ name }, facts) => planCheckRepository(name, facts),
  postCheck: ({ name }, reading) => checkMounted({ name, location: null }, reading),
});
