import { z } from 'zod';
import { nodeSubject } from '../../../domain/subject.ts';
import { defineStep } from '../../../steps/define.ts';
import { guardNode } from './guard-node.ts';

/** Writes down that the node is down on purpose, so that its alerts say who wants that until it is started. */
export const rememberStopped = defineStep({
  kind: 'rememberStopped',
  params: z.object({ nodeId: z.string(), label: z.string() }),
  about: nodeSubject,
  effect: 'changes',
  needs: { noted: [guardNode] },
  ports: ['inventory'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: ({ label }) => `Write down that ${label} is stopped on purpose`,
  check: async ({ nodeId }, { inventory }, { clusterId, runId }) => {
    const stopped = await inventory.listStoppedNodes(clusterId);
    return stopped.some((node) => node.nodeId === nodeId && node.runId === runId)
      ? { state: 'done' }
      : { state: 'todo' };
  },
  apply: async ({ nodeId }, _ports, { found }) => ({
    state: 'done',
    records: [{ record: 'nodeStopped', nodeId, startedBefore: found.noted?.startedAt ?? null }],
  }),
  undo: { nothing: 'Starting the node ends it.' },
});
