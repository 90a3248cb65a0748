import { z } from 'zod';
import type { LoginAttempt } from '../../domain/metrics/login-attempts.ts';
import { count } from '../../domain/words.ts';
import { defineRule } from '../define-rule.ts';

/**
 * Somebody who reaches the query port of a frontend tried to log in under a name with a quote, a brace, a backslash or a
 * control character: nobody has such a name, and it would make a page of metrics say what is not so. One alert for a
 * cluster; a frontend shows a name until it restarts, so only names that came in the last hour count.
 */
export const impossibleLogins = defineRule({
  name: 'impossible_logins',
  reads: ['metrics'],
  settings: z.object({}),
  judge: ({ metrics }) => {
    if (metrics === null) return { unjudged: 'the pages of the frontends were not read' };
    if (metrics.loginAttempts === null) return { unjudged: 'no frontend sent its page' };
    const frontends = [...metrics.loginAttempts.values()].filter((names) => names.length > 0);
    return frontends.length === 0 ? [] : [{ frontends: frontends.length, attempts: frontends.flat() }];
  },
  identity: () => ({}),
  nodeId: () => null,
  severity: ({ attempts }) => (attempts.length >= many ? 'MEDIUM' : 'LOW'),
  words: ({ frontends, attempts }: Found) => ({
    title: {
      now: 'Logins are tried under impossible names',
      past: 'Logins were tried under impossible names',
    },
    what: `${count(attempts.length, 'new name')} on ${count(frontends, 'frontend')} that no user can have`,
    why: null,
    more: `They are: ${namesOf(attempts)}.`,
    effect:
      'Somebody who reaches the query port tries what names do to StarRocks or to those who read its pages; nobody was let in by them. ' +
      'The audit log of the frontends says from which address.',
  }),
  ripens: ({ attempts }) => ({
    forMs: 0,
    minSamples: 1,
    startedAt: attempts.reduce<Date | null>((first, { at }) => (first === null || at < first ? at : first), null),
  }),
  over: 'no such name was new on any frontend for an hour',
  inhibits: null,
  isInhibitedByRuns: false,
});

type Found = { readonly frontends: number; readonly attempts: readonly LoginAttempt[] };

/** A mistyped name is one; so many are made by a program. */
const many = 5;
const mostShown = 5;

function namesOf(attempts: readonly LoginAttempt[]): string {
  const newest = attempts.toSorted((a, b) => b.at.getTime() - a.at.getTime()).slice(0, mostShown);
  const left = attempts.length - newest.length;
  return `${newest.map(({ name }) => `[ ${name} ]`).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}
