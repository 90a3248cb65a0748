import type { Reading } from '../../../adapters/reading.ts';
import type { PostCheck } from '../../../domain/run.ts';
import type { NamedCheck } from '../../../domain/verdict.ts';
import { count } from '../../../domain/words.ts';
import type { AttachHostsInput } from './plan.ts';

/** Every host answered a login, and every node is tied to its host. */
export async function checkAttached(
  input: AttachHostsInput,
  { inventory, clusterId }: Pick<Reading, 'inventory' | 'clusterId'>,
): Promise<PostCheck> {
  const nodes = await inventory.listNodes(clusterId);
  const checks: NamedCheck[] = [];
  for (const wanted of input.hosts) {
    const host = await inventory.findHostByAddress(clusterId, wanted.address, wanted.port);
    const tied = wanted.nodes.filter(({ nodeId, deployDir, unit = null }) =>
      nodes.some(
        (node) => node.id === nodeId && node.hostId === host?.id && node.deployDir === deployDir && node.unit === unit,
      ),
    );
    const passed = host?.ssh === 'OK' && tied.length === wanted.nodes.length;
    checks.push({
      name: `host-${wanted.address}`,
      status: passed ? 'PASS' : 'FAIL',
      severity: 'BLOCK',
      observed: `login ${host?.ssh ?? 'not tried'}, ${tied.length} of ${count(wanted.nodes.length, 'node')} tied`,
      wanted: 'login OK, every node tied',
      hint: 'Retry the run.',
    });
  }
  return { passed: checks.every((check) => check.status === 'PASS'), checks };
}
