import { z } from 'zod';
import type { WaitingRun } from '../../domain/own-work.ts';
import { defineRule } from '../define-rule.ts';

const patienceMs = 3_600_000;

/** A run of the cluster goes on only when a person says so, and for an hour nobody did; or it should go on, and no worker drives it. */
export const runWaits = defineRule({
  name: 'run_waits',
  reads: ['own'],
  settings: z.object({}),
  judge: ({ own }) => own.waiting,
  identity: ({ number }) => ({ run: `R-${number}` }),
  nodeId: () => null,
  severity: ({ state }) => severities[state],
  words: ({ number, operation, state }: WaitingRun) => ({
    title:
      state === 'LOST'
        ? { now: `Nobody drives R-${number}`, past: `Nobody drove R-${number}` }
        : { now: `R-${number} waits for a person`, past: `R-${number} waited for a person` },
    what: `R-${number} (${operation}) ${words[state].is}`,
    why: null,
    more: '',
    effect: words[state].effect,
  }),
  ripens: ({ state, since }) => ({
    // A run counts as lost only after two minutes: nothing is left to wait for.
    forMs: state === 'LOST' ? 0 : patienceMs,
    ...{ minSamples: state === 'LOST' ? 2 : 1, startedAt: since },
  }),
  over: '{run} does not wait for anybody any more',
  inhibits: null,
  standsAlone: true,
  isInhibitedByRuns: false,
});

const severities = { AWAITING_APPROVAL: 'MEDIUM', PAUSED: 'MEDIUM', INTERRUPTED: 'HIGH', LOST: 'CRITICAL' } as const;

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
  LOST: {
    is: 'has begun and is driven by no worker',
    effect:
      'What it has begun stays half done, and what it hid is told again. It goes on as soon as a process of Starwarden that works on runs is there.',
  },
} as const satisfies Record<WaitingRun['state'], { readonly is: string; readonly effect: string }>;
