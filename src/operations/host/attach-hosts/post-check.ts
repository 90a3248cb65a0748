import type { Reading } from '../../../adapters/reading.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { found, type NamedCheck } from '../../../domain/verdict.ts';
import { count } from '../../../domain/words.ts';
import type { EndedRun } from '../../define.ts';
import { attachNodes, attachNodesParams, tiedAmong } from './attach-host.ts';
import type { AttachHostsInput } from './plan.ts';

/** Every host answered a login, and every node is tied to its host: those that were named, and those that were found. */
export async function checkAttached(
  input: Pick<AttachHostsInput, 'hosts'>,
  { inventory, clusterId }: Pick<Reading, 'inventory' | 'clusterId'>,
  { steps }: Pick<EndedRun, 'steps'>,
): Promise<PostCheck> {
  const nodes = await inventory.listNodes(clusterId);
  const planned = steps.flatMap(({ kind, params }) =>
    kind === attachNodes.kind ? [attachNodesParams.parse(params)] : [],
  );
  const checks: NamedCheck[] = [];
  for (const { address, port } of input.hosts) {
    const host = await inventory.findHostByAddress(clusterId, address, port);
    const wanted = planned.flatMap((place) => (place.address === address && place.port === port ? place.nodes : []));
    const tied = host === null ? [] : tiedAmong(wanted, { nodes, hostId: host.id });
    checks.push(
      found(`host-${address}`, 'BLOCK', host?.ssh === 'OK' && tied.length === wanted.length, {
        observed: `login ${host?.ssh ?? 'not tried'}, ${tied.length} of ${count(wanted.length, 'node')} tied`,
        wanted: 'login OK, every node tied',
        hint: 'Retry the run.',
      }),
    );
  }
  return { passed: checks.every((check) => check.status === 'PASS'), checks };
}
