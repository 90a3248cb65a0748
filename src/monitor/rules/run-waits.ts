import { z } from 'zod';
import type { WaitingRun, WaitingState } from '../../domain/own-work.ts';
import { defineRule } from '../define-rule.ts';

const patienceMs = 3_600_000;

/** A run of the cluster goes on only when a person says so, and for an hour nobody did. */
export const runWaits = defineRule({
  name: 'run_waits',
  reads: ['own'],
  settings: z.object({}),
  judge: ({ own }) => own.waiting,
  identity: ({ number }) => ({ run: `R-${number}` }),
  nodeId: () => null,
  severity: ({ state }) => (state === 'INTERRUPTED' ? 'HIGH' : 'MEDIUM'),
  words: ({ number, operation, state }: WaitingRun) => ({
    title: { now: `R-${number} waits for a person`, past: `R-${number} waited for a person` },
    what: `R-${number} (${operation}) ${words[state].is}`,
    why: null,
    more: '',
    effect: words[state].effect,
  }),
  ripens: ({ since }) => ({ forMs: patienceMs, minSamples: 1, startedAt: since }),
  over: '{run} does not wait for anybody any more',
  inhibits: null,
  standsAlone: true,
  isInhibitedByRuns: false,
});

const words = {
  AWAITING_APPROVAL: {
    is: 'waits for approval',
    effect: 'Nothing was done yet. Approve or reject it, or cancel it.',
  },
  PAUSED: {
    is: 'is paused',
    effect: 'What it has begun stays half done, and no other run can change the cluster. Resume or cancel it.',
  },
  INTERRUPTED: {
    is: 'was interrupted',
    effect:
      'What it has begun stays half done, and no other run can change the cluster. Look at its failure; retry, undo or cancel it.',
  },
} as const satisfies Record<WaitingState, { readonly is: string; readonly effect: string }>;
