import { z } from 'zod';
import { theCluster } from '../../src/domain/subject.ts';
import { type AnyOperation, defineOperation } from '../../src/operations/define.ts';
import { clusterId } from '../../src/operations/input/fields.ts';
import { defineStep } from '../../src/steps/define.ts';

/**
 * An operation of one step that changes nothing, and takes the way of every operation that does: lock, check, record,
 * apply, check, record, post-check. `onApply` gets the id of the run at the moment its step begins.
 */
export function noOpOperation(onApply: (runId: string) => void): AnyOperation {
  const applied = new Set<string>();
  const noOp = defineStep({
    kind: 'noOp',
    params: z.object({}),
    about: () => theCluster,
    effect: 'changes',
    ports: [],
    timeoutMs: 60_000,
    repeat: 'safe',
    describe: () => 'Do nothing',
    check: async (_params, _ports, { runId }) => (applied.delete(runId) ? { state: 'done' } : { state: 'todo' }),
    apply: async (_params, _ports, { runId }) => {
      onApply(runId);
      applied.add(runId);
    },
    undo: { nothing: 'Nothing was done.' },
  });
  return defineOperation({
    name: 'noOp',
    title: 'Do nothing',
    version: 1,
    summary: 'Goes the way of every operation and does nothing.',
    permission: 'cluster:check',
    risk: 'low',
    target: { kind: 'cluster', from: 'clusterId' },
    input: z.object({ clusterId }),
    example: { clusterId: 'clu_01J00000000000000000000000' },
    slack: null,
    steps: [noOp],
    observe: async () => null,
    plan: () => ({ summary: 'Does nothing', steps: [noOp.with({})] }),
    postCheck: async () => ({ passed: true, checks: [] }),
  });
}
