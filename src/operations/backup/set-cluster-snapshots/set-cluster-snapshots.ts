import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { readClusterSnapshots, readStorageVolumes } from '../../../adapters/starrocks/read-cluster-snapshots.ts';
import { readRunMode, readTopology } from '../../../adapters/starrocks/read-topology.ts';
import { hasClusterSnapshots } from '../../../domain/backup/cluster-snapshots.ts';
import { defineOperation } from '../../define.ts';
import { clusterId } from '../../input/fields.ts';
import { planSetClusterSnapshots, type SetClusterSnapshots } from './plan.ts';
import { checkClusterSnapshots } from './post-check.ts';
import { awaitClusterSnapshot, switchOffClusterSnapshots, switchOnClusterSnapshots } from './switch.ts';

const input = z.object({
  clusterId,
  to: z.enum(['ON', 'OFF']).meta({
    description: 'Whether StarRocks takes automated snapshots from now on.',
    values: {
      ON: 'It takes one every few minutes and keeps the newest alone.',
      OFF: 'It takes none, and deletes the newest one too.',
    },
  }),
  storageVolume: z
    .string()
    .regex(/^[a-zA-Z]\w{0,63}$/, 'A letter, then letters, digits and underscores, 64 at most')
    .optional()
    .meta({ description: 'With ON: the storage volume that snapshots go to; left out, the built-in one.' }),
});

export const setClusterSnapshots = defineOperation({
  name: 'setClusterSnapshots',
  title: 'Switch cluster snapshots on or off',
  version: 1,
  summary: 'Switch the automated cluster snapshots of a shared-data cluster on, or off, which deletes them.',
  permission: 'backup:delete',
  // Switching off deletes the only backup that such a cluster has.
  risk: 'destructive',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: { clusterId: 'clu_01J00000000000000000000000', to: 'ON' },
  slack: {
    verb: 'cluster-snapshots',
    positional: ['clusterId', 'to'],
    examples: ['cluster-snapshots prod-eu on', 'cluster-snapshots prod-eu off --dry-run'],
  },
  steps: [switchOnClusterSnapshots, switchOffClusterSnapshots, awaitClusterSnapshot],
  observe,
  plan: planSetClusterSnapshots,
  postCheck: checkClusterSnapshots,
  // What is taken back is only ever a switching on.
  endCheck: (given, reading, { ending }) =>
    checkClusterSnapshots(ending === 'UNDONE' ? { ...given, to: 'OFF' } : given, reading),
});

async function observe(_input: SetClusterSnapshots, { sql, signal }: Reading) {
  const { frontends } = await readTopology(sql, { signal });
  const runMode = await readRunMode(sql, { signal });
  const versions = frontends.flatMap(({ version }) => (version === null ? [] : [version.text]));
  const facts = { runMode, versions };
  if (!hasClusterSnapshots(facts)) return { ...facts, storageVolumes: [], snapshots: null };
  return {
    ...facts,
    storageVolumes: await readStorageVolumes(sql, { signal }),
    snapshots: await readClusterSnapshots(sql, { signal }),
  };
}
