import type { NodeKind } from '../../domain/cluster.ts';
import { identityPorts, nodePorts } from '../../domain/deploy/node-ports.ts';
import type { Known } from '../../domain/known.ts';
import type { ShellReader } from './port.ts';
import { readConfOn } from './read-node-conf.ts';

const defaults = {
  FRONTEND: nodePorts.FRONTEND.edit_log_port,
  BACKEND: nodePorts.BACKEND.heartbeat_service_port,
  COMPUTE_NODE: nodePorts.COMPUTE_NODE.heartbeat_service_port,
} as const;

/** The port that tells a node from the others of its machine, as the node itself reads it from its conf file. */
export async function readIdentityPort(
  shell: ShellReader,
  node: { readonly kind: NodeKind; readonly deployDir: string },
  signal: AbortSignal,
): Promise<Known<number>> {
  const key = identityPorts[node.kind];
  const conf = await readConfOn(shell, node, { keys: [key], signal });
  return typeof conf === 'string' ? { unknown: conf } : conf.port(key, defaults[node.kind]);
}
