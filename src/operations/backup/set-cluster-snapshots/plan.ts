import { type ClusterSnapshots, hasClusterSnapshots } from '../../../domain/backup/cluster-snapshots.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import { awaitClusterSnapshot, switchOffClusterSnapshots, switchOnClusterSnapshots } from './switch.ts';

export type ClusterSnapshotFacts = {
  readonly runMode: string | null;
  /** Of the frontends that told one. */
  readonly versions: readonly string[];
  readonly storageVolumes: readonly string[];
  /** Null = the cluster can have none, so nobody looked. */
  readonly snapshots: ClusterSnapshots | null;
};

export type SetClusterSnapshots = {
  readonly clusterId: string;
  readonly to: 'ON' | 'OFF';
  readonly storageVolume?: string | undefined;
};

/** The volume that StarRocks takes when none is named. */
const builtInVolume = 'builtin_storage_volume';

export function planSetClusterSnapshots(input: SetClusterSnapshots, facts: ClusterSnapshotFacts): PlanResult {
  const refusals = refusalsOf(input, facts);
  if (refusals.length > 0) return { refusals };
  const { newest } = facts.snapshots ?? { newest: null };
  if (input.to === 'OFF') {
    return {
      summary: 'Switch automated cluster snapshots off, and with it delete the snapshot that there is',
      steps: [switchOffClusterSnapshots.with({})],
      notes: [
        newest === null
          ? 'No finished snapshot is listed; whether they are on, StarRocks does not show then'
          : `StarRocks deletes ${newest.name} from ${newest.storagePath || newest.storageVolume}: this cluster has no other backup that StarRocks knows of`,
      ],
    };
  }
  const storageVolume = input.storageVolume ?? null;
  return {
    summary: `Switch automated cluster snapshots on, into ${storageVolume ?? builtInVolume}`,
    steps: [switchOnClusterSnapshots.with({ storageVolume }), awaitClusterSnapshot.with({})],
    notes: [
      'StarRocks keeps the newest snapshot alone; how often it takes one is automated_cluster_snapshot_interval_seconds of the leader',
      'They go to object storage beside the data: they protect the metadata, and are no copy of the data in another place',
    ],
  };
}

function refusalsOf(input: SetClusterSnapshots, facts: ClusterSnapshotFacts): Refusal[] {
  const { runMode, versions, storageVolumes, snapshots } = facts;
  if (runMode !== 'shared_data') {
    return [
      {
        code: 'PRECONDITION_FAILED',
        message:
          runMode === null
            ? 'The cluster does not say where its data lies, and only a shared-data cluster has automated snapshots'
            : 'Only a shared-data cluster has automated snapshots, and this one keeps its data on backends',
        hint: runMode === null ? 'ADMIN SHOW FRONTEND CONFIG needs OPERATE.' : 'Back its databases up instead.',
      },
    ];
  }
  if (!hasClusterSnapshots({ runMode, versions })) {
    const told = versions.join(', ');
    return [
      {
        code: 'PRECONDITION_FAILED',
        message: `Automated cluster snapshots came with 3.4; the frontends run ${told || 'a release that they did not tell'}`,
        hint: 'Upgrade the cluster first.',
      },
    ];
  }
  if (input.to === 'OFF') {
    if (input.storageVolume === undefined) return [];
    return [
      {
        code: 'INVALID_INPUT',
        message: 'A storage volume is named to switch them on, and means nothing to switch them off',
        hint: 'Leave it out.',
        path: ['input', 'storageVolume'],
      },
    ];
  }
  const newest = snapshots?.newest ?? null;
  if (newest !== null) {
    return [
      {
        code: 'PRECONDITION_FAILED',
        message: `They are on already, into ${newest.storageVolume}; the newest is ${newest.name}`,
        hint: 'For another volume, switch them off first, which deletes that snapshot.',
      },
    ];
  }
  const volume = input.storageVolume ?? builtInVolume;
  if (storageVolumes.includes(volume)) return [];
  return [
    {
      code: 'NOT_FOUND',
      message: `There is no storage volume ${volume}; there are: ${storageVolumes.join(', ') || 'none'}`,
      hint: 'Name one of them.',
      path: ['input', 'storageVolume'],
    },
  ];
}
