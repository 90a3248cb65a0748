import { expect, it } from 'vitest';
import { catalogue } from '../../../src/domain/metrics/catalogue/index.ts';
import { isNothingFine } from '../../../src/domain/rules/nothing.ts';
import { isMetricRule } from '../../../src/domain/rules/rule.ts';
import { shippedRules } from '../../../src/domain/rules/shipped/index.ts';

const fine = (name: string) => catalogue.filter((metric) => metric.name === name).map(isNothingFine);

it('where nothing happened nothing is wrong, and what was not measured yet is not known', () => {
  for (const name of ['query_p95_ms', 'query_error_share', 'disk_days_until_full', 'routine_load_error_share'])
    expect([name, ...fine(name)]).toEqual([name, true]);
  for (const name of ['disk_used_share', 'disk_is_used', 'memory_of_limit', 'connections_of_limit'])
    expect([name, ...fine(name)]).toEqual([name, false]);
});

it('is what the rules that are shipped say, too', () => {
  for (const { name, on } of shippedRules.filter(isMetricRule))
    if (on.nothingMeans === 'FINE') expect([name, ...fine(on.metric)]).toEqual([name, true]);
});
