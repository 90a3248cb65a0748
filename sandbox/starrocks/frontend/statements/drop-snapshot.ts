import { type Done, done } from '../../mysql/packets.ts';
import { backupError } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import { isDone } from '../backup/jobs.ts';
import { listSnapshots, readSnapshotInfo, snapshotRoot, snapshotTimestamps } from '../backup/repository.ts';
import type { Execution, StatementOf } from '../handlers.ts';
import { findRepository, repositoryMissing } from './repositories.ts';

/**
 * `DROP SNAPSHOT s ON r [FORCE]` of 4.2, from what its authors wrote when it was merged (StarRocks pull request 78092): nothing of it
 * was recorded, and the texts of its refusals are our own. What another cluster took, or nobody said who, needs FORCE.
 */
export async function dropSnapshot({ statement, session, fe }: Execution<StatementOf['dropSnapshot']>): Promise<Done> {
  requirePrivilege(fe, session, { privileges: ['REPOSITORY'] });
  const { snapshot, force } = statement;
  const repository = findRepository(fe.group.state, statement.repository);
  if (!repository) throw repositoryMissing(fe.release, statement.repository);
  const refuse = (text: string) => backupError(fe.release, text);
  if (repository.readOnly) throw refuse(`Repository ${repository.name} is read only`);
  const running = [...fe.group.state.jobs.values()].some(
    (job) => !isDone(job) && job.repositoryId === repository.id && job.label === snapshot,
  );
  if (running) throw refuse(`Backup or restore job is running on snapshot ${snapshot}. Can not drop it`);
  if (!(await listSnapshots(fe.stores, repository)).includes(snapshot))
    throw refuse(`Snapshot '${snapshot}' does not exist in repository ${repository.name}`);
  const owner = fe.group.state.settings.get('clusterId');
  const timestamps = await snapshotTimestamps(fe.stores, repository, snapshot);
  for (const timestamp of force ? [] : timestamps) {
    const info = await readSnapshotInfo(fe.stores, repository, { snapshot, timestamp });
    if (info.cluster_id !== owner)
      throw refuse(`Snapshot '${snapshot}' was created by another cluster. Use FORCE to drop it`);
  }
  await fe.stores.of(repository).removeAll(await snapshotRoot(fe.stores, repository, snapshot));
  return done();
}
