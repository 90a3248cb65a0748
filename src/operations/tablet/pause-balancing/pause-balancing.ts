import { z } from 'zod';
import { readBalancing } from '../../../adapters/starrocks/read-balancing.ts';
import { readRunMode } from '../../../adapters/starrocks/read-topology.ts';
import { tabletScheduling } from '../../../domain/tablets/balancing.ts';
import { defineOperation } from '../../define.ts';
import { clusterId } from '../../input/fields.ts';
import { noLeader } from '../../node/steps/held-settings.ts';
import { restoreTabletScheduling } from '../../node/steps/scheduling.ts';
import { longestMinutes, planPauseBalancing } from './plan.ts';
import { checkOffAtEnd, checkPutBack } from './post-check.ts';
import { keepBalancingOff, switchOffBalancing } from './steps.ts';

const input = z.object({
  clusterId,
  minutes: z
    .int()
    .min(1)
    .max(longestMinutes)
    .optional()
    .meta({ description: 'For how many minutes balancing is off, from now on; or give `until`.' }),
  until: z
    .string()
    .regex(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/,
      'A moment with its time zone, like 2027-01-02T14:30Z',
    )
    .optional()
    .meta({ description: 'When balancing goes on again, like `2027-01-02T14:30Z`, within a day; or give `minutes`.' }),
  colocate: z.boolean().default(true).meta({
    description: 'Whether colocation groups stay where they are too; then their tables leave no backend meanwhile.',
  }),
});

export const pauseBalancing = defineOperation({
  name: 'pauseBalancing',
  title: 'Pause balancing',
  version: 1,
  summary: 'Keep StarRocks from moving tablets to even them out until a time; then, or when cancelled, it is put back.',
  permission: 'tablet:repair',
  risk: 'low',
  // Not the cluster: who pauses balancing wants to do something else meanwhile.
  locks: [tabletScheduling],
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: { clusterId: 'clu_01J00000000000000000000000', minutes: 120, colocate: true },
  slack: {
    verb: 'pause-balancing',
    positional: ['clusterId'],
    examples: ['pause-balancing prod-eu --minutes 120', 'pause-balancing prod-eu --until 2027-01-02T14:30Z'],
  },
  steps: [switchOffBalancing, keepBalancingOff, restoreTabletScheduling],
  noUndoAfterSuccess: 'Balancing was put back at its end',
  complete: ({ minutes, ...given }, { now }) =>
    minutes === undefined || given.until !== undefined
      ? { ...given, ...(minutes === undefined ? {} : { minutes }) }
      : { ...given, until: endAfter(minutes, now) },
  observe: async ({ clusterId: id }, { sql, signal, inventory, now }) => {
    const [frontends, changes, runMode] = await Promise.all([
      readBalancing(sql, { signal }),
      inventory.listOpenChanges({ clusterId: id, setting: tabletScheduling }),
      readRunMode(sql, { signal }),
    ]);
    if (!frontends.some(({ isLeader, isAlive }) => isLeader && isAlive)) throw noLeader();
    return { frontends, changes, isSharedData: runMode === 'shared_data', now: now() };
  },
  plan: (given, facts) => planPauseBalancing(given, facts),
  postCheck: (_given, reading) => checkOffAtEnd(reading),
  endCheck: (_given, reading) => checkPutBack(reading),
});

/** Whole seconds, so that it reads well. */
function endAfter(minutes: number, now: Date): string {
  return new Date(Math.ceil(now.getTime() / 1_000) * 1_000 + minutes * 60_000).toISOString();
}
