import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { problemsIn, readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { nodeKinds, type ObservedNode } from '../../../domain/cluster.ts';
import { findSameNode } from '../../../domain/node-identity.ts';
import { isSameProcess, type ProcessId } from '../../../domain/process-id.ts';
import { findLeader } from '../../../domain/quorum.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import { isSameRelease } from '../../../domain/version.ts';
import { AppError } from '../../../errors.ts';
import { defineStep, type Ports } from '../../../steps/define.ts';
import { guardNode } from './guard-node.ts';
import { lastLogLines, type NodePlace, nodePlace } from './node-place.ts';
import { noteProcess } from './note-process.ts';
import { queryWindow, type Sample, sample, sampleOf, windowOf } from './query-sample.ts';

/**
 * A gate of upgrades: the process lives, and the cluster itself says that the node is alive since a new start and runs
 * the wanted version. A process that died, or a node that came back with another version, fails at once: waiting would
 * not help.
 */
export const awaitVersion = defineStep({
  kind: 'awaitVersion',
  params: nodePlace.extend({ toVersion: z.string() }),
  about: nodeSubject,
  effect: 'brings-back',
  facts: z.object({ startedAt: z.string().nullable(), version: z.string().nullable(), sample }),
  observed: ({ version }) => version,
  needs: { noted: [guardNode, noteProcess] },
  ports: ['sql', 'http', 'node'],
  timeoutMs: ({ gateTimeoutSeconds }) => gateTimeoutSeconds * 1_000,
  repeat: 'safe',
  describe: ({ label, toVersion }) => `Wait until the cluster says that ${label} is alive with ${toVersion}`,
  check: async (place, ports, { signal, found: { noted }, now, startedAt }) => {
    const { toVersion } = place;
    const back = await lookWhetherBack(place, ports, {
      noted: { process: noted?.process ?? null, startedAt: noted?.startedAt ?? null },
      startedWith: toVersion,
      isWanted: (version) => isSameRelease(version, toVersion),
      otherwise: {
        wanted: `not with ${toVersion}`,
        hint: 'The archive does not hold what its name says, or the node runs from another directory.',
      },
      signal,
      waitedMs: startedAt === null ? 0 : now().getTime() - startedAt.getTime(),
    });
    if (back.state !== 'back') return back;
    const { row, nodes, records } = back;
    const seen = { startedAt: row.startedAt, version: row.version };
    return {
      state: 'done',
      facts: { ...seen, sample: await sampleOf(ports.http, { nodes, at: now(), signal }) },
      records,
    };
  },
  diagnose: async (place, { node }, { signal }) => lastLogLines(await node(place), signal),
  undo: { nothing: 'It only waits.' },
});

/**
 * The same gate for a node that keeps its binaries: it has to come back with the very version, build included, that it
 * ran before. Plans of before it knew where the node's process is do not name its place, and then only the cluster is
 * asked.
 */
export const awaitNode = defineStep({
  kind: 'awaitNode',
  params: z.object({
    nodeId: z.string(),
    label: z.string(),
    kind: z.enum(nodeKinds),
    host: z.string(),
    port: z.number(),
    place: z.object({ hostId: z.string(), deployDir: z.string(), unit: z.string().nullable() }).optional(),
    /** The version that it ran when the plan was made; null = unknown, or any will do. */
    version: z.string().nullable().default(null),
    gateTimeoutSeconds: z.number().default(300),
    /** When it was started before this run, in plans of older versions; newer ones have it from the guard. */
    startedBefore: z.string().nullable().optional(),
  }),
  about: nodeSubject,
  effect: 'brings-back',
  facts: z.object({
    startedAt: z.string().nullable(),
    version: z.string().nullable(),
    sample,
    /** What frontends counted while the node was away; null = nobody counted. */
    away: queryWindow.nullable(),
  }),
  observed: ({ version }) => version,
  needs: { noted: [guardNode] },
  ports: ['sql', 'http', 'node'],
  timeoutMs: ({ gateTimeoutSeconds }) => gateTimeoutSeconds * 1_000,
  repeat: 'safe',
  describe: ({ label, version }) =>
    `Wait until the cluster says that ${label} is alive again${version === null ? '' : ` with ${version}`}`,
  check: async (params, ports, { signal, found: { noted }, now, startedAt }) => {
    const before = params.version === null ? null : (noted?.version ?? params.version);
    const { place, ...known } = params;
    const back = await lookWhetherBack({ ...known, ...place }, ports, {
      noted: { process: noted?.process ?? null, startedAt: noted?.startedAt ?? params.startedBefore ?? null },
      startedWith: null,
      isWanted: (version) => before === null || version === before,
      otherwise: {
        wanted: `and ran ${before ?? 'no known version'} before`,
        hint: 'Somebody replaced its binaries. Look at what lies in its directory before any other node is restarted.',
      },
      signal,
      waitedMs: startedAt === null ? 0 : now().getTime() - startedAt.getTime(),
    });
    if (back.state !== 'back') return back;
    const { row, nodes, records } = back;
    const after = await sampleOf(ports.http, { nodes, at: now(), signal });
    return {
      state: 'done',
      facts: { startedAt: row.startedAt, version: row.version, sample: after, away: sinceNoted(noted?.sample, after) },
      records,
    };
  },
  diagnose: async ({ place, ...known }, { node }, { signal }) =>
    place === undefined ? [] : lastLogLines(await node({ ...known, ...place }), signal),
  undo: { nothing: 'It only waits.' },
});

function sinceNoted(before: Sample | undefined, after: Sample) {
  return before === undefined ? null : windowOf(before, after);
}

type Looked = Pick<NodePlace, 'nodeId' | 'label' | 'kind' | 'host' | 'port'> &
  Partial<Pick<NodePlace, 'hostId' | 'deployDir' | 'unit'>>;

type Wanted = {
  /** What was recorded before the node was stopped. */
  readonly noted: { readonly process: ProcessId | null; readonly startedAt: string | null };
  /** The version it was started with, for the sentence about a process that died; null = the one that it had. */
  readonly startedWith: string | null;
  readonly isWanted: (version: string) => boolean;
  /** The end of the sentence about another version, and what to do about it. */
  readonly otherwise: { readonly wanted: string; readonly hint: string };
  readonly signal: AbortSignal;
  /** How long it has been waited for, in milliseconds. */
  readonly waitedMs: number;
};

/** So long after the start a node is looked for more often: the next one waits for it. */
const soonMs = 10_000;

/** Whether the node serves again since a new start, what is missing yet, or why it will not. */
async function lookWhetherBack(
  place: Looked,
  { sql, http, node }: Pick<Reading, 'sql' | 'http' | 'node'>,
  wanted: Wanted,
) {
  const { signal, noted, waitedMs } = wanted;
  const moving = (message: string) => ({
    state: 'moving' as const,
    progress: { completed: 0, total: null, message },
    wakeAfterMs: waitedMs < soonMs ? 100 : 300,
  });
  const { hostId, deployDir } = place;
  // Without waiting for a leader: a missing leader is only one more thing that has to come yet.
  const topology = await readTopology(sql, { signal }, { waitMs: 0 });
  const nodes = toObservedNodes(topology);
  const row = findSameNode(nodes, place);
  if (row === undefined) return gone(place);
  const missing = whatIsMissing(place, row, { nodes, before: noted.startedAt, wanted });
  if (missing !== null && hostId !== undefined && deployDir !== undefined) {
    // A node that is only not there yet may have died on its way.
    const running = await (await node({ ...place, hostId, deployDir })).process({ signal, recentMs: 1_000 });
    if (running === null) return hasEnded(place, wanted);
    // A process that went on running, though it was told to stop, has no new start to report.
    const isOld = isSameProcess(running, noted.process);
    const same = isOld ? whatIsMissing(place, row, { nodes, before: null, wanted }) : missing;
    if (same !== null) return typeof same === 'string' ? moving(same) : same;
  } else if (missing !== null) return typeof missing === 'string' ? moving(missing) : missing;
  if (row.httpPort !== null && !(await isHealthy(http, { host: row.host, httpPort: row.httpPort }, signal)))
    return moving(`${place.label} does not answer /api/health yet`);
  const seen = { record: 'topologySeen' as const, topology: { nodes, runMode: null, problems: problemsIn(topology) } };
  return { state: 'back' as const, row, nodes, records: [seen] };
}

function hasEnded({ label }: Looked, { startedWith }: Wanted) {
  return {
    state: 'blocked' as const,
    code: 'COMMAND_FAILED' as const,
    message: `${label} was started${startedWith === null ? '' : ` with ${startedWith}`}, but its process has ended`,
    hint: "The node's last log lines say why.",
  };
}

function gone({ label }: Looked) {
  return {
    state: 'blocked' as const,
    code: 'POSTCHECK_FAILED' as const,
    message: `${label} is not in the cluster any more`,
    hint: 'Look at SHOW FRONTENDS and SHOW BACKENDS.',
  };
}

type Missing = string | { state: 'blocked'; code: 'POSTCHECK_FAILED'; message: string; hint: string } | null;

/** What the cluster does not show yet. A text = it may still come; null = nothing is missing. */
function whatIsMissing(
  { label }: Looked,
  row: ObservedNode,
  { nodes, before, wanted }: { nodes: readonly ObservedNode[]; before: string | null; wanted: Wanted },
): Missing {
  if (!row.alive) return `${label} is not alive yet${row.errorMessage === null ? '' : `: ${row.errorMessage}`}`;
  if (row.startedAt === null || row.startedAt === before) return `${label} has not reported its new start yet`;
  if (row.version === null || !wanted.isWanted(row.version)) {
    return {
      state: 'blocked',
      code: 'POSTCHECK_FAILED',
      message: `${label} came back with ${row.version ?? 'no version'}, ${wanted.otherwise.wanted}`,
      hint: wanted.otherwise.hint,
    };
  }
  return findLeader(nodes) === undefined ? 'The frontends have no leader yet' : null;
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
