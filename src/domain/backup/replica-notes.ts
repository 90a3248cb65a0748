import { type TabletHealth, unhealthyTablets } from '../tablet-health.ts';
import { count } from '../words.ts';

/**
 * What a backup may fail of because replicas are away, as notes for people; null = it could not be read. StarRocks counts
 * tablets that miss a replica and not those that have none left, and counts them for the whole cluster.
 *
 * BACKUP takes the first replica that has the data without asking whether its backend is alive, and sends a dead one nothing
 * (`BackupJob.chooseReplica`, `AgentBatchTask`): it then waits until its timeout.
 */
export function replicaNotes(health: TabletHealth | null): readonly string[] {
  if (health === null)
    return [
      'Not known: whether backends are down, and whether tablets miss a healthy replica. It could not be read, and BACKUP fails where a tablet has none',
    ];
  const { deadBackends = [] } = health;
  const names = deadBackends.map(({ label, replicas }) => `${label} with ${count(replicas, 'replica')}`).join(', ');
  const missing = unhealthyTablets({ ...health, deadBackends: [] });
  return [
    ...(deadBackends.length === 0
      ? []
      : [
          `${count(deadBackends.length, 'backend')} ${deadBackends.length === 1 ? 'is' : 'are'} down (${names}): BACKUP fails where a tablet has no healthy replica, and may wait until its timeout where it chooses one there`,
        ]),
    ...(missing === 0
      ? []
      : [
          `${count(missing, 'tablet')} of the cluster ${missing === 1 ? 'misses' : 'miss'} a healthy replica: BACKUP fails where a tablet has none`,
        ]),
  ];
}
