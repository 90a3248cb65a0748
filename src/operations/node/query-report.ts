import { found, type NamedCheck } from '../../domain/verdict.ts';
import type { PlannedStep } from '../define.ts';
import { awaitNode } from './steps/await-back.ts';
import { compareQueries } from './steps/queries.ts';

/**
 * What queries went through while nodes were away, and since they are back, as the frontends counted it: per node where
 * something failed. A frontend that restarts forgets what it counted last, and a connection that breaks with it is counted
 * by nobody but its client. Decides nothing; null = nobody counted.
 */
export function queryReport(steps: readonly PlannedStep[]): NamedCheck | null {
  const done = steps.filter(({ phase, state }) => phase === 'do' && state === 'done');
  const away = done.flatMap((step) => {
    const window = step.kind === awaitNode.kind ? (awaitNode.readFacts(step.facts ?? null)?.away ?? null) : null;
    return window === null ? [] : [{ label: step.about.label, ...window }];
  });
  const since = done.flatMap((step) =>
    step.kind === compareQueries.kind ? (compareQueries.readFacts(step.facts ?? null)?.window ?? []) : [],
  );
  if (away.length === 0) return null;
  const failed = away.filter(({ errors }) => errors > 0).map(({ label, errors }) => `${label}: ${errors}`);
  const whileAway = `counted by the frontends: while nodes were away ${sum(away)}${failed.length === 0 ? '' : ` (${failed.join(', ')})`}`;
  const after = since.length === 0 ? '' : `; after each was back ${sum(since)}`;
  return found('queries', 'INFO', true, {
    observed: `${whileAway}${after}`,
    wanted: 'to be known',
    hint: 'Connections that broke with a frontend that was restarted are counted by their clients only.',
  });
}

function sum(windows: readonly { readonly queries: number; readonly errors: number }[]): string {
  const total = (of: 'queries' | 'errors') => windows.reduce((all, window) => all + window[of], 0);
  return `${total('errors')} of ${total('queries')} queries failed`;
}
