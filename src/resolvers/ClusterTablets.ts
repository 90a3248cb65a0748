import type { Cluster } from '../domain/cluster.ts';
import { balancingInWords } from '../domain/tablets/balancing.ts';
import {
  type LookedAtBalancing,
  type LookedAtDisks,
  type LookedAtTables,
  type LookedAtTablets,
  lookAtBalancing,
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

/** The field `Cluster.balancing`. */
export function balancingOf(
  { id }: Pick<Cluster, 'id'>,
  _: unknown,
  { deps }: RequestContext,
): Promise<LookedAtBalancing> {
  return lookAtBalancing(deps.engine, id);
}

export const ClusterBalancing = {
  state: ({ isOn }: LookedAtBalancing) => onOff(isOn),
  colocationGroups: ({ isColocateOn }: LookedAtBalancing) => onOff(isColocateOn),
  until: ({ keptBy }: LookedAtBalancing) => keptBy?.until ?? null,
  keptBy: ({ keptBy }: LookedAtBalancing, _: unknown, { loaders }: RequestContext) =>
    keptBy === null ? null : loaders.run.load(keptBy.runId),
  summary: (looked: LookedAtBalancing) => balancingInWords(looked),
};

type Frontend = LookedAtBalancing['frontends'][number];

export const FrontendBalancing = {
  leads: ({ isLeader }: Frontend) => isLeader,
  state: ({ isOn }: Frontend) => onOff(isOn),
  colocationGroups: ({ isColocateOn }: Frontend) => onOff(isColocateOn),
};

function onOff(isOn: boolean | null): 'ON' | 'OFF' | 'UNKNOWN' {
  return isOn === null ? 'UNKNOWN' : isOn ? 'ON' : 'OFF';
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
