import type { ReplicaTotals } from './topology.ts';

/**
 * What is known about missing replicas. For the first 900 s (`tablet_sched_be_down_tolerate_time_s`) StarRocks' own count
 * leaves out every replica on a backend that died, just when it matters most. So the replicas on dead backends are listed
 * apart, as the metadata has them.
 */
export type TabletHealth = ReplicaTotals & {
  /** How many of `unhealthyTablets` are in databases that StarRocks made for itself, such as `_statistics_`; default 0. */
  readonly ownUnhealthyTablets?: number;
  /** Dead backends that still hold replicas; default none. */
  readonly deadBackends?: readonly { readonly label: string; readonly replicas: number }[];
};

/**
 * Tablets of users that miss a replica: those that StarRocks counts and those it does not count yet. 0 = every tablet is
 * whole. Later than 900 s after a backend died, its replicas may be counted twice: the number is an upper bound.
 */
export function unhealthyTablets(health: TabletHealth): number {
  return countedOfUsers(health) + unseen(health);
}

/** The same as a text, which says whose tablets they are. */
export function tabletsInWords(health: TabletHealth): string {
  const { ownUnhealthyTablets: own = 0, deadBackends = [] } = health;
  return [
    `${countedOfUsers(health)} unhealthy, ${health.inconsistentTablets} inconsistent, ${health.errorStateTablets} in error state, of ${health.tablets}`,
    ...deadBackends.map(
      ({ label, replicas }) => `${label} is down with ${replicas} replicas, which StarRocks counts only 900 s later`,
    ),
    ...(own > 0 ? [`${own} unhealthy in databases of StarRocks' own (_statistics_), which hold no data of users`] : []),
  ].join('; ');
}

function countedOfUsers({ unhealthyTablets: counted, ownUnhealthyTablets: own = 0 }: TabletHealth): number {
  return Math.max(0, counted - own);
}

function unseen({ deadBackends = [] }: TabletHealth): number {
  return deadBackends.reduce((sum, { replicas }) => sum + replicas, 0);
}
