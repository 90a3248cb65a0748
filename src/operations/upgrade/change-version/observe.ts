import type { Reading } from '../../../adapters/reading.ts';
import { readReplicaSpread } from '../../../adapters/starrocks/read-replica-spread.ts';
import { readUpgradeFacts } from '../facts.ts';
import type { ChangeVersionInput } from './input.ts';
import type { ChangeVersionFacts } from './plan.ts';

export async function observeChangeVersion(input: ChangeVersionInput, reading: Reading): Promise<ChangeVersionFacts> {
  const upgrade = await readUpgradeFacts(input, reading);
  if (input.parallel === 1) return { upgrade, spread: null };
  return { upgrade, spread: await readReplicaSpread(reading.sql, { signal: reading.signal }) };
}
