import { z } from 'zod';
import { withoutSlash } from '../../../domain/deploy/directories.ts';
import { readStorage } from '../../../domain/deploy/storage-input.ts';
import { locationPattern } from '../../../domain/topology-change/location.ts';
import { defineOperation } from '../../define.ts';
import { newNodeFields, storagePath, withMedia } from '../fields.ts';
import { observeNewNodes } from '../new-nodes/facts.ts';
import { addingBackendKinds } from '../new-nodes/kinds.ts';
import { planAddNodes } from '../new-nodes/plan.ts';
import { planWayBackOfNewNodes } from '../new-nodes/undo.ts';
import { checkAdded, checkLeft } from '../post-check.ts';

const input = z.object({
  ...newNodeFields,
  storage: z.array(storagePath).min(1).max(50).meta({
    description:
      'Where the backends keep their data, as in storage_root_path: empty directories, or such as are not there yet.',
  }),
  location: z.string().max(255).regex(locationPattern, 'key:value in lower case, e.g. rack:r1').optional().meta({
    description: 'Where the backends stand (labels.location, from 3.2.8), so that replicas are spread.',
  }),
});

export const addBackends = defineOperation({
  name: 'addBackends',
  title: 'Add backends',
  version: 1,
  summary: 'Install a backend on each of these hosts, start it, add it to the cluster, and wait until it is alive.',
  permission: 'cluster:scale',
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    hosts: ['10.0.0.14'],
    deployDir: '/opt/starrocks/be',
    storage: ['/data1,medium:SSD'],
    conf: ['mem_limit = 80%'],
    acceptChecks: [],
    systemd: false,
  },
  slack: {
    verb: 'add-backends',
    positional: ['clusterId', 'hosts'],
    examples: [
      'add-backends prod-eu 10.0.0.14 10.0.0.15 --deploy-dir /opt/starrocks/be --storage /data1,medium:SSD',
      'add-backends prod-eu 10.0.0.14 --deploy-dir /opt/starrocks/be --storage /data1 --location rack:r2 --dry-run',
    ],
  },
  steps: addingBackendKinds,
  observe: (given, reading) => observeNewNodes(given, [given.deployDir, ...pathsOf(given)], reading),
  plan: ({ deployDir, storage, conf, systemd, acceptChecks, location = null }, facts) =>
    planAddNodes(
      {
        kind: 'BACKEND',
        role: null,
        deployDir,
        metaDir: null,
        storage: withMedia(storage),
        conf,
        systemd,
        acceptChecks,
        location,
      },
      facts,
    ),
  planUndo: (_input, _reading, run) => planWayBackOfNewNodes(run),
  postCheck: (_input, reading, run) => checkAdded(reading, run),
  endCheck: (_input, reading, run) => checkLeft(reading, run),
});

/** In the deploy directory where none is named. */
function pathsOf({ deployDir, storage }: { deployDir: string; storage: readonly string[] }): readonly string[] {
  const paths = readStorage(withMedia(storage)).storage.map(({ path }) => path);
  return paths.length === 0 ? [`${withoutSlash(deployDir)}/storage`] : paths;
}
