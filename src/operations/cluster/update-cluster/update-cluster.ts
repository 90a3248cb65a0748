import { z } from 'zod';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { defineOperation } from '../../define.ts';
import {
  certificateRules,
  clusterId,
  clusterName,
  environment,
  frontendAddress,
  secretText,
  sqlUserName,
} from '../../input/fields.ts';
import { saveTopology } from '../save-topology.ts';
import { changeCluster, knownOf } from './change-cluster.ts';
import { isReachedOtherwise, mergeKnown, planUpdateCluster } from './plan.ts';
import { checkUpdated } from './post-check.ts';

const input = z.object({
  clusterId,
  name: clusterName.optional(),
  environment: environment.optional(),
  frontends: z.array(frontendAddress).min(1).max(20).optional().meta({
    description: 'Where to ask when none of the frontends found in the cluster answers; replaces the old list.',
  }),
  sqlUser: sqlUserName.optional(),
  password: secretText.optional().meta({
    secret: true,
    description:
      'The password of that user: its value, `env:NAME` or `file:/path`; `inline:` alone for an empty one. It replaces the old one only after a login with it.',
  }),
  tls: z
    .object({
      enabled: z.boolean().default(true).meta({ description: 'False: connections are not encrypted any more.' }),
      ...certificateRules,
    })
    .optional()
    .meta({ description: 'How connections to the frontends are encrypted.' }),
});

export const updateCluster = defineOperation({
  name: 'updateCluster',
  title: 'Update a cluster',
  version: 1,
  summary: 'Change how Starwarden calls and reaches a cluster; a new login is proven before it replaces the old one.',
  permission: 'cluster:register',
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: { clusterId: 'clu_01J00000000000000000000000', name: 'prod-eu', password: 'env:STARWARDEN_CRED_PROD_EU_2' },
  slack: null, // a password must never be typed into a chat
  steps: [changeCluster, saveTopology],
  observe: async (given, { inventory, signal }, { sqlTo, approvalEnvironments }) => {
    const cluster = await inventory.findCluster(given.clusterId);
    if (cluster === null) return null;
    const before = knownOf(cluster);
    const after = mergeKnown(before, given);
    const namesake = await inventory.findClusterByName(after.name);
    const nodes = await inventory.listNodes(cluster.id);
    const facts = {
      before,
      namesakeId: namesake?.id ?? null,
      known: nodes,
      approvalEnvironments,
    };
    if (!isReachedOtherwise(before, after)) return { ...facts, found: null, managedAs: [] };
    // Asks by the new way alone: what answers only to the old one would not work afterwards.
    const sql = sqlTo({
      frontends: after.seeds,
      user: after.sqlUser,
      passwordRef: after.passwordRef,
      tls: after.tls,
    });
    const found = toObservedNodes(await readTopology(sql, { signal }));
    const owners = await Promise.all(
      found
        .filter(({ kind }) => kind === 'FRONTEND')
        .map(({ host, port: editLogPort }) =>
          inventory.findClusterByFrontend({ host, port: editLogPort, exceptId: cluster.id }),
        ),
    );
    return { ...facts, found, managedAs: [...new Set(owners.flatMap((owner) => owner?.name ?? []))] };
  },
  plan: planUpdateCluster,
  postCheck: checkUpdated,
});
