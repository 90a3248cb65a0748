import { forgetCluster } from '../../cluster/record-cluster.ts';
import { defineOperation } from '../../define.ts';
import { addingBackendKinds } from '../new-nodes/kinds.ts';
import { checkAdded } from '../post-check.ts';
import { forgetRootPassword } from './forget-root-password.ts';
import { checkHoldsNothing } from './holds-nothing.ts';
import { deployClusterInput } from './input.ts';
import { observeDeployCluster } from './observe.ts';
import { planDeployCluster } from './plan.ts';
import { checkDeployEnd } from './post-check.ts';
import { recordNewCluster, recordNewHost } from './record-new.ts';
import { secureFirstFrontend } from './secure-first-frontend.ts';
import { tryCluster } from './try-cluster.ts';
import { planWayBackOfCluster } from './undo.ts';

const fingerprint = 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU';

export const deployCluster = defineOperation({
  name: 'deployCluster',
  title: 'Deploy a cluster',
  version: 1,
  summary: 'Make a whole new cluster on hosts over SSH: install, start, give it users, put its nodes together, try it.',
  permission: 'cluster:deploy',
  risk: 'high',
  target: { kind: 'new-cluster', name: 'name', environment: 'environment' },
  input: deployClusterInput,
  example: {
    name: 'prod-eu',
    environment: 'prod',
    version: '3.5.0',
    user: 'starrocks',
    privateKey: 'file:/run/secrets/starrocks-ssh-key',
    hosts: [{ address: '10.0.0.11', port: 22, hostKeyFingerprint: fingerprint }],
    frontends: [
      { host: '10.0.0.11', deployDir: '/opt/starrocks/fe', metaDir: '/data/meta', role: 'FOLLOWER', conf: [] },
    ],
    backends: [
      { host: '10.0.0.11', deployDir: '/opt/starrocks/be', storage: ['/data1,medium:SSD'], conf: ['mem_limit = 60%'] },
    ],
    computeNodes: [],
    frontendConf: [],
    backendConf: [],
    sqlUser: 'starwarden',
    password: 'env:STARWARDEN_CRED_PROD_EU',
    rootPassword: 'env:STARWARDEN_CRED_PROD_EU_ROOT',
    systemd: false,
    acceptChecks: [],
  },
  slack: null, // passwords and a private key must never be typed into a chat
  steps: [
    ...[recordNewCluster, recordNewHost, secureFirstFrontend, tryCluster, forgetRootPassword],
    ...addingBackendKinds,
    ...[checkHoldsNothing, forgetCluster],
  ],
  noUndoAfterSuccess: 'The cluster may hold data by now: take its nodes out one by one, or unregister it',
  observe: observeDeployCluster,
  plan: (input, facts) => planDeployCluster(input, facts),
  planUndo: ({ name }, reading, run) => planWayBackOfCluster(name, reading, run),
  postCheck: (_input, reading, run) => checkAdded(reading, run),
  endCheck: (_input, reading, run) => checkDeployEnd(reading, run),
});
