import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { problemsIn, readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { Registration } from '../../define.ts';
import {
  certificateRules,
  clusterName,
  environment,
  frontendAddress,
  secretText,
  sqlUserName,
} from '../../input/fields.ts';
import type { RegisterClusterFacts, RegisterClusterInput } from './plan.ts';

/** The fields of an input that names a running cluster and how to log in to it. */
export const registration = {
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
};

/** What the cluster answers to a login that is not recorded, and whether it is managed already. */
export async function readClusterToRegister(
  { name, frontends, sqlUser, password, tls }: RegisterClusterInput,
  { inventory, signal }: Pick<Reading, 'inventory' | 'signal'>,
  { sqlTo, approvalEnvironments }: Pick<Registration, 'sqlTo' | 'approvalEnvironments'>,
): Promise<RegisterClusterFacts> {
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
}
