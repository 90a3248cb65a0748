import { type Silence as SilenceRow, silenceState } from '../domain/silence.ts';
import { ofScope } from './Calendar.ts';
import type { RequestContext } from './request-context.ts';

export const Silence = {
  ...ofScope,
  state: (silence: SilenceRow, _: unknown, { deps }: RequestContext) => silenceState(silence, deps.engine.now()),
  rule: ({ matchers }: SilenceRow) => matchers.rule,
  severities: ({ matchers }: SilenceRow) => matchers.severities,
  labels: ({ matchers }: SilenceRow) => Object.entries(matchers.labels).map(([name, value]) => ({ name, value })),
  needsSecondPerson: ({ needsSecond }: SilenceRow) => needsSecond,
};
