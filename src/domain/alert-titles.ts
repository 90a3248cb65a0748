import type { Alert } from './alert.ts';

/** What is wrong in a few words, while it is so and once it is over. Where a node is meant, its label stands before. */
export const alertTitles = {
  down: { now: ' is down', past: ' was down' },
  neverUp: { now: ' has never come up', past: ' had never come up' },
  leaderless: { now: 'The frontends reach no leader', past: 'The frontends reached no leader' },
  silent: { now: 'No frontend answers', past: 'No frontend answered' },
  refused: { now: 'The cluster cannot be observed', past: 'The cluster could not be observed' },
} as const;

/** The title to show. What is stored stays as it was when it fired; of what is over nobody is told that it is so now. */
export function titleToShow({ title, signal }: Pick<Alert, 'title' | 'signal'>): string {
  if (signal !== 'RESOLVED') return title;
  const known = Object.values(alertTitles).find(({ now }) => title.endsWith(now));
  return known === undefined ? `Over: ${title}` : `${title.slice(0, -known.now.length)}${known.past}`;
}
