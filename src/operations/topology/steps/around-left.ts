import type { Reading } from '../../../adapters/reading.ts';
import { surveyHost } from '../../../adapters/ssh/survey-host.ts';
import type { Host } from '../../../domain/cluster.ts';
import type { AroundLeft, LeftNode } from '../../../domain/topology-change/purge.ts';

type Asking = Pick<Reading, 'shell' | 'inventory' | 'signal'>;

/** A plan has 25 s in all; what a host does not answer in time is unknown, and that is a refusal. */
const surveyTimeoutMs = 15_000;

/** Who is known and who is seen on the machine of a node that has left, whosever it is. */
export async function lookAroundLeft(
  node: LeftNode,
  host: Host,
  { shell, inventory, signal }: Asking,
): Promise<AroundLeft> {
  const { id: hostId, clusterId, address, hostKeyFingerprint } = host;
  const [neighbours, left] = await Promise.all([
    inventory.listNeighbours({
      clusterId,
      addresses: [...new Set([address, node.host])],
      hostKeys: hostKeyFingerprint === null ? [] : [hostKeyFingerprint],
    }),
    inventory.listRemovedNodes(clusterId),
  ]);
  const places = neighbours.flatMap(({ kind, deployDir, ...each }) => {
    const isThere =
      each.hostId === hostId ||
      [each.host, each.hostAddress].includes(address) ||
      (hostKeyFingerprint !== null && each.hostKeyFingerprint === hostKeyFingerprint);
    return deployDir !== null && isThere ? [{ kind, deployDir }] : [];
  });
  const question = { paths: [], javaHomes: [], places };
  const survey = await surveyHost(await shell(hostId), question, {
    hostId,
    address,
    signal,
    timeoutMs: surveyTimeoutMs,
  });
  return {
    host: { hostId, address, hostKeyFingerprint },
    survey,
    neighbours,
    otherLeft: left.filter(({ id, purgedAt }) => id !== node.id && purgedAt === null),
  };
}
