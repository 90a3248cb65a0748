import type { ReplicaTotals } from './topology.ts';

/**
 * What is known about missing replicas. StarRocks' own count leaves out, for the first 900 s
 * (`tablet_sched_be_down_tolerate_time_s`), every replica on a backend that died: right when it matters most. So the
 * replicas on dead backends are told apart, by what the metadata has there.
 */
export type TabletHealth = ReplicaTotals & {
  /** How many of `unhealthyTablets` are in databases that StarRocks made for itself, such as `_statistics_`; default 0. */
  readonly ownUnhealthyTablets?: number;
  /** Dead backends that still hold replicas; default none. */
  readonly deadBackends?: readonly { readonly label: string; readonly replicas: number }[];
};

/**
 * Tablets of users that miss a replica: those that StarRocks counts and those it does not see yet. 0 = every one is whole.
 * Later than 900 s after a backend died, its replicas may be counted twice: the number is an upper bound.
 */
export function unhealthyTablets(health: TabletHealth): number {
  return countedOfUsers(health) + unseen(health);
}

/** The same in words, with whose tablets they are. */
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
