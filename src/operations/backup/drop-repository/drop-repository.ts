import { z } from 'zod';
import { readRunningJobs } from '../../../adapters/starrocks/read-jobs.ts';
import { defineOperation } from '../../define.ts';
import { clusterId, repositoryName } from '../../input/fields.ts';
import { findMounted } from '../repositories/find-mounted.ts';
import { forgetRepository } from '../repositories/make-repository.ts';
import { checkForgotten } from '../repositories/post-check.ts';
import { planDropRepository } from './plan.ts';

const input = z.object({ clusterId, name: repositoryName });

export const dropRepository = defineOperation({
  name: 'dropRepository',
  title: 'Drop a repository',
  version: 1,
  summary: 'Let StarRocks and Starwarden forget a repository; no object in its store is touched.',
  permission: 'backup:manage',
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: { clusterId: 'clu_01J00000000000000000000000', name: 'nightly' },
  slack: {
    verb: 'drop-repository',
    positional: ['clusterId', 'name'],
    examples: ['drop-repository prod-eu nightly', 'drop-repository prod-eu nightly --dry-run'],
  },
  steps: [forgetRepository],
  observe: async ({ clusterId: id, name }, { sql, catalogue, signal }) => ({
    mounted: await findMounted(sql, name, signal),
    known: await catalogue.findRepository(id, name),
    policies: (await catalogue.listPolicies(id)).filter(({ content }) => content.repository === name),
    backups: (await catalogue.list({ clusterId: id })).filter(({ repository }) => repository === name),
    // StarRocks says for a job in which database it runs, and not into which repository: any may be of this one.
    jobs: await readRunningJobs(sql, { signal }),
  }),
  plan: (given, facts) => planDropRepository(given, facts),
  postCheck: ({ name }, reading) => checkForgotten(name, reading),
});
