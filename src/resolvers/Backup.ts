import type { Backup as BackupRow } from '../domain/cluster.ts';
import type { RequestContext } from './request-context.ts';

export const Backup = {
  cluster: (backup: BackupRow, _: unknown, { loaders }: RequestContext) => loaders.cluster.load(backup.clusterId),
  run: (backup: BackupRow, _: unknown, { loaders }: RequestContext) => loaders.run.load(backup.runId),
};
