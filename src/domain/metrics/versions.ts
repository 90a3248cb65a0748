import { parseVersion } from '../version.ts';
import type { Metric } from './metric.ts';

/** Whether a node of this version should have the metric; a version that cannot be read is taken for one that has it. */
export function isInVersion({ since, until }: Pick<Metric, 'since' | 'until'>, version: string | null): boolean {
  const parsed = version === null ? null : parseVersion(version);
  if (parsed === null) return true;
  const line = [parsed.major, parsed.minor] as const;
  return (since === undefined || compare(line, since) >= 0) && (until === undefined || compare(line, until) <= 0);
}

function compare([major, minor]: readonly [number, number], text: string): number {
  const [otherMajor = 0, otherMinor = 0] = text.split('.').map(Number);
  return major - otherMajor || minor - otherMinor;
}
