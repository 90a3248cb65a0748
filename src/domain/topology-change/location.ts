import { nodeLabel } from '../node-identity.ts';
import type { BackendRow } from '../topology.ts';
import type { ReplicaSet } from '../upgrade/checks-spread.ts';
import { type NamedCheck, skipped, verdict } from '../verdict.ts';
import { compareVersions, parseVersion } from '../version.ts';
import { count } from '../words.ts';

/** The version from which backends have `labels.location`. */
const sinceVersion = '3.2.8';

/** A location as StarRocks takes it; it would take blanks after the colon too, which would make another place of it. */
export const locationPattern = /^[a-z_0-9]+:[a-z_0-9]+$/;

/** Whether backends of this version have locations; null = the version cannot be told. */
export function hasLocations(version: string | null): boolean | null {
  const [found, since] = [parseVersion(version ?? ''), parseVersion(sinceVersion)];
  return found === null || since === null ? null : compareVersions(found, since) >= 0;
}

/** A table with tablets whose replicas stand in fewer failure domains than they could. */
export type Crowded = {
  readonly table: string;
  /** How many replicas the worst of its tablets has, and in how many domains they stand. */
  readonly replicas: number;
  readonly domains: readonly string[];
  /** In how many they could stand. */
  readonly possible: number;
};

/**
 * Tables whose replicas share a failure domain although there are others, from the sets of backends that hold tablets
 * together. A backend without a location is a domain of its own, since nobody says that it shares anything.
 */
export function crowdedTables(
  spread: readonly ReplicaSet[],
  backends: readonly Pick<BackendRow, 'id' | 'location' | 'host' | 'heartbeatPort'>[],
): readonly Crowded[] {
  const domainOf = (id: string): string => {
    const backend = backends.find((each) => each.id === id);
    return backend?.location ?? `backend ${id}`;
  };
  const all = new Set(backends.map(({ id }) => domainOf(id)));
  const worst = new Map<string, Crowded>();
  for (const { table, backends: holders } of spread) {
    const domains = [...new Set(holders.map(domainOf))].toSorted();
    const possible = Math.min(holders.length, all.size);
    const known = worst.get(table);
    if (domains.length >= possible || (known !== undefined && known.domains.length <= domains.length)) continue;
    worst.set(table, { table, replicas: holders.length, domains, possible });
  }
  return [...worst.values()].toSorted((a, b) => a.table.localeCompare(b.table));
}

const mostNamed = 5;

/**
 * Whether the replicas of each table are spread over the locations. `spread` null = nobody could ask where the replicas are.
 * Without a location there is nothing to be spread over.
 */
export function spreadCheck(spread: readonly ReplicaSet[] | null, backends: readonly BackendRow[]): NamedCheck {
  const name = 'replicas-spread';
  const wanted = 'no two replicas of a tablet in one location where another has none';
  const located = backends.filter(({ location }) => location !== null);
  if (located.length === 0)
    return skipped(name, { why: 'no backend has a location', wanted, hint: 'setNodeLocation says where they stand.' });
  if (spread === null) return skipped(name, { why: 'where the replicas are could not be asked', wanted });
  const crowded = crowdedTables(spread, backends);
  const without = backends.filter(({ location }) => location === null);
  const named = crowded
    .slice(0, mostNamed)
    .map(({ table, replicas, domains }) => `${table} has tablets with ${replicas} replicas in ${domains.join(', ')}`);
  const more = crowded.length > mostNamed ? [`and ${count(crowded.length - mostNamed, 'table')} more`] : [];
  const unlabelled =
    without.length === 0
      ? []
      : [
          `without a location: ${without.map(({ host, heartbeatPort: port }) => nodeLabel({ kind: 'BACKEND', host, port })).join(', ')}`,
        ];
  return verdict(name, 'WARN', crowded.length === 0, {
    observed: [...(crowded.length === 0 ? ['every table is spread'] : [...named, ...more]), ...unlabelled].join('; '),
    wanted,
    hint: `StarRocks spreads a table by its property labels.location, which tables from before the labels lack: ALTER TABLE … SET ("labels.location" = "*").`,
  });
}
