import { z } from 'zod';
import type { PlanResult } from '../../../domain/plan.ts';
import { defineOperation } from '../../define.ts';
import { recordCluster } from '../record-cluster.ts';
import { saveTopology } from '../save-topology.ts';
import { planRegisterCluster } from './plan.ts';
import { checkRegistered } from './post-check.ts';
import { readClusterToRegister, registration } from './registration.ts';

const input = z.object(registration);

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
  observe: readClusterToRegister,
  plan: (given, facts): PlanResult => planRegisterCluster(given, facts),
  postCheck: (given, reading) => checkRegistered(given.name, reading),
});
