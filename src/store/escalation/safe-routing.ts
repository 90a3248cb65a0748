import { type AlertRoute, callsSomebody, routeOf } from '../../domain/alert-route.ts';
import { AppError } from '../../errors.ts';
import type { Tx } from '../database.ts';
import { listClusters } from '../reads/clusters.ts';
import { findCallable, listRotations } from '../reads/escalations.ts';
import { wholeList } from '../reads/visibility.ts';
import type { RoutingChange } from './routing-change.ts';

type Both = {
  readonly before: readonly AlertRoute[];
  readonly after: readonly AlertRoute[];
  /** The name of a rotation that has just changed; left out = none has. */
  readonly rotation?: string;
  readonly by: RoutingChange;
};

/**
 * Nobody takes the CRITICAL alerts of production away: wherever a change reaches them, each of its clusters, and one that has yet to
 * come, has a channel for them afterwards, and somebody to call who can be reached.
 */
export async function refuseUnsafe(tx: Tx, { before, after, rotation, by }: Both): Promise<void> {
  const { approvalEnvironments, defaultChannel } = by;
  const clusters = (await clustersOf(tx)).filter(({ environment }) => approvalEnvironments.includes(environment));
  const places = [
    ...clusters.map(({ id, name, environment }) => ({ clusterId: id, environment, called: name })),
    ...approvalEnvironments.map((environment) => ({
      clusterId: '',
      environment,
      called: `clusters of ${environment}`,
    })),
  ];
  const reached = await reachedRotations(tx, by);
  const calls = (route: AlertRoute) => callsSomebody(route, (name) => reached.includes(name));
  for (const { called, ...place } of places) {
    const alert = { ...place, severity: 'CRITICAL' as const };
    const [was, is] = [routeOf(before, alert), routeOf(after, alert)];
    const usesChanged = rotation !== undefined && is?.rotation === rotation;
    if (was?.id === is?.id && !usesChanged) continue;
    if ((is?.channel ?? defaultChannel) === null) throw unsafe(`CRITICAL alerts of ${called} would go to no channel`);
    if (is === null ? was !== null && callsSomebody(was, () => true) : !calls(is))
      throw unsafe(`Nobody who can be reached would be called for CRITICAL alerts of ${called}`);
  }
}

export async function clustersOf(tx: Tx, clusterId?: string) {
  const clusters = await listClusters(tx, { visibility: 'everywhere', filter: {}, page: wholeList });
  return clusterId === undefined ? clusters : clusters.filter(({ id }) => id === clusterId);
}

/** The names of the rotations in which somebody may log in and can be mentioned in Slack. */
async function reachedRotations(tx: Tx, { linkedNames }: RoutingChange): Promise<readonly string[]> {
  const rotations = await listRotations(tx, { visibility: 'everywhere', past: false });
  const ids = rotations.flatMap(({ persons }) => persons.map(({ id }) => id));
  const callable = await findCallable(tx, [...new Set(ids)]);
  const reachable = callable.filter(({ name, hasAccount }) => hasAccount || linkedNames.includes(name));
  return rotations
    .filter(({ persons }) => persons.some(({ id }) => reachable.some((each) => each.id === id)))
    .map(({ name }) => name);
}

function unsafe(message: string): AppError {
  return new AppError('PRECONDITION_FAILED', message, {
    hint: 'A route names a channel, and a user group, a webhook, or a rotation in which somebody has linked a Slack account (/sr link).',
    path: ['input'],
  });
}
