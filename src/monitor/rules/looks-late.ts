import { z } from 'zod';
import { durationInWords } from '../../domain/alert-life.ts';
import { defineRule } from '../define-rule.ts';

const paces = 4;
/** A process that is started anew, or takes over from another, is late once. */
const leastMs = 60_000;

/** Several looks in a row came much later than they should: the program, its database or the cluster is too slow. */
export const looksLate = defineRule({
  name: 'looks_late',
  reads: ['own'],
  settings: z.object({}),
  judge: ({ own: { lookGapMs, everyMs } }) => {
    const isLate = lookGapMs !== null && lookGapMs > Math.max(paces * everyMs, leastMs);
    return isLate ? [{ lookGapMs, everyMs }] : [];
  },
  identity: () => ({}),
  nodeId: () => null,
  severity: () => 'MEDIUM',
  words: ({ lookGapMs, everyMs }) => ({
    title: {
      now: 'Starwarden looks at the cluster too seldom',
      past: 'Starwarden looked at the cluster too seldom',
    },
    what: `The look before this one was ${durationInWords(lookGapMs)} ago, and one is due every ${durationInWords(everyMs)}; that is so`,
    why: null,
    more: '',
    effect: 'Whatever breaks is seen that much later.',
  }),
  ripens: () => ({ forMs: 0, minSamples: 3, startedAt: null }),
  over: 'a look came in time',
  inhibits: null,
  standsAlone: true,
  isInhibitedByRuns: false,
});
