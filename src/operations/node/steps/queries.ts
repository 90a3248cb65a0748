import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { theCluster } from '../../../domain/subject.ts';
import { type QueryWindow, whatGotWorse } from '../../../domain/upgrade/query-health.ts';
import { defineStep } from '../../../steps/define.ts';
import { awaitNode, awaitVersion } from './await-back.ts';
import { lastLogLines, nodePlace } from './node-place.ts';
import { queryWindow, type Sample, sample, sampleOf, windowOf } from './query-sample.ts';

/** Reads the counters before anything is done: the first half of the baseline. */
export const sampleQueries = defineStep({
  kind: 'sampleQueries',
  params: z.object({}),
  about: () => theCluster,
  effect: 'looks',
  facts: z.object({ sample }),
  ports: ['sql', 'http'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: () => 'Read how many queries run and fail, and how long they take',
  check: async (_params, { sql, http }, { signal, now }) => ({
    state: 'done',
    facts: { sample: await sampleNow({ sql, http }, { at: now(), signal }) },
  }),
  undo: { nothing: 'It only looks.' },
});

/** Reads the second half of the baseline: what is normal, with which everything later is compared. */
export const measureBaseline = defineStep({
  kind: 'measureBaseline',
  params: z.object({ seconds: z.number() }),
  about: () => theCluster,
  effect: 'looks',
  facts: z.object({ baseline: queryWindow }),
  needs: { first: [sampleQueries] },
  ports: ['sql', 'http'],
  timeoutMs: ({ seconds }) => (seconds + 60) * 1_000,
  repeat: 'safe',
  describe: ({ seconds }) => `Measure what is normal, over at least ${seconds} s`,
  check: async ({ seconds }, { sql, http }, { signal, now, found }) => {
    const before = found.first?.sample ?? null;
    const waited = waitFor(before, { seconds, at: now(), what: 'Measures what is normal' });
    if (waited !== null) return waited;
    const after = await sampleNow({ sql, http }, { at: now(), signal });
    return { state: 'done', facts: { baseline: windowOf(before, after) } };
  },
  undo: { nothing: 'It only looks.' },
});

/**
 * A node that is watched. The steps are about the cluster and not about the node: it is back, and its alerts must not be
 * muted any more.
 */
const watched = nodePlace.pick({ label: true, kind: true, hostId: true, deployDir: true }).extend({
  seconds: z.number(),
  factor: z.number(),
  /** Nodes that were down before and are left so: `host:port`. */
  leftDown: z.array(z.string()).optional(),
});

/** A gate: since the node is back, queries neither fail nor wait more than the factor allows. */
export const compareQueries = defineStep({
  kind: 'compareQueries',
  params: watched,
  about: () => theCluster,
  effect: 'looks',
  facts: z.object({ window: queryWindow }),
  needs: { back: [awaitVersion, awaitNode], normal: [measureBaseline] },
  ports: ['sql', 'http', 'node'],
  timeoutMs: ({ seconds }) => (seconds + 60) * 1_000,
  repeat: 'safe',
  describe: ({ label, factor }) =>
    `Compare errors and latency of queries since ${label} is back with before (at most ${factor} times)`,
  check: async ({ label, seconds, factor }, { sql, http }, { signal, now, found }) => {
    const before = found.back?.sample ?? null;
    const waited = waitFor(before, { seconds, at: now(), what: `Watches queries with ${label} back` });
    if (waited !== null) return waited;
    const after = await sampleNow({ sql, http }, { at: now(), signal });
    return judge(found.normal?.baseline ?? null, windowOf(before, after), { label, factor });
  },
  diagnose: async (place, { node }, { signal }) => lastLogLines(await node(place), signal),
  undo: { nothing: 'It only looks.' },
});

/** After the first node: waits, and checks that every node stays alive and queries stay well. */
export const soak = defineStep({
  kind: 'soak',
  params: watched,
  about: () => theCluster,
  effect: 'looks',
  needs: { back: [awaitVersion, awaitNode], normal: [measureBaseline] },
  ports: ['sql', 'http', 'node'],
  timeoutMs: ({ seconds }) => (seconds + 300) * 1_000,
  repeat: 'safe',
  describe: ({ label, seconds }) => `Watch the cluster for ${seconds} s with ${label} back`,
  check: async ({ label, seconds, factor, leftDown = [] }, { sql, http }, { signal, now, startedAt, found }) => {
    const nodes = toObservedNodes(await readTopology(sql, { signal }));
    const dead = nodes.filter((node) => !node.alive && !leftDown.includes(`${node.host}:${node.port}`));
    if (dead.length > 0) {
      return {
        state: 'blocked',
        code: 'POSTCHECK_FAILED',
        message: `While the cluster was watched, ${dead.map((node) => `${node.host}:${node.port}`).join(', ')} went away`,
        hint: 'Find out why. Then retry the run to go on, or undo it.',
      };
    }
    const passedMs = startedAt === null ? 0 : now().getTime() - startedAt.getTime();
    if (passedMs < seconds * 1_000) {
      const message = `${Math.floor(passedMs / 1_000)} of ${seconds} s watched`;
      return {
        state: 'moving',
        progress: { completed: Math.floor(passedMs / 1_000), total: seconds, message: `Watches ${label}: ${message}` },
        wakeAfterMs: Math.min(Math.max(seconds * 1_000 - passedMs, 50), 5_000),
      };
    }
    const after = await sampleNow({ sql, http }, { at: now(), signal });
    return judge(found.normal?.baseline ?? null, windowOf(found.back?.sample ?? null, after), { label, factor });
  },
  diagnose: async (place, { node }, { signal }) => lastLogLines(await node(place), signal),
  undo: { nothing: 'It only looks.' },
});

function judge(
  baseline: QueryWindow | null,
  window: QueryWindow,
  { label, factor }: { label: string; factor: number },
) {
  const worse = baseline === null ? null : whatGotWorse(baseline, window, factor);
  if (worse === null) return { state: 'done' as const, facts: { window: { ...window } } };
  return {
    state: 'blocked' as const,
    code: 'POSTCHECK_FAILED' as const,
    message: `Queries are worse off since ${label} is back: ${worse}`,
    hint: 'Look at fe.audit.log for what fails. Then retry the run, or undo it.',
  };
}

/** Null once the window is long enough to be compared. */
function waitFor(before: Sample | null, { seconds, at, what }: { seconds: number; at: Date; what: string }) {
  const passedMs = before === null ? 0 : at.getTime() - before.atMs;
  if (before === null || passedMs >= seconds * 1_000) return null;
  return {
    state: 'moving' as const,
    progress: { completed: Math.floor(passedMs / 1_000), total: seconds, message: what },
    wakeAfterMs: Math.min(Math.max(seconds * 1_000 - passedMs, 50), 5_000),
  };
}

async function sampleNow(
  { sql, http }: Pick<Reading, 'sql' | 'http'>,
  { at, signal }: { at: Date; signal: AbortSignal },
): Promise<Sample> {
  const nodes = toObservedNodes(await readTopology(sql, { signal }));
  return sampleOf(http, { nodes, at, signal });
}
