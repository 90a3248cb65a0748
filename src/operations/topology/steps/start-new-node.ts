import { z } from 'zod';
import type { StepSpec } from '../../../domain/plan.ts';
import { isSameProcess } from '../../../domain/process-id.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { processId } from '../../../steps/process-id.ts';
import { endNewNode } from './end-new-node.ts';
import {
  aboutNewNode,
  installationOf,
  lastLogLines,
  newPlace,
  notClaimed,
  notStartedByUs,
  othersProcess,
} from './place.ts';

const started = z.object({ process: processId });

const firstStart = newPlace.extend({
  /** `host:edit_log_port` of a frontend that runs; null = a worker, or the first frontend of a new cluster. */
  helper: z.string().nullable(),
  hostType: z.enum(['IP', 'FQDN']),
  /** True for the first frontend of a new cluster: nobody else knows of it. */
  isAlone: z.boolean(),
});

/**
 * Starts the node for the first time, on data directories that are empty. A start that is sent twice starts one process. If
 * it or what comes after it fails, the process is ended and the data directories are emptied again: a frontend that was
 * dropped does not come back with the metadata that it had.
 */
export const startNewNode = defineStep({
  kind: 'startNewNode',
  params: firstStart,
  about: aboutNewNode,
  effect: 'changes',
  facts: started,
  ports: ['node'],
  timeoutMs: 180_000,
  settleMs: 40_000,
  repeat: 'safe', // a second start waits for the first, and finds the process that it started
  describe: ({ label, helper }) =>
    helper === null
      ? `Start ${label} for the first time`
      : `Start ${label} for the first time, with the help of ${helper}`,
  check: async (place, { node }, { signal, runId }) => {
    const at = await node(place);
    const [running, { dirs, isBegun }] = await Promise.all([
      at.process({ signal }),
      at.installed(installationOf(place, runId), { signal }),
    ]);
    const blocked = notClaimed(place, dirs);
    if (blocked !== null) return blocked;
    // Somebody else may have started it with other options: a frontend without a helper makes a cluster of its own.
    if (running !== null)
      return isBegun ? { state: 'done', facts: { process: running } } : othersProcess(place, running);
    const isEmpty = dirs.slice(1).every((dir) => dir.isEmpty);
    return isBegun || isEmpty ? { state: 'todo' } : notStartedByUs(place, dirs);
  },
  apply: async (place, { node }, { signal, log, runId }) => {
    const { helper, hostType } = place;
    const call = { signal, log };
    const running = await (await node(place)).startNew(installationOf(place, runId), { helper, hostType }, call);
    if (running !== null) return { state: 'done', facts: { process: running } };
    throw new AppError('COMMAND_FAILED', `${place.label} was started, and no process of it runs`, {
      hint: "The node's last log lines say why.",
    });
  },
  diagnose: async (place, { node }, { signal }) => lastLogLines(await node(place), signal),
  recover: ({ isAlone, ...place }): readonly StepSpec[] => [
    endNewNode.with({ ...place, isAlone, isThrownAway: false }),
  ],
  undo: { planned: 'Its process is ended when the run is undone.' },
});

/** Waits whether the process that was started stays: most mistakes in a conf file end it within seconds. */
export const awaitProcess = defineStep({
  kind: 'awaitProcess',
  params: newPlace.extend({ steadySeconds: z.number() }),
  about: aboutNewNode,
  effect: 'waits',
  needs: { started: [startNewNode] },
  ports: ['node'],
  timeoutMs: ({ steadySeconds }) => (steadySeconds + 120) * 1_000,
  repeat: 'safe',
  describe: ({ label, steadySeconds }) => `See whether the process of ${label} stays for ${steadySeconds} s`,
  check: async ({ steadySeconds, ...place }, { node }, { signal, startedAt, now, found }) => {
    const running = await (await node(place)).process({ signal });
    const begun = found.started?.process ?? null;
    // What starts it again by itself would hide that it does not stay.
    if (running === null || (begun !== null && !isSameProcess(running, begun))) {
      const since = running === null ? '' : `, and process ${running.pid} was started in its place`;
      return {
        state: 'blocked',
        code: 'COMMAND_FAILED',
        message: `The process of ${place.label} has ended again${since}`,
        hint: "The node's last log lines say why.",
      };
    }
    const waitedMs = startedAt === null ? 0 : now().getTime() - startedAt.getTime();
    if (waitedMs >= steadySeconds * 1_000) return { state: 'done', facts: { process: running } };
    return {
      state: 'moving',
      progress: { completed: 0, total: null, message: `${place.label} runs as process ${running.pid}` },
      wakeAfterMs: 1_000,
    };
  },
  diagnose: async (place, { node }, { signal }) => lastLogLines(await node(place), signal),
  undo: { nothing: 'It only waits.' },
});
