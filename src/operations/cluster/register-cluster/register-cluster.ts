import { z } from 'zod';
import { problemsIn, readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { PlanResult } from '../../../domain/plan.ts';
import { defineOperation } from '../../define.ts';
import {
  certificateRules,
  clusterName,
  environment,
  frontendAddress,
  secretText,
  sqlUserName,
} from '../../input/fields.ts';
import { recordCluster } from '../record-cluster.ts';
import { saveTopology } from '../save-topology.ts';
import { planRegisterCluster } from './plan.ts';
import { checkRegistered } from './post-check.ts';

const input = z.object({
  name: clusterName,
  environment: environment.default('dev'),
  frontends: z
    .array(frontendAddress)
    .min(1)
    .max(20)
    .meta({ description: 'One frontend is enough; the others are found by asking it.' }),
  sqlUser: sqlUserName,
  password: secretText.meta({
    secret: true,
    description: 'The password of that user: its value, `env:NAME` or `file:/path`; `inline:` alone for an empty one.',
  }),
  tls: z
    .object({
      ...certificateRules,
    })
    .optional()
    .meta({ description: 'Encrypt connections to the frontends. Needs a keystore on them.' }),
});

export const registerCluster = defineOperation({
  name: 'registerCluster',
  title: 'Register a cluster',
  version: 1,
  summary: 'Put a running StarRocks cluster under management: its nodes are read from one of its frontends.',
  permission: 'cluster:register',
  risk: 'low',
  target: { kind: 'new-cluster', name: 'name', environment: 'environment' },
  input,
  example: {
    name: 'prod-eu',
    environment: 'prod',
    frontends: [{ host: '10.0.0.1', port: 9030 }],
    sqlUser: 'starwarden',
    password: 'env:STARWARDEN_CRED_PROD_EU',
  },
  slack: null, // a password must never be typed into a chat
  steps: [recordCluster, saveTopology],
  observe: async (
    { name, frontends, sqlUser, password, tls },
    { inventory, signal },
    { sqlTo, approvalEnvironments },
  ) => {
    const nameTaken = (await inventory.findClusterByName(name)) !== null;
    const sql = sqlTo({
      frontends,
      user: sqlUser,
      passwordRef: password,
      tls: tls === undefined ? null : { verify: tls.verify, ca: tls.ca ?? null },
    });
    const topology = await readTopology(sql, { signal });
    const nodes = toObservedNodes(topology);
    const known = [];
    for (const node of nodes.filter((candidate) => candidate.kind === 'FRONTEND')) {
      const managed = await inventory.findClusterByFrontend({ host: node.host, port: node.port });
      if (managed !== null && managed.name !== name) known.push(managed.name);
    }
    return {
      nameTaken,
      nodes,
      managedAs: [...new Set(known)],
      listProblems: problemsIn(topology),
      approvalEnvironments,
    };
  },
  plan: (given, facts): PlanResult => planRegisterCluster(given, facts),
  postCheck: (given, reading) => checkRegistered(given.name, reading),
});
