/*
 * A cluster here has three frontends, of which the first leads, and backends. Each node has an address of its own of
 * 127.0.0.0/8, so that one socket that listens for all of them knows by the address who is asked.
 */

const frontendsEach = 3;
const nodesEach = 20;

export type BenchNode = {
  readonly kind: 'FRONTEND' | 'BACKEND';
  readonly host: string;
  readonly isLeader: boolean;
};

/** The nodes of a cluster, by its number. `block` keeps apart what runs at the same time on one machine. */
export function nodesOf(cluster: number, block: number): readonly BenchNode[] {
  return Array.from({ length: nodesEach }, (_, index) => ({
    kind: index < frontendsEach ? 'FRONTEND' : 'BACKEND',
    host: `127.${block}.${cluster}.${index + 1}`,
    isLeader: index === 0,
  }));
}
