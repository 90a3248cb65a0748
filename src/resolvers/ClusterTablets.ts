import type { Cluster } from '../domain/cluster.ts';
import {
  type LookedAtDisks,
  type LookedAtTables,
  type LookedAtTablets,
  lookAtDisks,
  lookAtTables,
  lookAtTablets,
} from '../runs/look-at-tablets.ts';
import type { RequestContext } from './request-context.ts';

const shownTablets = 100;

/** The field `Cluster.tablets`. */
export async function tabletsOf({ id }: Pick<Cluster, 'id'>, _: unknown, { deps }: RequestContext) {
  return { clusterId: id, ...(await lookAtTablets(deps.engine, id)) };
}

/** The field `Cluster.disks`. */
export function disksOf({ id }: Pick<Cluster, 'id'>, _: unknown, { deps }: RequestContext): Promise<LookedAtDisks> {
  return lookAtDisks(deps.engine, id);
}

export const ClusterTablets = {
  tables: (
    { clusterId }: LookedAtTablets & { readonly clusterId: string },
    { database }: { database: string },
    { deps }: RequestContext,
  ): Promise<LookedAtTables> => lookAtTables(deps.engine, { clusterId, database }),
};

type Table = LookedAtTables['tables'][number];

export const TableTablets = {
  unhealthyTablets: ({ unhealthy }: Table) => unhealthy.length,
  unhealthyTabletIds: ({ unhealthy }: Table) => unhealthy.slice(0, shownTablets),
  replicas: ({ replicas }: Table) => [...replicas].map(([status, count]) => ({ status, count })),
};
