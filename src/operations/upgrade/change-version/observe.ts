import { readReplicaSpread } from '../../../adapters/starrocks/read-replica-spread.ts';
import type { ObserveContext } from '../../define.ts';
import { observeUpgrade } from '../facts.ts';
import type { ChangeVersionInput } from './input.ts';
import type { ChangeVersionFacts } from './plan.ts';

export async function observeChangeVersion(
  input: ChangeVersionInput,
  context: ObserveContext,
): Promise<ChangeVersionFacts> {
  const upgrade = await observeUpgrade(input, context);
  if (input.parallel === 1) return { upgrade, spread: null };
  const sql = await context.sqlFor(input.clusterId);
  return { upgrade, spread: await readReplicaSpread(sql, { signal: context.signal }) };
}
