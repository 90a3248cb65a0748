import type { StepSpec } from '../../../domain/plan.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import { defineStep } from '../../../steps/define.ts';
import { awaitVersion } from '../../node/steps/await-back.ts';
import { awaitTablets } from '../../node/steps/await-tablets.ts';
import { guardNode } from '../../node/steps/guard-node.ts';
import { lastLogLines } from '../../node/steps/node-place.ts';
import { noteProcess } from '../../node/steps/note-process.ts';
import { lookWhetherStarted, starting, startProcess } from '../../node/steps/start-process.ts';
import { lookWhetherStopped, stopProcess, stopping } from '../../node/steps/stop-process.ts';
import { nodeMove, reversed } from './place.ts';

/** Stops a node so that its binaries can be changed. What takes it back depends on how far the change has come. */
export const stopForMove = defineStep({
  ...stopping,
  kind: 'stopForMove',
  params: nodeMove,
  about: nodeSubject,
  needs: { noted: [guardNode, noteProcess] },
  ports: ['node'],
  timeoutMs: ({ stopTimeoutSeconds }) => (stopTimeoutSeconds + 300) * 1_000,
  describe: ({ label, fromVersion }) => `Stop ${label} (${fromVersion}), letting its work end`,
  check: async (move, { node }, { signal, attempts, found }) =>
    lookWhetherStopped(move, found.noted?.process, { node, signal, attempts }),
  apply: async (move, { node }, { signal, log, found }) => {
    const { fromVersion: version, stopTimeoutSeconds: timeoutSeconds } = move;
    const how = { graceful: true, timeoutSeconds, version };
    return stopProcess(move, found.noted?.process, { node, signal, log, how });
  },
  undo: { planned: 'The kept binaries are put back, node by node, in the order that the cluster needs then.' },
  recover: (move): readonly StepSpec[] => [
    startForMove.with(reversed(move)),
    awaitVersion.with(reversed(move)),
    ...(move.hasTablets ? [awaitTablets.with(reversed(move))] : []),
  ],
  recoversAlready: true, // a node that died before its turn is not left down with its binaries changed
});

/** Starts a node with the binaries that were put in place. */
export const startForMove = defineStep({
  ...starting,
  kind: 'startForMove',
  params: nodeMove,
  about: nodeSubject,
  needs: { noted: [guardNode, noteProcess] },
  ports: ['node'],
  describe: ({ label, toVersion }) => `Start ${label} with ${toVersion}`,
  check: async (move, { node }, { signal, found, startedAt, now }) =>
    lookWhetherStarted(move, { before: found.noted?.process ?? null, node, signal, startedAt, now }),
  apply: async (move, { node }, { signal, log, found }) => {
    const as = `started with ${move.toVersion}`;
    return startProcess(move, { before: found.noted?.process ?? null, as, node, signal, log });
  },
  undo: { planned: 'The kept binaries are put back, node by node, in the order that the cluster needs then.' },
  diagnose: async (move, { node }, { signal }) => lastLogLines(await node(move), signal),
  recover: (move): readonly StepSpec[] => [noteProcess.with(reversed(move)), stopForMove.with(reversed(move))],
});
