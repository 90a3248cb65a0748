import { z } from 'zod';
import { theCluster } from '../../../domain/subject.ts';
import { tabletScheduling } from '../../../domain/tablets/balancing.ts';
import { defineStep } from '../../../steps/define.ts';
import {
  beforeLeftOvers,
  differences,
  savedShape,
  saveValues,
  schedulingOff,
  setWhatDiffers,
  wantedBack,
} from './held-settings.ts';

const keys = Object.keys(schedulingOff);

/** Puts back the values from before. A frontend that restarted since has the values of its conf file, as it should. */
export const restoreTabletScheduling = defineStep({
  kind: 'restoreTabletScheduling',
  params: savedShape,
  about: () => theCluster,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 300_000,
  repeat: 'safe',
  describe: ({ leader, byFrontend }) =>
    `Put tablet scheduling back: ${Object.entries(byFrontend[leader] ?? {})
      .map(([key, value]) => `${key.replace('tablet_sched_', '')} = ${value}`)
      .join(', ')}`,
  check: async (saved, { sql }, { signal }) =>
    (await differences(sql, wantedBack(saved), signal)).length === 0 ? { state: 'done' } : { state: 'todo' },
  apply: (saved, { sql }, { signal }) => setWhatDiffers(sql, wantedBack(saved), signal),
  undo: { nothing: 'It puts back what was there before.' },
});

/** Once for the run: the values of every frontend are kept as a temporary change, and they come back on every way out. */
export const pauseTabletScheduling = defineStep({
  kind: 'pauseTabletScheduling',
  params: z.object({}),
  about: () => theCluster,
  effect: 'changes',
  ports: ['sql', 'inventory'],
  timeoutMs: 120_000,
  repeat: 'safe',
  describe: () => 'Pause tablet scheduling, and keep the values that are there now',
  check: async (_params, { sql }, { signal }) =>
    (await differences(sql, () => schedulingOff, signal)).length === 0 ? { state: 'done' } : { state: 'todo' },
  apply: (_params, { sql }, { signal }) => setWhatDiffers(sql, () => schedulingOff, signal),
  undo: { nothing: 'The ledger puts it back.' },
  temporary: {
    setting: tabletScheduling,
    read: async (_params, { sql, inventory }, { clusterId, signal }) =>
      beforeLeftOvers(
        await saveValues(sql, keys, signal),
        await inventory.listOpenChanges({ clusterId, setting: tabletScheduling }),
      ),
    restore: (_params, before) => [restoreTabletScheduling.with(savedShape.parse(before))],
  },
});

/** Before each node: a frontend that restarted, or a new leader, has forgotten that scheduling is paused. */
export const keepSchedulingPaused = defineStep({
  kind: 'keepSchedulingPaused',
  params: z.object({ label: z.string() }),
  about: () => theCluster,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 120_000,
  repeat: 'safe',
  bindsNext: true,
  describe: ({ label }) => `Make sure that tablet scheduling is still paused before ${label} goes`,
  check: async (_params, { sql }, { signal }) =>
    (await differences(sql, () => schedulingOff, signal)).length === 0 ? { state: 'done' } : { state: 'todo' },
  apply: (_params, { sql }, { signal }) => setWhatDiffers(sql, () => schedulingOff, signal),
  undo: { nothing: 'The ledger puts it back.' },
});
