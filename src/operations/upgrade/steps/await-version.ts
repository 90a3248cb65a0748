import { z } from 'zod';
import { problemsIn, readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { ObservedNode } from '../../../domain/cluster.ts';
import { findSameNode } from '../../../domain/node-identity.ts';
import { isSameProcess } from '../../../domain/process-id.ts';
import { findLeader } from '../../../domain/quorum.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import { isSameRelease } from '../../../domain/version.ts';
import { AppError } from '../../../errors.ts';
import { defineStep, type Ports } from '../../../steps/define.ts';
import { guardNode } from './guard.ts';
import { noteProcess } from './note-process.ts';
import { lastLogLines, type NodeMove, nodeMove } from './place.ts';
import { sample, sampleOf } from './query-sample.ts';

/** So long after the start a node is looked for more often: the next one waits for it. */
const soonMs = 10_000;

/**
 * A gate: the process lives, and the cluster itself says that the node is alive since a new start and runs the wanted
 * version. A process that died, or a node that came back with another version, fails at once: waiting would not help.
 */
export const awaitVersion = defineStep({
  kind: 'awaitVersion',
  params: nodeMove,
  about: nodeSubject,
  effect: 'brings-back',
  facts: z.object({ startedAt: z.string().nullable(), version: z.string().nullable(), sample }),
  observed: ({ version }) => version,
  needs: { noted: [guardNode, noteProcess] },
  ports: ['sql', 'http', 'node'],
  timeoutMs: ({ gateTimeoutSeconds }) => gateTimeoutSeconds * 1_000,
  repeat: 'safe',
  describe: ({ label, toVersion }) => `Wait until the cluster says that ${label} is alive with ${toVersion}`,
  check: async (move, ports, { signal, found: { noted }, now, startedAt }) => {
    // Without waiting for a leader: a missing leader is only one more thing that has to come yet.
    const topology = await readTopology(ports.sql, { signal }, { waitMs: 0 });
    const nodes = toObservedNodes(topology);
    const row = findSameNode(nodes, move);
    const moving = (message: string) => ({
      state: 'moving' as const,
      progress: { completed: 0, total: null, message },
      wakeAfterMs: startedAt === null || now().getTime() - startedAt.getTime() < soonMs ? 100 : 300,
    });
    const missing = whatIsMissing(move, row, { nodes, before: noted?.startedAt ?? null });
    if (missing !== null) {
      // A node that is only not there yet may have died on its way.
      const running = await (await ports.node(move)).process({ signal, recentMs: 1_000 });
      if (running === null) return hasEnded(move);
      // A process that went on running, though it was told to stop, has no new start to report.
      const isOld = isSameProcess(running, noted?.process ?? null);
      const same = isOld ? whatIsMissing(move, row, { nodes, before: null }) : missing;
      if (same !== null) return typeof same === 'string' ? moving(same) : same;
    }
    if (row?.httpPort != null && !(await isHealthy(ports.http, { host: row.host, httpPort: row.httpPort }, signal)))
      return moving(`${move.label} does not answer /api/health yet`);
    return {
      state: 'done',
      facts: {
        startedAt: row?.startedAt ?? null,
        version: row?.version ?? null,
        sample: await sampleOf(ports.http, { nodes, at: now(), signal }),
      },
      records: [{ record: 'topologySeen', topology: { nodes, runMode: null, problems: problemsIn(topology) } }],
    };
  },
  diagnose: async (move, { node }, { signal }) => lastLogLines(await node(move), signal),
  undo: { nothing: 'It only waits.' },
});

function hasEnded(move: NodeMove) {
  return {
    state: 'blocked' as const,
    code: 'COMMAND_FAILED' as const,
    message: `${move.label} was started with ${move.toVersion}, but its process has ended`,
    hint: "The node's last log lines say why.",
  };
}

type Missing = string | { state: 'blocked'; code: 'POSTCHECK_FAILED'; message: string; hint: string } | null;

/** What the cluster does not show yet. A text = it may still come; null = nothing is missing. */
function whatIsMissing(
  move: NodeMove,
  row: ObservedNode | undefined,
  { nodes, before }: { nodes: readonly ObservedNode[]; before: string | null },
): Missing {
  if (row === undefined) {
    return {
      state: 'blocked',
      code: 'POSTCHECK_FAILED',
      message: `${move.label} is not in the cluster any more`,
      hint: 'Look at SHOW FRONTENDS and SHOW BACKENDS.',
    };
  }
  if (!row.alive) return `${move.label} is not alive yet${row.errorMessage === null ? '' : `: ${row.errorMessage}`}`;
  if (row.startedAt === null || row.startedAt === before) return `${move.label} has not reported its new start yet`;
  if (row.version === null || !isSameRelease(row.version, move.toVersion)) {
    return {
      state: 'blocked',
      code: 'POSTCHECK_FAILED',
      message: `${move.label} came back with ${row.version ?? 'no version'}, not with ${move.toVersion}`,
      hint: 'The archive does not hold what its name says, or the node runs from another directory.',
    };
  }
  const leader = findLeader(nodes);
  return leader === undefined ? 'The frontends have no leader yet' : null;
}

async function isHealthy(
  http: Ports['http'],
  node: { host: string; httpPort: number },
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await http.health(node, { signal });
  } catch (error) {
    if (error instanceof AppError && error.retryable) return false;
    throw error;
  }
}
