import { z } from 'zod';
import type { NodeHttp } from '../../../adapters/http/port.ts';
import { problemsIn, readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { InventoryRecord } from '../../../domain/inventory.ts';
import { findSameNode } from '../../../domain/node-identity.ts';
import { notJoinedYet } from '../../../domain/topology-change/joining.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { member, newNodeSubject } from './member.ts';

/**
 * A gate: the cluster says that the node is alive, with the wanted version; a frontend has joined and replays. What is
 * then known of the cluster is recorded, and where the node is.
 */
export const awaitJoined = defineStep({
  kind: 'awaitJoined',
  params: member.extend({
    /** Null = whatever it runs, which is recorded. */
    version: z.string().nullable(),
    /** Where it runs; null = on no host that is attached. */
    place: z.object({ hostId: z.string(), deployDir: z.string(), unit: z.string().nullable() }).nullable(),
    timeoutSeconds: z.number(),
  }),
  about: newNodeSubject,
  effect: 'looks',
  facts: z.object({ version: z.string().nullable() }),
  observed: ({ version }) => version,
  ports: ['sql', 'http'],
  timeoutMs: ({ timeoutSeconds }) => timeoutSeconds * 1_000,
  repeat: 'safe',
  describe: ({ label, version }) =>
    `Wait until the cluster says that ${label} is alive${version === null ? '' : ` with ${version}`}`,
  check: async (node, { sql, http }, { signal }) => {
    // A missing leader is one more thing that has to come yet.
    const topology = await readTopology(sql, { signal }, { waitMs: 0 });
    const nodes = toObservedNodes(topology);
    const row = findSameNode(nodes, node);
    const frontend = topology.frontends.find(
      ({ host, editLogPort }) => host === node.host && editLogPort === node.port,
    );
    const missing = notJoinedYet(node, { row, frontend: node.kind === 'FRONTEND' ? frontend : undefined });
    const answer = missing ?? (await notHealthyYet(node, { http, httpPort: row?.httpPort ?? null, signal }));
    if (typeof answer === 'string')
      return { state: 'moving', progress: { completed: 0, total: null, message: answer }, wakeAfterMs: 500 };
    if (answer !== null) return { state: 'blocked', ...answer };
    const { kind, host, port, place } = node;
    const records: InventoryRecord[] = [
      { record: 'topologySeen', topology: { nodes, runMode: null, problems: problemsIn(topology) } },
    ];
    if (place !== null) records.push({ record: 'nodePlaced', node: { kind, host, port }, place });
    return { state: 'done', facts: { version: row?.version ?? null }, records };
  },
  undo: { nothing: 'It only waits.' },
});

/** A frontend is ready when it says so itself: it may be seen alive while it still reads its metadata. */
async function notHealthyYet(
  { label, kind, host }: z.infer<typeof member>,
  { http, httpPort, signal }: { http: NodeHttp; httpPort: number | null; signal: AbortSignal },
): Promise<string | null> {
  if (httpPort === null) return `${label} has not told its HTTP port yet`;
  try {
    const isWell =
      kind === 'FRONTEND'
        ? (await http.frontendHa({ host, httpPort }, { signal })).isReady
        : await http.health({ host, httpPort }, { signal });
    return isWell ? null : `${label} is alive and does not say over HTTP that it is ready yet`;
  } catch (error) {
    if (error instanceof AppError && error.retryable) return `${label} does not answer over HTTP yet`;
    throw error;
  }
}
