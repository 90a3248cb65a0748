import type { Refusal } from '../plan.ts';

/**
 * Whether a cluster that keeps its data in object storage could be backed up by BACKUP: it cannot, StarRocks answers
 * `Table: t can not support backup restore, type: CLOUD_NATIVE` (reference §3). Empty = nothing stands against it, or the
 * run mode is not known: there StarRocks itself refuses, before anything is written.
 */
export function refuseBackupByRunMode(runMode: string | null): readonly Refusal[] {
  if (runMode !== 'shared_data') return [];
  return [
    {
      code: 'PRECONDITION_FAILED',
      message:
        'BACKUP works on data that lies on backends, and this cluster keeps its data in object storage (shared data)',
      hint: 'Automated cluster snapshots protect such a cluster, from 3.4 on: setClusterSnapshots switches them on.',
    },
  ];
}
