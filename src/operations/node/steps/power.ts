import { z } from 'zod';
import { nodeKinds } from '../../../domain/cluster.ts';
import type { StepSpec } from '../../../domain/plan.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import { defineStep } from '../../../steps/define.ts';
import { processId } from '../../../steps/process-id.ts';
import { awaitNode } from './await-back.ts';
import { awaitTablets } from './await-tablets.ts';
import { guardNode } from './guard-node.ts';
import { lastLogLines } from './node-place.ts';
import { lookWhetherStarted, starting, startProcess } from './start-process.ts';
import { lookWhetherStopped, stopProcess, stopping } from './stop-process.ts';

/**
 * A node and where it runs. Which process is to end is found right before it is stopped, by the guard: only plans of
 * older versions name a `process`, and they have no guard.
 */
const powered = z.object({
  nodeId: z.string(),
  label: z.string(),
  kind: z.enum(nodeKinds),
  hostId: z.string(),
  deployDir: z.string(),
  /** The version that it reported when the plan was made; empty = none. It decides how the node can be stopped. */
  version: z.string(),
  /** The systemd unit that runs it; null = StarRocks' own scripts do. */
  unit: z.string().nullable().default(null),
  process: processId.nullable().optional(),
});

/**
 * Starts the node. Whoever had stopped it on purpose is not the reason for its absence any more, whatever follows: that is
 * written before the first try, since a node that cannot be started is one to be told about.
 */
export const startNode = defineStep({
  ...starting,
  kind: 'startNode',
  params: powered,
  about: nodeSubject,
  needs: { noted: [guardNode] },
  ports: ['node'],
  describe: ({ label }) => `Start ${label}`,
  recordsBefore: (place) => startedBy(place),
  check: async (place, { node }, { signal, found, startedAt, now }) => {
    const before = found.noted?.process ?? place.process ?? null;
    const looked = await lookWhetherStarted(place, { before, node, signal, startedAt, now });
    // Somebody else may have started it, and then nothing is applied.
    return looked.state === 'done' ? { ...looked, records: startedBy(place) } : looked;
  },
  apply: async (place, { node }, { signal, log, found }) => {
    const before = found.noted?.process ?? place.process ?? null;
    return startProcess(place, { before, as: 'started', node, signal, log });
  },
  diagnose: async (place, { node }, { signal }) => lastLogLines(await node(place), signal),
  undo: {
    nothing: 'The node runs; stopping it again would help nobody. stopNodes stops it, with the guards of a stop.',
  },
});

function startedBy({ nodeId }: { readonly nodeId: string }) {
  return [{ record: 'nodeStarted' as const, nodeId }];
}

/** What is needed to bring a node back that a failed lane has stopped. */
const wayBack = z.object({
  host: z.string(),
  port: z.number(),
  hasTablets: z.boolean(),
  gateTimeoutSeconds: z.number(),
});

const stopped = powered.extend({
  graceful: z.boolean(),
  timeoutSeconds: z.number(),
  /** Absent in plans that leave the node down, and in those of older versions. */
  back: wayBack.optional(),
});

/** Stops the process that the guard has recorded, and no other. */
export const stopNode = defineStep({
  ...stopping,
  kind: 'stopNode',
  params: stopped,
  about: nodeSubject,
  needs: { noted: [guardNode] },
  ports: ['node'],
  timeoutMs: ({ timeoutSeconds }) => (timeoutSeconds + 300) * 1_000,
  describe: ({ label, graceful }) => `Stop ${label}${graceful ? ', letting its work end' : ''}`,
  check: async (place, { node }, { signal, attempts, found }) =>
    lookWhetherStopped(place, found.noted === null ? place.process : found.noted.process, { node, signal, attempts }),
  apply: async (place, { node }, { signal, log, found }) => {
    const noted = found.noted === null ? place.process : found.noted.process;
    const { graceful, timeoutSeconds, version } = place;
    return stopProcess(place, noted, { node, signal, log, how: { graceful, timeoutSeconds, version } });
  },
  undo: { steps: (place) => [startNode.with(place)] },
  recover: (place) => bringBack(place),
  recoversAlready: true, // a node that died before its turn, of a lane that has begun, is not left down
});

/** The node is brought up again, with whatever version it has: that something was wrong with it is said by then. */
function bringBack({
  graceful: _graceful,
  timeoutSeconds: _timeout,
  back,
  ...place
}: z.infer<typeof stopped>): StepSpec[] {
  if (back === undefined) return [];
  const { host, port, hasTablets, gateTimeoutSeconds } = back;
  const { nodeId, label, kind, hostId, deployDir, unit } = place;
  return [
    startNode.with(place),
    awaitNode.with({
      ...{ nodeId, label, kind, host, port },
      ...{ place: { hostId, deployDir, unit }, version: null, gateTimeoutSeconds },
    }),
    ...(hasTablets ? [awaitTablets.with({ label, gateTimeoutSeconds })] : []),
  ];
}
