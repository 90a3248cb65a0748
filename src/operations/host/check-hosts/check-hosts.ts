import { z } from 'zod';
import { nodeKinds } from '../../../domain/cluster.ts';
import type { NamedCheck } from '../../../domain/verdict.ts';
import { defineOperation } from '../../define.ts';
import { absolutePath, clusterId, hostAddress } from '../../input/fields.ts';
import { checkReport } from '../../report-check.ts';
import { toVersion } from '../../upgrade/fields.ts';
import { fitnessOf, inspectHosts } from './inspect-hosts.ts';
import { planCheckHosts } from './plan.ts';

const input = z.object({
  clusterId,
  hosts: z
    .array(hostAddress)
    .min(1)
    .max(200)
    .meta({ description: 'The hosts, by the addresses they are attached with.' }),
  kinds: z
    .array(
      z.enum(nodeKinds).meta({
        description: 'A kind of node.',
        values: { FRONTEND: 'A frontend.', BACKEND: 'A backend.', COMPUTE_NODE: 'A compute node.' },
      }),
    )
    .min(1)
    .max(3)
    .meta({ description: 'What is to be installed on each of them.' }),
  version: toVersion.optional().meta({
    description: 'The release that is to be installed; left out: JDK and room for the archive are not checked.',
  }),
  deployDir: absolutePath.optional().meta({ description: 'Where a node is to be installed; left out: not checked.' }),
  storage: z
    .array(
      z
        .string()
        .max(1_024)
        .regex(/^\/[^;\n]*$/, 'A full path, with its medium after a comma'),
    )
    .max(50)
    .default([])
    .meta({ description: 'Directories for metadata or storage, e.g. `/data1,medium:SSD`.' }),
});

export const checkHosts = defineOperation({
  name: 'checkHosts',
  title: 'Check hosts',
  version: 1,
  summary:
    'Say by named checks whether nodes can be installed on hosts, with the command that mends each; changes nothing.',
  permission: 'cluster:check',
  risk: 'read',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    hosts: ['10.0.0.14', '10.0.0.15'],
    kinds: ['BACKEND'],
    version: '3.5.0',
    deployDir: '/opt/starrocks/be',
    storage: ['/data1,medium:SSD'],
  },
  slack: {
    verb: 'check-hosts',
    positional: ['clusterId'],
    examples: ['check-hosts prod-eu --hosts 10.0.0.14,10.0.0.15 --kinds BACKEND --version 3.5.0'],
  },
  steps: [inspectHosts],
  observe: async ({ clusterId: id, version }, { inventory }) => ({
    attached: await inventory.listHosts(id),
    release: version === undefined ? null : await inventory.findRelease(version),
  }),
  plan: (given, facts) => planCheckHosts(given, facts),
  // The run succeeds when the hosts could be looked at, whatever was found.
  postCheck: (_input, ports, { runId }) => checkReport(ports, runId, fitnessFacts),
  endCheck: (_input, ports, { runId }) => checkReport(ports, runId, fitnessFacts),
});

function fitnessFacts(checks: readonly NamedCheck[]) {
  return { fitness: fitnessOf(checks) };
}
