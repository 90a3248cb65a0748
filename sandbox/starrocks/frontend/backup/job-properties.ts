import type { Properties } from '../../sql/ast.ts';
import { analysisError } from '../../sql/errors.ts';

const dayMs = 86_400_000;
const shortestMs = 600_000;

/** The `timeout` of a job: seconds in the statement, a day by default, ten minutes at least. */
export function timeoutOf(properties: Properties): number {
  const text = properties.timeout;
  if (text === undefined) return dayMs;
  if (!/^\d+$/.test(text)) throw analysisError(`Invalid timeout format: ${text}`, 5064, '42000');
  if (Number(text) * 1000 < shortestMs) throw analysisError('timeout must be at least 10 min', 5064, '42000');
  return Number(text) * 1000;
}

export function refuseUnknown(properties: Properties, known: string[], what: 'backup' | 'restore'): void {
  const unknown = Object.keys(properties).filter((key) => !known.includes(key));
  if (unknown.length > 0) throw analysisError(`Unknown ${what} job properties: [${unknown.join(', ')}]`, 5064, '42000');
}
